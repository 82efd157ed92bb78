"""Exports: the formats that ship, one of a plugin, and what is refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion, export_formats, export_version
from wethink_assets.dataset.exports.paper_jsonl import FIELDS
from wethink_assets.errors import ConfigError, UnknownName, VersionError
from wethink_assets.extensions.builtin import EXPORTS
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut, rows_of

PLUGIN = """
from wethink_assets.dataset.exports.export import ExportFormat
from wethink_assets.extensions.builtin import EXPORTS

def write(version, folder):
    rows = [row["row_id"] for part in version.slices(3) for row in part.iter_rows(named=True)]
    (folder / "ids.txt").write_text("\\n".join([version.name, *rows]))

EXPORTS.register("ids", ExportFormat("ids of the rows", ("ids.txt",), write))
"""


@pytest.fixture
def version(local: Store, grower: Grower) -> str:
    """A version of 8 rows in the local store."""
    return cut(local)


@pytest.fixture
def plugin(wethink: Wethink, tmp_path: Path) -> Iterator[None]:
    """A format `ids` that a module beside `wethink.toml` registers."""
    (tmp_path / "ids_export_plugin.py").write_text(PLUGIN)
    config = tmp_path / "wethink.toml"
    config.write_text('plugins = ["ids_export_plugin"]\n' + config.read_text())
    yield
    EXPORTS.unregister("ids")


def test_a_hub_folder_holds_what_the_version_holds(local: Store, version: str, tmp_path: Path) -> None:
    done = export_version(local, version, tmp_path / "out", images=True)
    assert (done.version, done.rows, done.retracted) == (version, 8, 0)
    for name in ("rows", "excluded"):
        assert pl.read_parquet(tmp_path / "out" / f"{name}.parquet").equals(rows_of(local, version, name))
    assert (tmp_path / "out" / "wethink.jsonl").read_bytes() == local.read(f"versions/{version}/wethink.jsonl")
    assert all((tmp_path / "out" / path).exists() for path in rows_of(local, version)["image_path"])


def test_lines_of_the_paper_alone(local: Store, version: str, tmp_path: Path) -> None:
    done = export_version(local, version, tmp_path / "out", form="jsonl")
    assert done.rows == 8 and [path.name for path in (tmp_path / "out").iterdir()] == ["wethink.jsonl"]
    lines = [json.loads(line) for line in (tmp_path / "out" / "wethink.jsonl").read_text().splitlines()]
    assert [list(line) for line in lines] == [list(FIELDS)] * 8


def test_rows_come_in_slices_in_their_order(local: Store, version: str) -> None:
    rows = local.scan_parquet(f"versions/{version}/rows.parquet")
    slices = list(ShownVersion(version, rows, rows.head(0), "").slices(3))
    assert len(slices) > 1 and pl.concat(slices).equals(rows.collect())


@pytest.mark.usefixtures("plugin")
def test_a_format_of_a_plugin_is_listed_and_written(
    wethink: Wethink, local: Store, version: str, tmp_path: Path
) -> None:
    assert "ids: ids of the rows (ids.txt)" in wethink("export", "--formats").stdout.splitlines()
    done = wethink("export", version, str(tmp_path / "out"), "--format", "ids", "--json")
    assert json.loads(done.stdout)["rows"] == 8
    assert (tmp_path / "out" / "ids.txt").read_text().split() == [version, *rows_of(local, version)["row_id"]]


def test_formats_that_ship_are_listed(wethink: Wethink) -> None:
    listed = wethink("export", "--formats").stdout.splitlines()
    assert [line.partition(":")[0] for line in listed] == ["huggingface", "jsonl"] == list(export_formats())


def test_an_unknown_format_is_refused_before_anything_is_made(wethink: Wethink, version: str, tmp_path: Path) -> None:
    refused = wethink("export", version, str(tmp_path / "out"), "--format", "csv").exception
    assert isinstance(refused, UnknownName) and "known: huggingface, jsonl" in str(refused)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_empty_is_refused(local: Store, version: str, tmp_path: Path) -> None:
    export_version(local, version, tmp_path / "out")
    with pytest.raises(VersionError, match="not empty"):
        export_version(local, version, tmp_path / "out")


def test_a_format_that_writes_less_than_it_names_is_named(local: Store, version: str, tmp_path: Path) -> None:
    EXPORTS.register("lazy", ExportFormat("nothing", ("all.txt",), lambda version, folder: None))
    try:
        with pytest.raises(ConfigError, match=r"'lazy' did not write all\.txt"):
            export_version(local, version, tmp_path / "out", form="lazy")
    finally:
        EXPORTS.unregister("lazy")
