"""Signatures of a benchmark's rows: what is compared with a dataset's, so that no question or image of it is trained on.

The signatures are those by which rows are searched for duplicates (`dedup.methods.Comparison.row_columns`), so a benchmark's rows go into the
same index, and for each image the one by which pictures are compared (`dedup.copies.signature`), of the same view of a file as a source's.
Questions are signed beside, by their words (`dedup.question_overlap`).
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl

from wethink_assets.config.data import DedupSettings
from wethink_assets.dedup.contamination import SignedQuestions
from wethink_assets.dedup.methods import Comparison
from wethink_assets.dedup.question_overlap import signed_questions
from wethink_assets.dedup.signatures import DECODERS, UNREADABLE
from wethink_assets.dedup.texts import answer_key, comparable_text, text_digest
from wethink_assets.errors import SourceError
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile, rows_of, signature_path
from wethink_assets.evaluation.benchmarks.tsv import images_of
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.models.chat import Image
from wethink_assets.storage.store import Store

Progress = Callable[[int, int], None]


def signed_columns(comparison: Comparison) -> pl.Schema:
    """Columns of a signed file: one row per image, with what rows are compared by."""
    return pl.Schema(
        {
            "benchmark": pl.String(),
            "index": pl.String(),
            **comparison.row_columns,
            "picture": pl.Binary(),
            "unreadable": pl.Boolean(),
        }
    )


def sign_file(
    store: Store, file: BenchmarkFile, progress: Progress | None = None, settings: DedupSettings | None = None
) -> pl.DataFrame:
    """Signatures of a file's rows (`signed_columns`), kept in the store by the file's md5 and made once.

    settings: `[dedup]`, whose methods sign; the default ones without.
    """
    comparison = Comparison.of(settings)
    path = signature_path(file, comparison)
    if store.exists(path):
        return store.read_parquet(path)
    frame = sign_rows(file, progress, comparison)
    store.write_parquet(path, frame)
    return frame


def sign_questions(store: Store, file: BenchmarkFile) -> None:
    """Keep what a file's questions are compared by (`question_overlap.SIGNED`) in the store, by the file's md5; once for a version of the method."""
    path = SignedQuestions(key=file.benchmark.key, md5=file.md5).path
    if not store.exists(path):
        form = BENCHMARK_FORMS[file.benchmark.form]
        rows = rows_of(file.path).iter_rows(named=True)
        asked = ((str(row["index"]), _question(row), list(form.shown_options(row).values())) for row in rows)
        store.write_parquet(path, signed_questions(asked))


def _question(row: Mapping[str, Any]) -> str:
    return str(row.get("asked") or row["question"])


def sign_rows(file: BenchmarkFile, progress: Progress | None, comparison: Comparison) -> pl.DataFrame:
    """Sign all rows of a file. An image that cannot be decoded keeps its digest, with nothing else to compare; one that is missing has none."""
    rows = rows_of(file.path)
    signed: list[dict[str, Any]] = []
    with ThreadPoolExecutor(DECODERS) as pool:
        for done, parts in enumerate(
            pool.map(lambda row: _signed(file, row, comparison), rows.iter_rows(named=True)), 1
        ):
            signed += parts
            if progress:
                progress(done, rows.height)
    return pl.DataFrame(signed, schema=signed_columns(comparison), orient="row")


def _signed(file: BenchmarkFile, row: dict[str, Any], comparison: Comparison) -> list[dict[str, Any]]:
    form = BENCHMARK_FORMS[file.benchmark.form]
    options = list(form.shown_options(row).values())
    kind, question = form.question_kind(row), _question(row)
    text = comparable_text(question, options)
    signature = {
        "benchmark": file.benchmark.key,
        "index": row["index"],
        "kind": kind,
        "text_sha256": text_digest(kind, question, options),
        **{name: values[0] for name, values in comparison.texts.sign([text]).items()},
        "answer_key": answer_key(kind, form.reference(row), options, question),
    }
    try:
        return [{**signature, **_image_signature(image, comparison)} for image in images_of(file.path, row)]
    except (SourceError, OSError):  # a file that the row names is missing
        return [{**signature, "image_id": None, **comparison.images.blank, "picture": None, "unreadable": True}]


def _image_signature(image: Image, comparison: Comparison) -> dict[str, Any]:
    from wethink_assets.dedup.copies.pixels import compared_pixels
    from wethink_assets.dedup.copies.signature import sign_picture

    data = image.read()
    try:
        columns = comparison.images.sign(data, {})
        picture = sign_picture(compared_pixels(data))
    except UNREADABLE:
        return {"image_id": image.sha256, **comparison.images.blank, "picture": None, "unreadable": True}
    return {"image_id": image.sha256, **columns, "picture": picture, "unreadable": False}
