"""What is erased is gone, said to be retracted, and no fault."""

import polars as pl
import pytest

from wethink_assets.dataset.lineage.diff import diff_versions
from wethink_assets.dataset.lineage.image import whereabouts
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.dataset.lineage.row_lookup import tables_in_force
from wethink_assets.dataset.takedown.erasure import erase
from wethink_assets.dataset.takedown.takedown import Subject, take_down
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.identity import sha256_hex
from wethink_assets.stages.order import model_stages, stage_names
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.journal.files import part_names
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.question_tables import COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.takedowns import IMAGE, ONE, TWO, filled, images_of
from wethink_assets_tests.support.versions import cut


@pytest.fixture
def grown(store: Store) -> Store:
    return filled(store)


@pytest.fixture
def near(local: Store) -> Store:
    return filled(local)


def test_blobs_replies_and_rows_of_erased_images_are_gone(grown: Store) -> None:
    first = cut(grown)
    row = grown.read_parquet(f"versions/{first}/rows.parquet").filter(pl.col("image_id") == IMAGE).row(0, named=True)
    others = {stage: journaled_calls(grown, stage, "geoqa+.000001") for stage in model_stages()}
    subject = Subject("image", IMAGE)
    take_down(grown, subject)
    (made,) = erase(grown, subject)
    assert made.images == (IMAGE,) and made.blobs == (row["image_path"],) and made.replies == 7
    assert not grown.exists(row["image_path"])
    for stage in model_stages():
        left = journaled_calls(grown, stage, "coco.000001")
        assert left.height == 1 and not any(IMAGE in item for item in left["item"])
        assert journaled_calls(grown, stage, "geoqa+.000001").equals(others[stage])
    for path in grown.files("tables"):
        if path.endswith("results.parquet"):
            assert IMAGE not in set(grown.read_parquet(path)["image_id"])
    assert erase(grown, subject) == []  # nothing is left to delete


def test_versions_of_erased_images_are_sound_and_name_them_as_retracted(grown: Store) -> None:
    first = cut(grown)
    row = grown.read_parquet(f"versions/{first}/rows.parquet").filter(pl.col("image_id") == IMAGE).row(0, named=True)
    take_down(grown, Subject("image", IMAGE))
    erase(grown, Subject("image", IMAGE))
    verified = verify_versions(grown, [first])
    assert verified.sound and {fault.fault for fault in verified.retracted} == {"retracted"}
    assert row["image_path"] in {fault.path for fault in verified.retracted}
    assert len([fault for fault in verified.retracted if fault.path.startswith("tables/")]) == len(stage_names())
    story = explain_row(grown, row["row_id"])
    assert story["retracted"] == {"by": [f"image {IMAGE}"], "erased": True} and story["description"] is None
    (told,) = whereabouts(grown, IMAGE)
    assert told["erased"] and told["versions"][0]["version"] == first
    second = cut(grown)
    assert images_of(grown, second) == images_of(grown, first) - {IMAGE}
    assert verify_versions(grown, [second]).sound and not verify_versions(grown, [second]).retracted
    assert build_version(grown, first).rows == 4  # it cannot be built again, but its files are whole
    assert diff_versions(grown, first, second).causes == {"removed": {"retracted": 2}}


def test_tables_in_force_close_after_an_erasure(near: Store) -> None:
    take_down(near, Subject("image", IMAGE))
    erase(near, Subject("image", IMAGE))
    tables = Tables(near)
    in_force = tables_in_force(near, "coco.000001")
    for asset in stage_names():
        commit = tables.current(asset, "coco.000001")
        assert commit is not None and commit.data_version == in_force[asset].data_version
        for upstream, version in commit.inputs.items():
            assert version == in_force[upstream].data_version
    rejected = tables.load("images", "coco.000001").rejections
    assert rejected.filter(pl.col("reason") == "retracted").height == 1


def test_damage_beside_an_erasure_is_still_damage(near: Store) -> None:
    first = cut(near)
    take_down(near, Subject("image", IMAGE))
    erase(near, Subject("image", IMAGE))
    other = next(path for path in near.files("blobs"))
    near.delete(other)
    erased = (fault.path for fault in verify_versions(near, [first]).retracted)
    path = next(path for path in erased if path.startswith("tables/answers") and path.endswith("/results.parquet"))
    near.write_parquet(path, near.read_parquet(path).with_columns(answer=pl.lit("forged")))
    faults = {(fault.path, fault.fault) for fault in verify_versions(near, [first]).faults}
    assert faults == {(other, "missing"), (path, "altered")}


def test_replies_that_other_images_share_stay(local: Store) -> None:
    grower = Grower(local)
    grower.grow("coco.000001", [(ONE, [COLOUR]), (TWO, [COLOUR])])
    tables = Tables(local)
    output = tables.load("answers", "coco.000001")
    keys = dict(output.results.select("image_id", "calls").iter_rows())
    shared = output.results.with_columns(calls=pl.lit(keys[IMAGE] + keys[sha256_hex(TWO)]))
    commit = tables.current("answers", "coco.000001")
    assert commit is not None
    provenance = Provenance(**commit.model_dump(include=set(Provenance.model_fields)))
    tables.publish("answers", "coco.000001", StageOutput(shared, output.rejections), provenance)
    take_down(local, Subject("image", IMAGE))
    erase(local, Subject("image", IMAGE))
    assert set(journaled_calls(local, "answers", "coco.000001")["key"]) == set(keys[IMAGE] + keys[sha256_hex(TWO)])
    assert len(part_names(local, "journal/answers/coco.000001")) == 1
