"""A materialization shows rows and pictures, and stays small."""

import base64
import io
import random
from pathlib import Path

import dagster as dg
import polars as pl
from PIL import Image

from wethink_assets.defs.metadata.previews import picture_gallery, sample_table, thumbnail
from wethink_assets.defs.stages.publication import METADATA_BYTES, fitting, weight
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store

HOSTILE = '<script>alert(1)</script> ![x](https://evil.example/x.png) | # "quoted"\n' * 40


def noisy_png(side: int = 900) -> bytes:
    buffer = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(1).randbytes(3 * side * side)).save(buffer, "PNG")
    return buffer.getvalue()


def hostile_rows(tmp_path: Path, count: int = 30) -> tuple[pl.DataFrame, Blobs]:
    blobs = Blobs(Store.open(str(tmp_path)))
    path = blobs.put(noisy_png(), "png")
    rows = pl.DataFrame(
        {"image_id": [f"{n:064d}" for n in range(count)], "text": [HOSTILE] * count, "blob": [path] * count}
    )
    return rows, blobs


def test_previews_of_hostile_rows_are_harmless_and_small(tmp_path: Path) -> None:
    rows, blobs = hostile_rows(tmp_path)
    gallery = picture_gallery(rows, rows, blobs, lambda row: [("Question", row["text"]), ("Answer", row["text"])])
    assert gallery is not None
    without = gallery.md_str.replace("![image](data:image/jpeg;base64,", "")
    assert gallery.md_str.count("data:image/jpeg;base64,") == 4
    assert "<script" not in without and "](" not in without and "evil.example/x.png" not in without
    metadata = fitting({"rows": 30, "sample": sample_table(rows), "preview": gallery, "rejected": sample_table(rows)})
    assert set(metadata) == {"rows", "sample", "preview", "rejected"}
    assert weight(metadata) < METADATA_BYTES < 32_000


def test_what_does_not_fit_is_left_out_from_the_end() -> None:
    big = dg.MetadataValue.md("x" * 20_000)
    assert list(fitting({"a": 1, "b": big, "nothing": None, "c": big, "d": 2})) == ["a", "b", "d"]


def test_a_thumbnail_is_a_small_jpeg() -> None:
    uri = thumbnail(noisy_png())
    data = base64.b64decode(uri.removeprefix("data:image/jpeg;base64,"))
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG" and max(image.size) <= 112
    assert len(uri) < 4_100


def test_a_broken_image_has_no_thumbnail() -> None:
    assert thumbnail(b"no image") == "" and thumbnail(noisy_png()[:200]) == ""


def test_an_empty_stage_has_no_pictures(tmp_path: Path) -> None:
    rows, blobs = hostile_rows(tmp_path, 1)
    assert picture_gallery(rows.clear(), rows, blobs, lambda row: []) is None
