"""The stage `signatures`: closes, tells what it could not read, gives the same table again."""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.dedup.signatures import sign_rows
from wethink_assets.identity import data_version
from wethink_assets.stages import schemas
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets_tests.dedup.conftest import Row, tables
from wethink_assets_tests.support.closed_stages import require_stage_closed
from wethink_assets_tests.support.images import drawing


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(Store.open(str(tmp_path)))


@pytest.fixture
def rows(blobs: Blobs) -> pl.DataFrame:
    asked = [Row(drawing(seed), question) for seed in range(4) for question in ("What is it?", "Where is it?")]
    return tables(asked, blobs)


def test_every_row_is_signed(blobs: Blobs, rows: pl.DataFrame) -> None:
    output = sign_rows(rows, rows, rows.unique("image_id"), blobs)
    assert output.results.schema == schemas.SIGNATURES
    assert output.results["slot"].to_list() == sorted(rows["slot"])
    assert set(output.results["minhash"].list.len()) == {64}
    assert set(output.results["pixels"].bin.size()) == {768}
    assert output.rejections.is_empty()
    again = sign_rows(rows.reverse(), rows, rows.unique("image_id").reverse(), blobs)
    assert data_version(again.results) == data_version(output.results)


def test_no_rows_give_an_empty_table(blobs: Blobs, rows: pl.DataFrame) -> None:
    output = sign_rows(rows.clear(), rows, rows, blobs)
    assert output.results.schema == schemas.SIGNATURES
    assert output.results.is_empty()


@dataclass(frozen=True)
class ToldBlobs(Blobs):
    """Blobs that tell what was read of them."""

    told: list[str] = field(default_factory=list)

    def read(self, path: str) -> bytes:
        self.told.append(path)
        return super().read(path)


def test_an_image_is_read_to_be_decoded_once(blobs: Blobs, rows: pl.DataFrame) -> None:
    told = ToldBlobs(blobs.store)
    sign_rows(rows, rows, rows.unique("image_id"), told)
    assert len(told.told) == 4 == len(set(told.told))


def test_what_cannot_be_read_becomes_a_rejection(blobs: Blobs, rows: pl.DataFrame) -> None:
    missing, altered, undecodable, _ = rows["blob"].unique(maintain_order=True)
    blobs.store.delete(missing)
    blobs.store.publish(altered, b"something else")
    text = blobs.put(b"no image at all", "png")
    images = rows.unique("image_id").with_columns(pl.col("blob").replace(undecodable, text))
    output = sign_rows(rows, rows, images, blobs)
    require_stage_closed("signatures", rows, output)
    assert output.reasons() == {"image_unreadable": 6}
    details = set(output.rejections["detail"])
    assert details == {
        f"{missing} is missing",
        f"{altered} was altered",
        f"{text} cannot be decoded: UnidentifiedImageError",
    }
    assert str(blobs.store.root) not in "".join(details)


def test_rows_without_question_or_image_are_told(blobs: Blobs, rows: pl.DataFrame) -> None:
    lost = rows["slot"][0]
    images = rows.unique("image_id").filter(pl.col("image_id") != rows["image_id"][7])
    output = sign_rows(rows, rows.filter(pl.col("slot") != lost), images, blobs)
    require_stage_closed("signatures", rows, output)
    assert output.reasons() == {"no_image": 2, "no_question": 1}
