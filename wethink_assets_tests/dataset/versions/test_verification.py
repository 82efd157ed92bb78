"""Whatever is missing or altered is named, and nothing else."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.inventory.check import check_store
from wethink_assets.dataset.inventory.repair import repair_store
from wethink_assets.dataset.inventory.sealing import seal_store
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.catalog import readable_versions
from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.dataset.versions.verification import Fault, Verification, verify_versions
from wethink_assets.errors import VersionError
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import as_of_before, cut


@pytest.fixture
def version(local: Store, grower: Grower) -> str:
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut)
    return build_version(local, cut.version).version


def faults(store: Store) -> list[tuple[str, str]]:
    return [(fault.path, fault.fault) for fault in verify_versions(store).faults]


def test_a_sound_version(local: Store, version: str) -> None:
    seen: list[tuple[int, int]] = []
    result = verify_versions(local, [version], lambda done, total: seen.append((done, total)))
    assert result == Verification(["v0001"], 9, 18, 5, [], roots={version: read_manifest(local, version).root})
    assert result.sound
    assert seen[-1] == (32, 32)


def test_no_version_at_all(local: Store) -> None:
    with pytest.raises(VersionError, match="nothing to verify"):
        verify_versions(local)
    with pytest.raises(VersionError, match="no version v0007"):
        verify_versions(local, ["v0007"])


FILES = [
    "rows.parquet",
    "excluded.parquet",
    "wethink.jsonl",
    "statistics.json",
    "README.md",
    "lookup.json",
    "lookup.jsonl",
    "leaves.json",
    "leaves.txt",
]


def _folder(path: Path) -> None:
    path.mkdir()


def _circle(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("lay", [_folder, _circle, os.mkfifo])
def test_what_is_no_file_is_named_and_not_waited_for(
    local: Store, version: str, lay: Callable[[Path], None], tmp_path: Path
) -> None:
    seal_store(local, command="test")
    whole = Store.open(shutil.copytree(local.root, tmp_path / "replica").as_posix())
    paths = [f"versions/{version}/statistics.json", f"versions/{version}/manifest.json"]
    for path in paths:
        place = Path(local.path(path))
        place.unlink()
        lay(place)
        assert [fault.path for fault in verify_versions(local).faults] == [path]
        assert [fault.path for fault in check_store(local).faults] == [path]
        if path.endswith("manifest.json"):
            summaries, faults = readable_versions(local)
            assert (summaries, [*faults]) == ([], [version])
        assert repair_store(local, [whole]).left == 0
        assert local.read(path) == whole.read(path)
    assert verify_versions(local).sound and check_store(local).sound


def test_the_manifest_of_another_version_is_not_taken_for_its_own(local: Store, version: str) -> None:
    other = cut(local, CutRecipe(kinds=("MC",)))
    for folder in (f"versions/{other}", "versions/v0009"):
        local.publish(f"{folder}/manifest.json", local.read(f"versions/{version}/manifest.json"))
    local.publish("cuts/v0009.json", local.read(f"cuts/{version}.json"))
    for name in (other, "v0009"):
        with pytest.raises(VersionError, match=rf"{name}/manifest.json was altered: it is that of {version}"):
            read_manifest(local, name)
    assert {fault.path for fault in verify_versions(local).faults} >= {f"versions/{other}/manifest.json"}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["flip", "cut", "delete"])
def test_a_file_of_the_version(local: Store, version: str, name: str, harm: str) -> None:
    path = f"versions/{version}/{name}"
    do_harm(local, path, harm)
    assert faults(local) == [(path, "missing" if harm == "delete" else "altered")]


def do_harm(store: Store, path: str, harm: str) -> None:
    data = bytearray(store.read(path))
    if harm == "delete":
        store.delete(path)
        return
    data[len(data) // 2] ^= 1
    store.publish(path, bytes(data) if harm == "flip" else bytes(data[:-1]))


def table_folder(store: Store, asset: str) -> str:
    path = next(file for file in store.files(f"tables/{asset}/coco.000001") if file.endswith("results.parquet"))
    return path.rpartition("/")[0]


@pytest.mark.parametrize("asset", stage_names())
def test_a_table(local: Store, version: str, asset: str) -> None:
    folder = table_folder(local, asset)
    path = f"{folder}/results.parquet"
    whole = local.read(path)
    frame = local.read_parquet(path)
    local.write_parquet(path, frame.with_columns(pl.lit("other").alias(frame.columns[0])))
    assert faults(local) == [(path, "altered")]
    local.publish(path, whole[: len(whole) // 2])
    assert faults(local) == [(path, "altered")]
    local.delete(path)
    assert faults(local) == [(path, "missing")]
    local.publish(path, whole)
    local.delete(f"{folder}/rejections.parquet")
    assert faults(local) == [(f"{folder}/rejections.parquet", "missing")]


def test_any_bit_of_a_table(local: Store, version: str) -> None:
    path = f"{table_folder(local, 'questions')}/results.parquet"
    whole = local.read(path)
    for place in range(0, len(whole), len(whole) // 12):
        local.publish(path, whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert faults(local) == [(path, "altered")]


def test_a_table_of_an_earlier_release_is_known_by_its_rows(local: Store, version: str) -> None:
    as_of_before(local, version)
    folder = table_folder(local, "questions")
    path = f"{folder}/results.parquet"
    frame = local.read_parquet(path)
    local.write_parquet(path, frame, row_group_size=1)
    assert faults(local) == []
    local.write_parquet(path, frame.with_columns(pl.lit("other").alias(frame.columns[0])))
    assert faults(local) == [(folder, "altered")]


def test_a_commit_before_the_one_that_was_cut(local: Store, grower: Grower) -> None:
    tables = Tables(local)
    first = tables.at("answers", "coco.000001", 1)
    provenance = Provenance(**first.model_dump(include=set(Provenance.model_fields)) | {"code_version": "later"})
    second = tables.publish("answers", "coco.000001", tables.load_commit(first), provenance)
    assert (second.number, second.previous) == (2, first.seal)
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut)
    build_version(local, cut.version)
    path = "tables/answers/coco.000001/commits/000001.json"
    other = first.model_copy(update={"run_id": "another"}).sealed()
    local.publish(path, other.model_dump_json().encode())
    assert faults(local) == [(path, "altered")]
    local.delete(path)
    assert faults(local) == [(path, "missing")]


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lambda text: text.replace('"run_id": "run-1"', '"run_id": "run-2"'), "altered"),
        (lambda text: text[:-9], "damaged"),
        (lambda text: "", "missing"),
    ],
)
def test_the_manifest(local: Store, version: str, harm: Callable[[str], str], kind: str) -> None:
    path = f"versions/{version}/manifest.json"
    text = harm(local.read(path).decode())
    local.publish(path, text.encode()) if text else local.delete(path)
    found = verify_versions(local, [version]).faults
    assert [(fault.path, fault.fault) for fault in found] == [(path, kind)]


def test_the_cut_and_a_commit(local: Store, version: str) -> None:
    local.delete(f"cuts/{version}.json")
    assert faults(local) == [("cuts/v0001.json", "missing")]


def test_a_commit(local: Store, version: str) -> None:
    path = "tables/answers/coco.000001/commits/000001.json"
    commit = json.loads(local.read(path))
    local.publish(path, json.dumps({**commit, "digest": "0" * 32}).encode())
    assert faults(local) == [(path, "altered")]
    local.delete(path)
    assert faults(local) == [(path, "missing")]


@pytest.mark.parametrize("harm", ["flip", "delete"])
def test_a_blob(local: Store, version: str, harm: str) -> None:
    rows = local.read_parquet(f"versions/{version}/rows.parquet")
    path = rows["image_path"][0]
    do_harm(local, path, harm)
    found = verify_versions(local).faults
    assert [(fault.path, fault.fault) for fault in found] == [(path, "altered" if harm == "flip" else "missing")]
    assert isinstance(found[0], Fault)


def test_a_version_of_which_nothing_is_left(local: Store, version: str) -> None:
    local.delete(f"versions/{version}")
    assert faults(local) == [(f"versions/{version}/manifest.json", "missing")]
    assert not verify_versions(local, [version]).sound


def test_a_version_before_others_without_a_trace(local: Store, version: str, grower: Grower) -> None:
    grower.grow("coco.000003", [(drawing(9), [COLOUR])])
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut)
    build_version(local, cut.version)
    local.delete(f"versions/{version}")
    local.delete(f"cuts/{version}.json")
    assert faults(local) == [(f"cuts/{version}.json", "missing")]


def test_a_file_that_does_not_belong(local: Store, version: str) -> None:
    local.publish(f"versions/{version}/notes.txt", b"mine")
    assert faults(local) == [("versions/v0001/notes.txt", "unexpected")]


def test_several_faults_are_all_named(local: Store, version: str) -> None:
    local.delete(f"versions/{version}/README.md")
    local.publish(f"versions/{version}/wethink.jsonl", b"")
    assert faults(local) == [("versions/v0001/README.md", "missing"), ("versions/v0001/wethink.jsonl", "altered")]
