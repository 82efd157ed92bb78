"""What is taken down leaves the next version, listings and exports."""

from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.cuts.decision import NothingNew, decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.exports.export import export_version
from wethink_assets.dataset.lineage.diff import diff_versions
from wethink_assets.dataset.lineage.version import lineage_of
from wethink_assets.dataset.takedown.takedown import Subject, find_subject, take_down, takedown_impact, takedowns_of
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.card import card_of
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.errors import VersionError
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import encoded, photograph
from wethink_assets_tests.support.question_tables import CAT, COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.takedowns import IMAGE, ONE, filled, images_of
from wethink_assets_tests.support.versions import cut, note_policy


@pytest.fixture
def near(local: Store) -> Store:
    return filled(local)


def test_a_takedown_is_recorded_once_and_says_what_it_touches(near: Store) -> None:
    version = cut(near)
    note_policy(near, f"{version}.sft")
    subject = find_subject(near, IMAGE[:12])
    assert subject == Subject("image", IMAGE)
    assert take_down(near, subject, "asked for by its owner")[1] and not take_down(near, subject)[1]
    impact = takedown_impact(near, subject)
    assert impact["versions"] == [{"version": version, "rows": 2, "images": 1}]
    assert [use["key"] for use in impact["trained"]] == [f"{version}.sft"]


def test_the_next_version_leaves_it_out_and_old_ones_stay(near: Store) -> None:
    first = cut(near)
    files = {path: near.read(path) for path in near.files("versions")}
    take_down(near, Subject("image", IMAGE))
    second = cut(near)
    assert images_of(near, second) == images_of(near, first) - {IMAGE}
    excluded = near.read_parquet(f"versions/{second}/excluded.parquet")
    assert set(excluded.filter(pl.col("reason") == "retracted")["image_id"]) == {IMAGE}
    assert isinstance(decide_cut(near, CutRecipe()), NothingNew)
    assert {path: near.read(path) for path in files} == files
    assert build_version(near, second).rows == build_version(near, first).rows - 2  # both are what their cuts give
    assert diff_versions(near, first, second).causes == {"removed": {"retracted": 2}}
    assert "2 rows over 1 images of this version were taken down" in card_of(near, first)
    assert "taken down" not in card_of(near, second)
    assert lineage_of(near, first)["retracted"] == {"rows": 2, "images": 1, "erased": 0}
    assert verify_versions(near).sound and not verify_versions(near).retracted


def test_an_export_lacks_what_was_taken_down(near: Store, tmp_path: Path) -> None:
    first = cut(near)
    take_down(near, Subject("image", IMAGE))
    done = export_version(near, first, tmp_path / "out", "jsonl")
    assert (done.rows, done.retracted) == (2, 2)
    lines = [line for name in ("train", "validation") for line in (tmp_path / "out" / f"{name}.jsonl").open()]
    assert len(lines) == 2 and not any(IMAGE in line for line in lines)
    assert not list((tmp_path / "out").rglob(f"{IMAGE}.*")) and list((tmp_path / "out").rglob("*.png"))


def test_sources_and_licences_are_taken_down(near: Store) -> None:
    cut(near)
    assert find_subject(near, "MIT") == Subject("licence", "MIT")
    take_down(near, find_subject(near, "MIT"))
    assert "geoqa+" not in set(near.read_parquet(f"versions/{cut(near)}/rows.parquet")["source"])
    take_down(near, find_subject(near, "geoqa+"))
    take_down(near, Subject("source", "coco"))
    assert takedowns_of(near).sources == ("coco", "geoqa+") and takedowns_of(near).licences == ("MIT",)
    decided = decide_cut(near, CutRecipe())
    assert isinstance(decided, Cut)
    with pytest.raises(VersionError, match="would hold no row"):
        build_version(near, decided.version)
    with pytest.raises(VersionError, match="knows no image, source or licence"):
        find_subject(near, "nobody")
    with pytest.raises(VersionError, match="knows no licence"):
        find_subject(near, "coco", "licence")


def test_a_takedown_of_something_else_makes_no_version(near: Store) -> None:
    cut(near)
    take_down(near, Subject("source", "wikiart"))
    assert isinstance(decide_cut(near, CutRecipe()), NothingNew)


def test_look_alikes_that_would_come_in_are_named(local: Store) -> None:
    cat = photograph("chelsea.png")
    first, again = encoded(cat, quality=95), encoded(cat.resize((225, 150)), quality=60)
    grower = Grower(local)
    grower.grow("coco.000001", [(first, [CAT]), (ONE, [COLOUR])])
    grower.grow("coco.000002", [(again, [CAT])])
    held = images_of(local, cut(local))
    ((kept, left_out),) = [(a, b) for a, b in permutations(map(sha256_hex, (first, again))) if a in held]
    subject = Subject("image", kept)
    assert takedown_impact(local, subject)["look_alikes"] == [left_out]
    take_down(local, subject)
    assert left_out in images_of(local, cut(local))
