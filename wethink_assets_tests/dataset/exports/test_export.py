"""Exports: what each carries whatever its format, one format of a plugin, and what is refused."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import yaml

from wethink_assets.dataset.exports.checksums import read_sums
from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion, export_formats, export_version
from wethink_assets.dataset.exports.pictures import ImageOptions
from wethink_assets.dataset.exports.verification import verify_export
from wethink_assets.dataset.takedown.takedown import Subject, take_down
from wethink_assets.errors import ConfigError, UnknownName, VersionError
from wethink_assets.extensions.builtin import EXPORTS
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.dataset.exports.conftest import Exported
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
MODES = [(name, mode) for name, form in export_formats().items() for mode in form.images]


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


@pytest.mark.parametrize(("form", "mode"), MODES)
def test_sums_of_every_format_are_checked_by_sha256sum(exported: Exported, form: str, mode: str) -> None:
    folder = exported(form, mode)
    checked = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    assert verify_export(folder).faults == []
    assert {"README.md", "croissant.json", "manifest.json"} <= set(read_sums(folder))


@pytest.mark.parametrize(("form", "mode"), MODES)
def test_the_card_and_croissant_have_the_sums_of_the_files(exported: Exported, form: str, mode: str) -> None:
    folder = exported(form, mode)
    sums = read_sums(folder)
    card = (folder / "README.md").read_text()
    croissant = json.loads((folder / "croissant.json").read_text())
    objects = {entry["name"]: entry["sha256"] for entry in croissant["distribution"] if "sha256" in entry}
    assert objects and all(sums[name] == sha256 for name, sha256 in objects.items())
    assert all(
        f"| `{name}` |" in card and f"| {(folder / name).stat().st_size} | `{sums[name]}` |" in card for name in objects
    )
    assert {f["name"] for f in croissant["recordSet"][1]["field"]} >= {"image", "answer", "split"}
    assert "10 rows over 10 images: 7 train, 3 validation." in card


def test_every_export_is_the_same_again(drawn: Store, exported: Exported, tmp_path: Path) -> None:
    for form in ("verl", "webdataset"):
        export_version(drawn, "v0001", tmp_path / form, form)
        assert (tmp_path / form / "SHA256SUMS").read_bytes() == (exported(form) / "SHA256SUMS").read_bytes()


def test_figures_are_those_after_a_takedown(local: Store, version: str, tmp_path: Path) -> None:
    shown = rows_of(local, version).filter(pl.col("source") != "geoqa+")
    take_down(local, Subject("source", "geoqa+"))
    done = export_version(local, version, tmp_path / "out")
    assert (done.rows, done.retracted) == (shown.height, 8 - shown.height)
    card = (tmp_path / "out" / "README.md").read_text()
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["source_datasets"] == ["coco"] and "geoqa+" not in card
    assert sum(split["num_examples"] for split in front["dataset_info"]["splits"]) == shown.height
    assert f"{done.retracted} rows of the version were taken down" in card
    licence, images = shown["licence"][0], shown["image_id"].n_unique()
    assert f"| coco | {licence} | {shown.height} | {images} |" in card


def test_a_version_of_which_all_was_taken_down_is_refused(local: Store, version: str, tmp_path: Path) -> None:
    for source in ("coco", "geoqa+"):
        take_down(local, Subject("source", source))
    with pytest.raises(VersionError, match="nothing to export"):
        export_version(local, version, tmp_path / "out")


def test_rows_come_in_slices_in_their_order(local: Store, version: str) -> None:
    rows = local.scan_parquet(f"versions/{version}/rows.parquet")
    slices = list(ShownVersion(version, rows, rows.head(0), "").slices(3))
    assert len(slices) > 1 and pl.concat(slices).equals(rows.collect())


@pytest.mark.usefixtures("plugin")
def test_a_format_of_a_plugin_is_listed_and_written(
    wethink: Wethink, local: Store, version: str, tmp_path: Path
) -> None:
    assert "ids: ids of the rows (ids.txt)" in wethink("export", "--formats").stdout.splitlines()
    done = wethink("export", version, str(tmp_path / "out"), "--for", "ids", "--json")
    assert json.loads(done.stdout)["rows"] == 8
    assert (tmp_path / "out" / "ids.txt").read_text().split() == [version, *rows_of(local, version)["row_id"]]
    assert verify_export(tmp_path / "out").faults == []


def test_formats_that_ship_are_listed(wethink: Wethink) -> None:
    listed = wethink("export", "--formats").stdout.splitlines()
    assert [line.partition(":")[0] for line in listed] == list(export_formats())


def test_an_unknown_format_is_refused_before_anything_is_made(wethink: Wethink, version: str, tmp_path: Path) -> None:
    refused = wethink("export", version, str(tmp_path / "out"), "--for", "csv").exception
    assert isinstance(refused, UnknownName) and "known: huggingface, trl, verl" in str(refused)
    assert not (tmp_path / "out").exists()


def test_a_form_of_images_that_a_reader_does_not_find_is_refused(drawn: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'trl' has no images as 'files': its reader finds them as 'embedded'"):
        export_version(drawn, "v0001", tmp_path / "out", "trl", ImageOptions("files"))


def test_a_folder_that_is_not_empty_is_refused(local: Store, version: str, tmp_path: Path) -> None:
    export_version(local, version, tmp_path / "out")
    with pytest.raises(VersionError, match="not empty"):
        export_version(local, version, tmp_path / "out")


def test_an_export_that_fails_leaves_nothing(drawn: Store, rows: pl.DataFrame, tmp_path: Path) -> None:
    def write(version: ShownVersion, folder: Path) -> None:
        (folder / "half.txt").write_text("half")
        raise VersionError("the disk is on fire")

    EXPORTS.register("broken", ExportFormat("nothing", (), write))
    try:
        with pytest.raises(VersionError, match="on fire"):
            export_version(drawn, "v0001", tmp_path / "out", "broken")
    finally:
        EXPORTS.unregister("broken")
    assert list(tmp_path.iterdir()) == []


def test_a_format_that_writes_less_than_it_names_is_named(local: Store, version: str, tmp_path: Path) -> None:
    EXPORTS.register("lazy", ExportFormat("nothing", ("all.txt",), lambda version, folder: None))
    try:
        with pytest.raises(ConfigError, match=r"'lazy' did not write all\.txt"):
            export_version(local, version, tmp_path / "out", form="lazy")
    finally:
        EXPORTS.unregister("lazy")
