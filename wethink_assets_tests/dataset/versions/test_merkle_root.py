"""The root of a version is that of all files it rests on, and a stranger can check a proof of one by the lines that the documentation gives."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.dataset.cuts.cut import read_cut
from wethink_assets.dataset.lineage.row_proof import prove_row
from wethink_assets.dataset.takedown.erasure import erase
from wethink_assets.dataset.takedown.takedown import Subject, take_down
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.catalog import list_versions
from wethink_assets.dataset.versions.manifest import LEAF_FILES, MANIFEST, read_manifest
from wethink_assets.dataset.versions.merkle_root import leaves_of
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.errors import VersionError
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import as_of_before, cut, rows_of

DOCUMENT = Path(__file__).parents[3] / "docs" / "versions.md"


@pytest.fixture
def version(local: Store, grower: Grower) -> str:
    return cut(local)


def test_every_file_that_a_version_rests_on_is_a_leaf(local: Store, grower: Grower) -> None:
    gone = rows_of(local, cut(local))["image_id"][0]
    take_down(local, Subject("image", gone))
    take_down(local, Subject("source", "geoqa+"))
    version = cut(local)
    manifest = read_manifest(local, version)
    rows = local.scan_parquet(f"versions/{version}/rows.parquet")
    leaves = dict(leaves_of(local, read_cut(local, version), manifest.files, rows).iter_rows())
    assert leaves == {path: sha256_hex(local.read(path)) for path in leaves} and len(leaves) == manifest.leaves
    expected = {path for path in local.files(f"versions/{version}") if not path.endswith((MANIFEST, *LEAF_FILES))}
    expected |= {path for path in local.files("tables") if path.split("/")[2] in read_cut(local, version).batches}
    expected |= {*local.files("retractions"), *rows_of(local, version)["image_path"], f"cuts/{version}.json"}
    assert set(leaves) == expected and list(leaves) == sorted(leaves)


def test_a_root_stays_when_a_version_is_built_again_and_is_verified_and_shown(local: Store, version: str) -> None:
    root = read_manifest(local, version).root
    assert verify_versions(local).roots == {version: root}
    assert [(each.root, each.leaves) for each in list_versions(local)] == [(root, read_manifest(local, version).leaves)]
    local.delete(f"versions/{version}")
    assert build_version(local, version).root == root


def test_bytes_of_a_record_that_say_the_same_are_seen(local: Store, version: str) -> None:
    for path in ("tables/answers/coco.000001/commits/000001.json", f"cuts/{version}.json"):
        whole = local.read(path)
        local.publish(path, whole + b"\n")
        result = verify_versions(local)
        assert [(each.path, each.fault) for each in result.faults] == [(f"versions/{version}/{MANIFEST}", "altered")]
        assert "verify --all" in result.faults[0].detail and not result.roots
        with pytest.raises(VersionError, match=f"wethink verify {version}"):
            prove_row(local, rows_of(local, version)["row_id"][0])
        local.publish(path, whole)


def test_a_takedown_that_was_in_force_and_is_lost_or_altered_is_seen(local: Store, grower: Grower) -> None:
    image = rows_of(local, cut(local))["image_id"][0]
    take_down(local, Subject("image", image))
    version = cut(local)
    erase(local, Subject("image", image))
    assert verify_versions(local).sound and len(verify_versions(local).roots) == 2
    path = f"retractions/image/{image}.json"
    whole = local.read(path)
    local.publish(path, whole.replace(b'"reason": ""', b'"reason": "another"'))
    assert [each.path for each in verify_versions(local).faults] == [f"versions/{version}/{MANIFEST}"]
    local.delete(path)
    assert [(each.path, each.fault) for each in verify_versions(local).faults] == [(path, "missing")]
    local.publish(path, whole)
    assert verify_versions(local).sound


def test_a_version_of_an_earlier_release_has_no_root_and_is_sound(local: Store, version: str) -> None:
    as_of_before(local, version)
    assert (verify_versions(local).faults, verify_versions(local).roots) == ([], {})
    with pytest.raises(VersionError, match="gave versions no root"):
        prove_row(local, rows_of(local, version)["row_id"][0])


@pytest.mark.parametrize("name", ["rows", "excluded"])
def test_a_stranger_checks_a_row_by_the_lines_of_the_documentation(
    local: Store, version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wethink.toml").write_text(f"[store]\nurl = {json.dumps(local.url)}\n")
    row = rows_of(local, version, name).row(0, named=True)
    printed = CliRunner().invoke(app, ["explain", row["row_id"], "--proof"], catch_exceptions=False).stdout
    proof = json.loads(printed)
    paths = [file["path"] for file in proof["files"]]
    assert f"versions/{version}/{name}.parquet" in paths and (row.get("image_path") or paths[0]) in paths
    assert {path.split("/")[2] for path in paths if path.startswith("tables/")} == {row["batch"]}
    assert checked(proof) == [f"proven {path}" for path in paths]
    proof["files"][0]["sha256"] = "0" * 64
    proof["files"][1]["index"] ^= 1
    assert checked(proof) == [f"NOT proven {path}" for path in paths[:2]] + [f"proven {path}" for path in paths[2:]]


def checked(proof: dict[str, Any]) -> list[str]:
    """What the documented lines print of a proof."""
    (lines,) = re.findall(r"```python\n(import hashlib.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    command = [sys.executable, "-I", "-c", lines]
    return subprocess.run(
        command, input=json.dumps(proof), capture_output=True, text=True, check=True
    ).stdout.splitlines()
