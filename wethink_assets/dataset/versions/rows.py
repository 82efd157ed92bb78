"""Columns of a version's rows, how one batch's stage tables become them, and the form in which the files of a version hold them.

Trainers take `problem` and `answer` by default, and without `images` they train on the text alone, silently. So the files of a version name the
image of each row where they look for it: `problem` begins with a placeholder, and `images` is a picture by its path, which `datasets` opens, or
fails to. Versions whose cuts were decided by earlier rules have neither, and stay as they are; `scan_rows` reads both alike.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import CutInput
from wethink_assets.dataset.exports.features import IMAGE, arrow_schema
from wethink_assets.dataset.exports.samples import PLACEHOLDER
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.errors import VersionError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.identity import split_of
from wethink_assets.kinds import KINDS, lettered
from wethink_assets.rewards.equivalence.answers import answer_type
from wethink_assets.stages.order import provider_of, stage_names
from wethink_assets.stages.schemas import LATITUDE, SCHEMA_VERSION, STRINGS, with_latitude
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table

EXCLUDED = pl.Schema(
    {
        "row_id": pl.String(),
        "slot": pl.String(),
        "image_id": pl.String(),
        "source": pl.String(),
        "kind": pl.String(),
        "batch": pl.String(),
        "reason": pl.String(),
        "survivor": pl.String(),  # row_id of the row that stays in its place
        "detail": pl.String(),
        "schema_version": pl.Int16(),
    }
)

IMAGES = "images"
"""Column of the files that names the image of a row: a list of one picture, whose path is that from the version's folder."""
TO_ROOT = "../../"
"""From the folder of a version to the root of the store."""


def call_stages(tables: Iterable[str]) -> tuple[str, ...]:
    """The stages that ask models among those of a cut, in order. Raises `UnknownName` for one that is not registered (any more)."""
    named = {name for name in tables if STAGES[name].prompts}
    return tuple(name for name in stage_names() if name in named)


def rows_schema(tables: Iterable[str], typed: bool = True) -> pl.Schema:
    """Columns of the rows of a version that is made of the tables of these stages; without those of `LATITUDE` where answers have no types."""
    return pl.Schema(
        {
            "row_id": pl.String(),
            "slot": pl.String(),
            "image_id": pl.String(),
            "image_path": pl.String(),  # path of the blob below the store's root
            "source": pl.String(),
            "licence": pl.String(),
            "split": pl.String(),
            "kind": pl.String(),
            "problem": pl.String(),
            "question": pl.String(),
            "options": STRINGS,
            "answer": pl.String(),
            **(LATITUDE if typed else {}),
            "category": pl.String(),
            "abilities": STRINGS,
            "refined_cot": pl.String(),
            "raw_cot": pl.String(),
            "reward": pl.String(),  # rule | judge
            "agreed": pl.Boolean(),
            "agreement": pl.String(),
            "score": pl.Float64(),
            "verdict": pl.String(),
            "width": pl.Int32(),
            "height": pl.Int32(),
            "occurrences": pl.Int32(),  # files that hold the image, over all batches of the cut
            "batch": pl.String(),
            "calls": pl.Struct(dict.fromkeys(call_stages(tables), STRINGS)),  # journal keys by stage
            "schema_version": pl.Int16(),
        }
    )


def results(store: Store, table: CutInput) -> pl.LazyFrame:
    """Results of one table of a cut."""
    return scan_table(store, table)


def table_of(tables: Mapping[str, CutInput], name: str) -> CutInput:
    """The table that stands for another among those of a batch: its own, or that of the last stage which provides it."""
    return tables[provider_of(name, tables)]


def table_rejections(store: Store, table: CutInput) -> pl.DataFrame:
    """Rejections of one table of a cut."""
    return scan_table(store, table, "rejections").collect()


def candidate_rows(store: Store, tables: Mapping[str, CutInput], signature: Iterable[str]) -> pl.DataFrame:
    """What is decided on of each reasoning path of a batch, sorted by slot.

    Args:
        signature: columns of the table `signatures` that are wanted; null where a row has no signature.

    Raises `VersionError` when the batch's tables do not belong together, or it was signed by other methods.
    """
    batch = table_of(tables, "reasoning_paths").batch
    paths = results(store, table_of(tables, "reasoning_paths")).select("slot", "row_id", "image_id", "answer")
    questions = results(store, table_of(tables, "questions")).select(
        "slot", "kind", "question", "options", pl.col("row_id").alias("_asked")
    )
    images = results(store, table_of(tables, "images")).select("image_id", "source", "licence")
    signatures = results(store, table_of(tables, "signatures"))
    columns = list(signature)
    missing = sorted(set(columns) - set(signatures.collect_schema().names()))
    if missing:
        raise VersionError(
            f"the signatures of batch {batch} have no column {missing[0]}: they were made by other methods than the recipe's "
            "image_method and text_method; materialize signatures of the batch again"
        )
    signatures = signatures.select("slot", *columns, pl.col("row_id").alias("_signed"))
    rows = (
        paths.join(questions, on="slot", how="left")
        .join(images.unique("image_id", keep="first"), on="image_id", how="left")
        .join(signatures, on="slot", how="left")
        .sort("slot")
        .collect()
    )
    strange = rows.filter(
        (pl.col("_asked").ne_missing(pl.col("row_id")))
        | pl.col("source").is_null()
        | (pl.col("_signed").is_not_null() & (pl.col("_signed") != pl.col("row_id")))
        | pl.col("slot").is_duplicated()
    )
    if not strange.is_empty():
        raise VersionError(
            f"the tables of batch {batch} do not belong together: {strange.height} reasoning paths such as "
            f"{strange['slot'][0]} lack their question or image, or are signed as another row; materialize the batch again"
        )
    return rows.drop("_asked", "_signed")


def full_rows(
    store: Store,
    tables: Mapping[str, CutInput],
    slots: pl.DataFrame,
    occurrences: Mapping[str, int],
    typed: bool = True,
    split: Callable[[str], str] = split_of,
) -> pl.DataFrame:
    """Rows (schema `rows_schema`) of some slots of a batch.

    Args:
        slots: frame whose column `slot` says which.
        occurrences: files that hold an image, for images that more than one file holds.
        typed: whether rows say what their answers are and what is allowed of them; of a table made before answers had types nothing is.
        split: of an image, by its id.
    """
    batch = table_of(tables, "reasoning_paths").batch
    wanted: dict[str, tuple[str, ...]] = dict.fromkeys(call_stages(tables), ())
    wanted[provider_of("reasoning_paths", tables)] = ("row_id", "image_id", "answer", "raw_cot", "refined_cot")
    wanted[provider_of("questions", tables)] = ("kind", "question", "options", "category", "abilities")
    answers = provider_of("answers", tables)
    wanted[answers] = ("agreed", "agreement", "score", "verdict", *(LATITUDE if typed else ()))
    rows = slots.lazy().select("slot")
    for stage in sorted(
        wanted, key=lambda name: STAGES[name].item, reverse=True
    ):  # by slot first, which gives the image
        item = STAGES[stage].item
        calls = [pl.col("calls").alias(stage)] if STAGES[stage].prompts else []
        table = results(store, tables[stage])
        table = (with_latitude(table) if stage == answers else table).select(item, *wanted[stage], *calls)
        rows = rows.join(table if item == "slot" else table.unique(item), on=item, how="left")
    images = results(store, table_of(tables, "images")).unique("image_id", keep="first")
    joined = rows.join(
        images.select("image_id", "blob", "source", "licence", "width", "height"), on="image_id", how="left"
    ).collect()
    missing = joined.filter(pl.any_horizontal(pl.col("agreed", "descriptions", "blob").is_null()))
    if not missing.is_empty():
        raise VersionError(
            f"batch {batch}: {missing['slot'][0]} has a reasoning path but no answer, description or image"
        )
    texts = [
        (problem_text(question, options), split(image), occurrences.get(image, 1))
        for question, options, image in joined.select("question", "options", "image_id").iter_rows()
    ]
    graders = {kind: KINDS[kind].grader for kind in joined["kind"].unique()}
    problem, splits, files = zip(*texts, strict=True) if texts else ((), (), ())
    if typed:
        joined = joined.with_columns(pl.Series("answer_type", _answer_types(joined), dtype=pl.String))
    return joined.with_columns(
        pl.col("blob").alias("image_path"),
        pl.Series("problem", problem, dtype=pl.String),
        pl.Series("split", splits, dtype=pl.String),
        pl.Series("occurrences", files, dtype=pl.Int32),
        pl.col("kind").replace_strict(graders, return_dtype=pl.String).alias("reward"),
        pl.lit(batch).alias("batch"),
        pl.struct(*call_stages(tables)).alias("calls"),
        pl.lit(SCHEMA_VERSION, dtype=pl.Int16).alias("schema_version"),
    ).select(pl.col(name).cast(dtype) for name, dtype in rows_schema(tables, typed).items())


def _answer_types(rows: pl.DataFrame) -> list[str]:
    """Answer types as the table has them; of one made before answers had types, as they are read now."""
    columns = ("answer_type", "kind", "answer", "options", "question")
    return [
        known or answer_type(kind, answer, options or [], question=question)
        for known, kind, answer, options, question in rows.select(columns).iter_rows()
    ]


def filed_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows (schema `rows_schema`) as the files of a version hold them, each with its image where trainers look for it."""
    picture = pl.struct(pl.lit(None, pl.Binary).alias("bytes"), (TO_ROOT + pl.col("image_path")).alias("path"))
    problem = (PLACEHOLDER + pl.col("problem")).alias("problem")
    return rows.with_columns(problem, pl.concat_list(picture).alias(IMAGES))


def filed_schema(schema: pl.Schema) -> Any:
    """Arrow schema of the files of rows, with the metadata from which `datasets` knows that `images` holds pictures."""
    known = arrow_schema({IMAGES: [IMAGE]})
    columns = pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    return columns.append(known.field(IMAGES)).with_metadata(known.metadata)


def scan_rows(store: Store, version: str) -> pl.LazyFrame:
    """Rows of a version in order, whichever rules it was cut by: without the placeholder and the column that are there for trainers."""
    rows = scan_file(store, version, "rows.parquet")
    if IMAGES not in rows.collect_schema():
        return rows
    return rows.drop(IMAGES).with_columns(pl.col("problem").str.strip_prefix(PLACEHOLDER))


def problem_text(question: str, options: list[str] | None) -> str:
    """A question as it is put to a model: with its options, lettered, on lines of their own.

    >>> print(problem_text("Which is red?", ["circle", "square"]))
    Which is red?
    A. circle
    B. square
    """
    return "\n".join([question, *(f"{letter}. {option}" for letter, option in lettered(options or []))])
