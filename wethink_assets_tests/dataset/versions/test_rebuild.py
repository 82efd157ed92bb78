"""Rebuild of a version from the store alone: nothing differs, no model is called, and whatever does not follow any more is named."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.dataset.versions.rebuild import rebuild_version
from wethink_assets.errors import VersionError
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.journal.files import part_names, write_part
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.opened_project import opened
from wethink_assets_tests.support.project import make_project
from wethink_assets_tests.support.scripted_endpoint import scripted_endpoint

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def grown_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store of one version, whose endpoint, settings and pictures are gone."""
    folder = tmp_path_factory.mktemp("rebuild")
    with scripted_endpoint() as endpoint:
        project = make_project(folder / "project", endpoint.url)
        with opened(project) as grown:
            assert all(run.success for run in grown.grow().values())
            url = grown.store.url
    shutil.move(url, folder / "store")
    shutil.rmtree(project.home)
    yield folder / "store"


@pytest.fixture
def store(grown_store: Path, tmp_path: Path) -> Store:
    """A copy of the store of one version, alone on its disk."""
    shutil.copytree(grown_store, tmp_path / "store")
    return Store.open(str(tmp_path / "store"))


def journal_replaced(store: Store, stage: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """Put other calls in place of those of a stage over a batch; the calls that were there."""
    folder = f"journal/{stage}/coco.000001"
    calls = journaled_calls(store, stage, "coco.000001")
    for name in part_names(store, folder):
        store.delete(f"{folder}/{name}")
    write_part(store, folder, change(calls))
    return calls


def test_a_part_that_is_damaged_is_left_where_it_is(store: Store) -> None:
    (part,) = [path for path in store.files("journal/answers/coco.000001") if path.endswith(".parquet")]
    store.publish(part, store.read(part)[:-8])
    before = store.files("")
    (difference,) = rebuild_version(store, "v0001").differences
    assert "it holds 0 others" in difference.detail and store.files("") == before


def test_a_version_comes_out_byte_for_byte(store: Store, tmp_path: Path) -> None:
    before = {path: sha256_hex(store.read(path)) for path in store.files("")}
    steps: list[tuple[int, int]] = []
    result = rebuild_version(store, "v0001", tmp_path / "again", lambda done, total: steps.append((done, total)))
    assert result.same, result.differences
    assert result.tables == {"replayed": 8, "computed": 2, "checked": 2} and result.images == 6
    assert set(result.files.values()) == {"bytes"} and steps[-1][0] == steps[-1][1]
    manifest = read_manifest(store, "v0001")
    for name in (*manifest.files, "manifest.json"):
        assert (tmp_path / "again" / name).read_bytes() == store.read(f"versions/v0001/{name}"), name
    assert {path: sha256_hex(store.read(path)) for path in store.files("")} == before


def test_what_is_not_in_the_journal_is_named(store: Store) -> None:
    calls = journal_replaced(store, "answers", lambda calls: calls.slice(1))
    (difference,) = rebuild_version(store, "v0001").differences
    assert difference.path.startswith("tables/answers/coco.000001/")
    assert f"holds no call {calls['key'][0][:16]}" in difference.detail


def test_a_reply_that_was_altered_shows_in_the_tables_that_follow_from_it(store: Store) -> None:
    other = pl.when(pl.col("prompt") == "merge").then(pl.lit("A blue wall.")).otherwise(pl.col("text"))
    journal_replaced(store, "descriptions", lambda calls: calls.with_columns(text=other))
    (difference,) = rebuild_version(store, "v0001").differences
    assert difference.path.startswith("tables/descriptions/coco.000001/")
    assert "results: 3 rows before, 3 now, 3 of them changed" in difference.detail


def test_an_image_that_was_altered_is_named(store: Store) -> None:
    blob = next(path for path in store.files("blobs"))
    store.publish(blob, b"GIF89a")
    details = [difference.detail for difference in rebuild_version(store, "v0001").differences]
    assert any(blob in detail for detail in details), details


def test_settings_that_are_gone_are_named(store: Store) -> None:
    for path in store.files("configurations"):
        store.publish(path, json.dumps({"pipeline": {}, "roles": {}}).encode())
    details = {difference.detail for difference in rebuild_version(store, "v0001").differences}
    assert len(details) == 8 and all("which is gone" in detail for detail in details)


def test_a_folder_that_holds_something_is_left_alone(store: Store, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(VersionError, match="holds something already"):
        rebuild_version(store, "v0001", tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_the_command(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wethink.toml").write_text(f'[store]\nurl = "{store.url}"\n')
    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
    done = CliRunner().invoke(app, ["rebuild", "v0001"])
    assert done.exit_code == 0 and "9 of 9 files byte for byte: all as they were" in done.stdout, done.output
    journal_replaced(store, "answers", lambda calls: calls.slice(1))
    done = CliRunner().invoke(app, ["rebuild", "v0001", "--json"])
    assert done.exit_code == 1 and json.loads(done.stdout)["same"] is False
