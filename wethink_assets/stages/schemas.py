"""Columns of each stage's results table, one schema an asset; ids first.

`calls` lists the journal keys of the model calls that made a row. A change of a schema's meaning raises
`SCHEMA_VERSION`, which every table carries in the column `schema_version`.
"""

from collections.abc import Mapping

import polars as pl

SCHEMA_VERSION = 1
STRINGS = pl.List(pl.String)
LATITUDE: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "answer_type": pl.String,  # what the answer is read as: number, quantity, date, choice, text, ...
    "accepted_answers": STRINGS,  # what is right beside the answer
    "tolerance": pl.Float64,  # relative, of numbers: 0.05 takes what is within 5%; 0 where values are exact
    "edit_distance": pl.Float64,  # of texts, as a share of their characters; 0 where they are exact
}
"""What a question allows; tables and versions that were made before answers had types lack these columns."""


def with_latitude(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows with the columns of `LATITUDE`: those of a table that lacks them allow nothing, and their answers have no type.

    >>> with_latitude(pl.LazyFrame({"answer": ["3"]})).collect().row(0)
    ('3', None, [], 0.0, 0.0)
    """
    present = rows.collect_schema().names()
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in LATITUDE.items() if name not in present]
    none = pl.lit([], STRINGS)
    return rows.with_columns(*absent).with_columns(
        pl.coalesce("accepted_answers", none), pl.col("tolerance", "edit_distance").fill_null(0.0)
    )


def _schema(columns: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.Schema:
    return pl.Schema(columns)


# Membership of an image batch, in listing order. `item` names the file within its source: path, or
# archive path + "::" + member.
MEMBERSHIP = _schema(
    {
        "item": pl.String,
        "path": pl.String,
        "member": pl.String,
        "offset": pl.Int64,
        "size": pl.Int64,
        "etag": pl.String,
        "change": pl.String,  # new | changed | again
        "schema_version": pl.Int16,
    }
)
IMAGES = _schema(
    {
        "image_id": pl.String,
        "item": pl.String,
        "source": pl.String,
        "batch": pl.String,
        "licence": pl.String,
        "blob": pl.String,
        "format": pl.String,
        "width": pl.Int32,
        "height": pl.Int32,
        "mode": pl.String,
        "frames": pl.Int32,
        "orientation": pl.Int8,
        "bytes": pl.Int64,
        "phash": pl.String,
        "schema_version": pl.Int16,
    }
)
DESCRIPTIONS = _schema(
    {
        "image_id": pl.String,
        "coarse": pl.String,
        "dialogue": pl.List(pl.Struct({"request": pl.String, "reply": pl.String})),
        "turns": pl.Int16,
        "fine": pl.String,
        "calls": STRINGS,
        "schema_version": pl.Int16,
    }
)
QUESTIONS = _schema(
    {
        "slot": pl.String,
        "row_id": pl.String,
        "image_id": pl.String,
        "kind": pl.String,
        "ordinal": pl.Int16,
        "question": pl.String,
        "options": STRINGS,
        "proposed_answer": pl.String,
        "category": pl.String,
        "abilities": STRINGS,
        "calls": STRINGS,
        "schema_version": pl.Int16,
    }
)
ANSWERS = _schema(
    {
        "slot": pl.String,
        "row_id": pl.String,
        "image_id": pl.String,
        "kind": pl.String,
        "image_answer": pl.String,
        "image_thought": pl.String,
        "text_answer": pl.String,
        "text_thought": pl.String,
        "agreed": pl.Boolean,
        "agreement": pl.String,  # how the two were compared: letter | text | math | judge
        "score": pl.Float64,
        "verdict": pl.String,  # none | first (the image's answer) | second (the description's)
        "answer": pl.String,
        **LATITUDE,
        "calls": STRINGS,
        "schema_version": pl.Int16,
    }
)
REASONING_PATHS = _schema(
    {
        "slot": pl.String,
        "row_id": pl.String,
        "image_id": pl.String,
        "answer": pl.String,
        "raw_cot": pl.String,
        "refined_cot": pl.String,
        "calls": STRINGS,
        "schema_version": pl.Int16,
    }
)
SIGNATURES = _schema(
    {
        "slot": pl.String,
        "row_id": pl.String,
        "image_id": pl.String,
        "phash": pl.String,
        "pixels": pl.Binary,  # 16 x 16 RGB, one byte a channel: what a perceptual-hash match is confirmed on
        "text_sha256": pl.String,
        "minhash": pl.List(pl.UInt32),
        "schema_version": pl.Int16,
    }
)
