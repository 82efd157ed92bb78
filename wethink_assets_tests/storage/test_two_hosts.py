"""Two hosts that do the same work on one store at once lose nothing and make nothing twice, on a disk and on a real S3 server."""

import multiprocessing
import socket
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.identity import sha256_hex
from wethink_assets.sources.batches import list_batches
from wethink_assets.sources.claims import holder
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.stages.order import stage_names
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.sources import source_at, write_files
from wethink_assets_tests.support.stage_tables import Grower

IMAGES, EACH = 6, 2
FILES = {f"{number}.png": drawing(number) for number in range(IMAGES)}


class _Ingesting(Grower):
    """Grows batches of registered files."""

    files = ""

    def _images(self, batch: str, *_: Any) -> StageOutput:
        return ingest_batch(self.store, source_at(self.files), batch)


def _work(url: str, options: dict[str, Any], files: str, host: str) -> None:
    socket.gethostname = lambda: host  # type: ignore[assignment]
    store = Store.open(url, **options)
    grower = _Ingesting(store)
    grower.files = files
    register_source(store, source_at(files), batch_size=EACH)
    pictures = list(FILES.values())
    for number, batch in enumerate(list_batches(store, "mine")):
        some = pictures[EACH * number : EACH * (number + 1)]
        grower.grow(batch, [(picture, [COLOUR, CHOICE]) for picture in some])
        decided = decide_cut(store, CutRecipe())
        if isinstance(decided, Cut):
            build_version(store, decided.version)


@pytest.mark.slow
def test_two_hosts_at_once_lose_and_double_nothing(store: Store, tmp_path: Path) -> None:
    files = write_files(tmp_path / "files", FILES)
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_work, args=(store.url, dict(store.fs.storage_options), str(files), host))
        for host in ("here", "there")
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(240)
        assert process.exitcode == 0
    batches = list_batches(store, "mine")
    assert len(batches) == IMAGES // EACH
    images = pl.concat([Tables(store).load("images", batch).results for batch in batches])
    assert sorted(images["image_id"]) == sorted(map(sha256_hex, FILES.values()))
    for image, batch in images.select("image_id", "batch").iter_rows():
        held = holder(store, image)
        assert held is not None and held.batch == batch
    for asset in stage_names():
        for batch in batches:
            commits = Tables(store).all_of(asset, batch)
            assert [commit.number for commit in commits] == list(range(1, len(commits) + 1))
            assert [commit.previous for commit in commits] == ["", *(commit.seal for commit in commits[:-1])]
            assert len({commit.data_version for commit in commits}) == 1
    verified = verify_versions(store)
    assert verified.sound and verified.versions
    last = store.read_parquet(f"versions/{verified.versions[-1]}/rows.parquet")
    assert last["row_id"].is_unique().all() and set(last["image_id"]) <= set(images["image_id"])
