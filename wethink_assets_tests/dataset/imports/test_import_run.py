"""Imported rows beside grown ones in a project: the run takes them through all stages, versions hold either or both, and are built again alike."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.exports.export import export_version
from wethink_assets.dataset.imports.importer import ImportOptions, import_rows
from wethink_assets.dataset.imports.report import import_report
from wethink_assets.dataset.takedown.erasure import erase
from wethink_assets.dataset.takedown.takedown import Subject, take_down
from wethink_assets.dataset.versions.rebuild import rebuild_version
from wethink_assets.sources.batches import list_batches
from wethink_assets.sources.imported_pairs import pairs_of
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.drawn_version import draw_version
from wethink_assets_tests.support.opened_project import opened
from wethink_assets_tests.support.project import make_project
from wethink_assets_tests.support.scripted_endpoint import scripted_endpoint
from wethink_assets_tests.support.versions import built, rows_of

pytestmark = pytest.mark.slow


@dataclass
class Grown:
    """A store with a grown batch and imported ones, all of whose stages are done, and its first version."""

    store: Store
    version: str
    imported: int


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    """The project's run over grown and imported rows; data files, endpoint and pictures are gone afterwards."""
    folder = tmp_path_factory.mktemp("imported")
    drawings = Store.open(str(folder / "drawings"))
    draw_version(drawings, train=6, validation=1, seed=9)
    export_version(drawings, "v0001", folder / "lines", "jsonl")
    with scripted_endpoint() as endpoint:
        project = make_project(folder / "project", endpoint.url, sources=("coco",))
        with opened(project) as work:
            done = import_rows(work.store, project.settings, folder / "lines", "given", ImportOptions(missing="mark"))
            shutil.rmtree(folder / "lines")
            ran = work.grow()
            assert all(run.success for run in ran.values()), {name: run.failures for name, run in ran.items()}
            assert set(done.batches) < set(ran)
            yield Grown(work.store, "v0001", done.imported)


def test_a_version_holds_imported_and_grown_rows(grown: Grown) -> None:
    rows = rows_of(grown.store, grown.version)
    assert set(rows["source"]) == {"coco", "given"}
    assert (rows["source"] == "given").sum() == grown.imported == import_report(grown.store, "given").verified


@pytest.mark.parametrize("source", ["coco", "given"])
def test_a_version_can_hold_either_alone(grown: Grown, source: str) -> None:
    version = built(grown.store, CutRecipe(sources=(source,))).version
    assert set(rows_of(grown.store, version)["source"]) == {source}


def test_a_version_with_imported_rows_is_built_again_from_the_store_alone(grown: Grown) -> None:
    assert not rebuild_version(grown.store, grown.version).differences


def test_pairs_about_an_erased_image_are_gone(grown: Grown, tmp_path: Path) -> None:
    shutil.copytree(grown.store.url, tmp_path / "store")
    store = Store.open(str(tmp_path / "store"))
    batch = list_batches(store, "given")[0]
    before = pairs_of(store, batch)
    assert before is not None
    image = Subject("image", before["image_id"][0])
    take_down(store, image, "asked")
    erase(store, image)
    after = pairs_of(store, batch)
    assert after is not None and image.name not in json.dumps(after.to_dicts(), default=str)
    assert import_report(store, "given").verified == grown.imported - before.height + after.height
