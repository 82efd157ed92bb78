"""Threads and batches at once change nothing in what is kept, and memory is bounded."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.sources import ingestion
from wethink_assets.sources.images import examiners
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.sources import drawings, ingest_all, reasons_by_item, source_at, tar_of, write_files


def test_the_order_in_which_threads_finish_does_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {**drawings(30), **{f"copy/{number}.png": drawing(number) for number in range(0, 30, 3)}}
    folder = write_files(tmp_path / "s", files)
    real = examiners.examined
    rng = random.Random(0)

    def slow(data: bytes) -> object:
        time.sleep(rng.random() / 200)
        return real(data)

    # Which thread is done first is chance; these waits, parts and cores make it another one each time.
    monkeypatch.setattr(ingestion, "examined", slow)
    monkeypatch.setattr(ingestion, "CHUNK_FILES", 1)
    outputs = []
    for run in range(3):
        store = Store.open(str(tmp_path / f"store{run}"))
        monkeypatch.setattr("os.cpu_count", lambda run=run: 1 + 3 * run)
        register_source(store, source_at(folder), 100)
        outputs.append(ingest_all(store, source_at(folder)))
    for output in outputs[1:]:
        assert output.results.equals(outputs[0].results)
        assert output.rejections.equals(outputs[0].rejections)


def test_batches_that_run_at_once_agree_on_who_holds_what(local: Store, tmp_path: Path) -> None:
    shared = {f"{number}.png": drawing(number) for number in range(12)}
    sources = [source_at(write_files(tmp_path / name, shared), name) for name in ("coco", "gqa", "vg")]
    for source in sources:
        register_source(local, source, 100)
    with ThreadPoolExecutor(3) as pool:
        outputs = list(pool.map(lambda source: ingest_all(local, source), sources))
    held = pl.concat([output.results for output in outputs])
    assert held["image_id"].n_unique() == held.height == 12
    assert sum(output.rejections.height for output in outputs) == 24


def test_a_claim_of_a_killed_run_is_taken_up_by_its_batch(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", {"a.png": drawing(1), "b.png": drawing(1)})
    source = source_at(folder)
    (key,) = register_source(local, source, 10).batches
    ingest_batch(local, source, key)  # claimed for a.png, and never published
    (folder / "a.png").unlink()
    output = ingest_batch(local, source, key)
    assert output.results["item"].to_list() == ["b.png"]
    assert reasons_by_item(output) == {"a.png": "unreadable"}


def test_what_is_in_memory_is_bounded(local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = drawings(60)
    source = source_at(write_files(tmp_path / "s", {"a.tar": tar_of(data)}))
    register_source(local, source, 100)
    # Bounds of small pictures; and what is in memory in between is seen from within only.
    monkeypatch.setattr(ingestion, "WINDOW_BYTES", 5000)
    monkeypatch.setattr(ingestion, "CHUNK_BYTES", 500)
    alive, most, counting = 0, 0, threading.Lock()
    put = Blobs.put

    def counted_examine(content: bytes) -> object:
        nonlocal alive, most
        with counting:
            alive += len(content)
            most = max(most, alive)
        return examiners.examined(content)

    def counted_put(blobs: Blobs, content: bytes, extension: str, sha256: str | None = None) -> str:
        nonlocal alive
        path = put(blobs, content, extension, sha256)
        with counting:
            alive -= len(content)
        return path

    monkeypatch.setattr(ingestion, "examined", counted_examine)
    monkeypatch.setattr(Blobs, "put", counted_put)
    assert ingest_all(local, source).results.height == 60
    assert sum(map(len, data.values())) > 4 * most > 0
