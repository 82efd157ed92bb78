"""Rows made of real pictures, signed as the pipeline signs them, and added to an index."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from wethink_assets.config.data import DedupSettings
from wethink_assets.dedup.duplicates import REASONS, find_duplicates
from wethink_assets.dedup.methods import Comparison
from wethink_assets.dedup.row_index import KEYS, RowIndex
from wethink_assets.dedup.signatures import sign_rows
from wethink_assets.dedup.texts import question_keys, stated_answer_key
from wethink_assets.identity import row_id, sha256_hex, slot_id
from wethink_assets.sources.images.perceptual_hash import perceptual_hash
from wethink_assets.stages import schemas
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store


@dataclass(frozen=True)
class Row:
    """One row to be compared: an encoded picture and a question about it."""

    picture: bytes
    question: str = "What is shown?"
    answer: str = "a thing"
    kind: str = "FIB"
    options: tuple[str, ...] = ()


Verdicts = list[tuple[str, int | None]]


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Verdicts]:
    """Signs rows through `sign_rows` and returns for each, in order: reason (empty: kept) and survivor's position. The first of two stays."""

    def judge(rows: Sequence[Row], settings: DedupSettings | None = None) -> Verdicts:
        store = Store.open(str(tmp_path / "store"))
        frame = tables(rows, Blobs(store))
        signed = sign_rows(frame, frame, frame.unique("image_id"), Blobs(store), settings)
        assert signed.rejections.is_empty()
        compared = frame.drop("phash").join(signed.results.drop("row_id", "image_id"), on="slot", maintain_order="left")
        with RowIndex(tmp_path, Comparison.of(settings)) as index:
            near_text = index.comparison.texts.near_text
            keys = [question_keys(row.kind, row.question, row.options, near_text) for row in rows]
            known = {slot: number for number, slot in enumerate(frame["slot"])}
            compared = compared.with_columns(
                pl.Series("same_key", [same for same, _ in keys], dtype=pl.UInt64),
                pl.Series("near_key", [near for _, near in keys], dtype=pl.UInt64),
                pl.col("slot").replace_strict(known, return_dtype=pl.UInt64).alias("precedence"),
            )
            index.add(compared.select(*index.comparison.row_columns, *KEYS))
            index.seal()
            found = find_duplicates(index)
        pairs = zip(found.reason.tolist(), found.survivor.tolist(), strict=True)
        return [(REASONS[reason], survivor if survivor >= 0 else None) for reason, survivor in pairs]

    return judge


def tables(rows: Sequence[Row], blobs: Blobs) -> pl.DataFrame:
    """All upstream columns of rows in one frame, slots numbered in order."""
    known: dict[bytes, tuple[str, str, str]] = {}
    records = []
    for number, row in enumerate(rows):
        if row.picture not in known:
            blob = blobs.put(row.picture, "bin")
            known[row.picture] = (sha256_hex(row.picture), blob, perceptual_hash(opened(blobs, blob)))
        image, blob, phash = known[row.picture]
        records.append(
            {
                "slot": slot_id(image, row.kind, number),
                "row_id": row_id(image, row.kind, row.question, row.options),
                "image_id": image,
                "kind": row.kind,
                "question": row.question,
                "options": list(row.options),
                "answer_key": stated_answer_key(row.kind, row.answer, row.options, row.question),
                "blob": blob,
                "phash": phash,
            }
        )
    types: dict[str, pl.DataType] = {"options": schemas.STRINGS, "answer_key": pl.UInt64()}
    return pl.DataFrame(records, schema_overrides=types)


def opened(blobs: Blobs, path: str) -> Image.Image:
    """A blob as a grey picture."""
    with blobs.store.open_read(path) as stream:
        return Image.open(stream).convert("L")
