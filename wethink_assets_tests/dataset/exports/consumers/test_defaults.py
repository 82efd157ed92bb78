"""Each consumer under its defaults is given what was exported for every other one, and the files of a version in the store: it shows the images, or
refuses; none goes on without them.
"""

import json
from pathlib import Path

import pytest

from wethink_assets.dataset.exports.export import export_formats, export_version
from wethink_assets.dataset.exports.pictures import ImageOptions
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.exports.conftest import Exported
from wethink_assets_tests.dataset.exports.consumers.conftest import Reading, easyr1_source
from wethink_assets_tests.dataset.exports.consumers.test_trainers import MODEL
from wethink_assets_tests.support.hostile_rows import hostile_version
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built

pytestmark = pytest.mark.consumers

MODES = [(name, mode) for name, form in export_formats().items() for mode in form.images]
OWN = ("rows.parquet", "wethink.jsonl")
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


@pytest.fixture
def own(local: Store, grower: Grower) -> Path:
    """The folder of a version in a store."""
    built(local)
    return Path(local.url) / "versions" / "v0001"


@pytest.mark.parametrize(
    ("consumer", "shown"),
    [
        ("datasets", {"wethink.jsonl"}),
        ("verl", set()),
        ("easyr1", {"wethink.jsonl"}),
        ("ms-swift", {"wethink.jsonl"}),
        ("trl", set()),
    ],
)
def test_no_reader_goes_on_without_images_of_the_files_of_a_version(
    reading: Reading, own: Path, consumer: str, shown: set[str]
) -> None:
    files = [own / name for name in OWN]
    program = f"read_with_{consumer.replace('-', '_')}"
    if consumer == "easyr1":
        read = reading("verl", program, easyr1_source(), "--as-it-is", MODEL, *files, own)
    else:
        read = reading(consumer, program, "--as-it-is", *([MODEL] if consumer in ("verl", "trl") else []), *files)
    outcomes = {Path(path).name: outcome for path, (outcome, _) in read["outcomes"].items()}
    assert {name for name, outcome in outcomes.items() if outcome == "shown"} == shown
    assert {outcomes[name] for name in outcomes.keys() - shown} <= {"refused"}


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(("images", "outcome"), [({}, "refused"), ({"images": "images"}, "shown")])
def test_llama_factory_told_by_hand_of_the_files_of_a_version_shows_images_or_refuses(
    reading: Reading, own: Path, name: str, images: dict[str, str], outcome: str
) -> None:
    mapping = {"file_name": name, "columns": {"prompt": "problem", "response": "answer", **images}}
    (own / "dataset_info.json").write_text(json.dumps({"mine": mapping}))
    read = reading("llama-factory", "read_with_llama_factory", "--as-it-is", MODEL, own)
    expected = outcome if name == "wethink.jsonl" else "refused"  # pictures of parquet are opened from where one stands
    assert [one for one, _ in read["outcomes"].values()] == [expected]


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
