"""Whatever is missing or altered is named, and nothing else."""

import json
from collections.abc import Callable

import polars as pl
import pytest

from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.verification import Fault, Verification, verify_versions
from wethink_assets.errors import VersionError
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.stage_tables import Grower


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
    assert result == Verification(["v0001"], 5, 18, 5, [])
    assert result.sound
    assert seen[-1] == (28, 28)


def test_no_version_at_all(local: Store) -> None:
    assert verify_versions(local) == Verification()
    with pytest.raises(VersionError, match="no version v0007"):
        verify_versions(local, ["v0007"])


@pytest.mark.parametrize("name", ["rows.parquet", "excluded.parquet", "wethink.jsonl", "statistics.json", "README.md"])
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


@pytest.mark.parametrize("asset", stage_names())
def test_a_table(local: Store, version: str, asset: str) -> None:
    folder = next(
        f.rpartition("/")[0] for f in local.files(f"tables/{asset}/coco.000001") if f.endswith("results.parquet")
    )
    path = f"{folder}/results.parquet"
    whole = local.read(path)
    frame = local.read_parquet(path)
    local.write_parquet(path, frame.with_columns(pl.lit("other").alias(frame.columns[0])))
    assert faults(local) == [(folder, "altered")]
    local.publish(path, whole[: len(whole) // 2])
    assert faults(local) == [(path, "damaged")]
    local.delete(path)
    assert faults(local) == [(path, "missing")]
    local.publish(path, whole)
    local.delete(f"{folder}/rejections.parquet")
    assert faults(local) == [(f"{folder}/rejections.parquet", "missing")]


def test_a_table_written_by_another_release_is_still_the_same(local: Store, version: str) -> None:
    path = next(f for f in local.files("tables/questions/coco.000001") if f.endswith("results.parquet"))
    local.write_parquet(path, local.read_parquet(path), row_group_size=1)
    assert faults(local) == []


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


def test_a_file_that_does_not_belong(local: Store, version: str) -> None:
    local.publish(f"versions/{version}/notes.txt", b"mine")
    assert faults(local) == [("versions/v0001/notes.txt", "unexpected")]


def test_several_faults_are_all_named(local: Store, version: str) -> None:
    local.delete(f"versions/{version}/README.md")
    local.publish(f"versions/{version}/wethink.jsonl", b"")
    assert faults(local) == [("versions/v0001/README.md", "missing"), ("versions/v0001/wethink.jsonl", "altered")]
