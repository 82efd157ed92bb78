"""Each consumer under its defaults is given what was exported for every other one: it shows the images, or refuses; none goes on without them."""

from pathlib import Path

import pytest

from wethink_assets.dataset.exports.export import export_formats, export_version
from wethink_assets.dataset.exports.pictures import ImageOptions
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.exports.conftest import Exported
from wethink_assets_tests.dataset.exports.consumers.conftest import Reading, easyr1_source
from wethink_assets_tests.dataset.exports.consumers.test_trainers import MODEL
from wethink_assets_tests.support.hostile_rows import hostile_version

pytestmark = pytest.mark.consumers

MODES = [(name, mode) for name, form in export_formats().items() for mode in form.images]
NO_ROWS = ("manifest.json", "croissant.json", "dataset_info.json", "excluded.parquet")


def outputs(exported: Exported) -> list[Path]:
    """The folders of exports of 10 rows."""
    return [exported(form, mode) for form, mode in MODES]


def data_files(folders: list[Path]) -> list[Path]:
    """Files of rows in them."""
    return [
        path
        for folder in folders
        for pattern in ("*.parquet", "*.jsonl", "*/*.json*")
        for path in sorted(folder.glob(pattern))
        if path.name not in NO_ROWS
    ]


@pytest.mark.parametrize("consumer", ["verl", "easyr1", "ms-swift", "trl", "llama-factory"])
def test_no_trainer_goes_on_without_images(reading: Reading, exported: Exported, consumer: str) -> None:
    folders = outputs(exported)
    files = data_files(folders)
    program = f"read_with_{consumer.replace('-', '_')}"
    if consumer == "easyr1":
        given = [str(path) for path in [*files, *folders]]
        read = reading("verl", program, easyr1_source(), "--as-it-is", MODEL, *given)
    elif consumer == "llama-factory":
        read = reading(consumer, program, "--as-it-is", MODEL, *folders)
    elif consumer == "ms-swift":
        read = reading(consumer, program, "--as-it-is", *files)
    else:
        read = reading(consumer, program, "--as-it-is", MODEL, *files)
    blind = {path: detail for path, (outcome, detail) in read["outcomes"].items() if outcome == "blind"}
    assert blind == {}
    assert any(outcome == "shown" for outcome, _ in read["outcomes"].values())


def test_datasets_shows_the_images_of_each_folder_that_it_reads(reading: Reading, exported: Exported) -> None:
    read = reading("datasets", "read_with_datasets", "--as-it-is", *outputs(exported))
    assert {outcome for outcome, _ in read["outcomes"].values()} <= {"shown", "refused"}
    refused = {path for path, (outcome, _) in read["outcomes"].items() if outcome == "refused"}
    assert refused <= {str(exported("fiftyone")), str(exported("webdataset"))}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Exports in the formats that `datasets` reads of a version with hostile texts and unusual images."""
    home = tmp_path_factory.mktemp("hostile")
    store = Store.open(str(home / "store"))
    hostile_version(store)
    folders = []
    for form, mode in MODES:
        if form not in ("fiftyone", "webdataset"):
            folders.append(home / f"{form} {mode}")
            export_version(store, "v0001", folders[-1], form, ImageOptions(mode))
    return folders


def test_datasets_shows_each_row_of_hostile_texts_and_unusual_images(reading: Reading, hostile: list[Path]) -> None:
    read = reading("datasets", "read_with_datasets", "--as-it-is", *hostile)
    assert read["outcomes"] == {str(folder): ["shown", "16"] for folder in hostile}
