"""A claim of a batch that does not have the image stands in nobody's way: no kill, touch, copy or removal loses an image or has it twice."""

import os
import signal
import subprocess
import sys
import uuid
from collections import Counter
from pathlib import Path

import pytest

from wethink_assets.sources import ingestion
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.claims import claim_path, holder
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.file_kinds import known_file
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.image_histories import History
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.s3_server import S3Server
from wethink_assets_tests.support.sources import reasons_by_item, source_at, write_files

KILLED = """
import os, signal, sys
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.sources import source_at

store, location, batch = sys.argv[1:]
ingest_batch(Store.open(store), source_at(location), batch)
os.kill(os.getpid(), signal.SIGKILL)  # all is claimed, and no table is published
"""
LATER = 1_900_000_000


def published(store: Store, source: Source, batch: str) -> dict[str, str]:
    """A batch, run and published: its images by item."""
    output = ingest_batch(store, source, batch)
    Tables(store).publish("images", batch, output, Provenance())
    return dict(output.results.select("item", "image_id").iter_rows())


def killed(store: Store, source: Source, batch: str) -> None:
    """A batch whose process is killed once its images are claimed."""
    call = [sys.executable, "-c", KILLED, store.root, source.location, batch]
    assert subprocess.run(call, check=False).returncode == -signal.SIGKILL


@pytest.mark.parametrize("holder_first", [True, False])
def test_a_file_that_was_touched_after_a_kill_is_kept(local: Store, tmp_path: Path, holder_first: bool) -> None:
    folder = write_files(tmp_path / "s", {"a.png": drawing(1), "b.png": drawing(2)})
    source = source_at(folder)
    (first,) = register_source(local, source, 10).batches
    killed(local, source, first)
    os.utime(folder / "a.png", (LATER, LATER))
    (second,) = register_source(local, source, 10).batches
    images: Counter[str] = Counter()
    for batch in (first, second) if holder_first else (second, first):
        images.update(published(local, source, batch).values())
    again = register_source(local, source, 10)
    for batch in again.batches:
        images.update(published(local, source, batch).values())
    assert again.again == (0 if holder_first else 1)
    assert len(images) == 2 and set(images.values()) == {1}
    assert register_source(local, source, 10).batches == []


def test_a_copy_in_another_source_is_kept_when_the_holder_lost_its_file(local: Store, tmp_path: Path) -> None:
    mine = source_at(write_files(tmp_path / "mine", {"a.png": drawing(1)}))
    other = source_at(write_files(tmp_path / "other", {"copy.png": drawing(1)}), "other")
    (first,) = register_source(local, mine, 10).batches
    (second,) = register_source(local, other, 10).batches
    published(local, mine, first)
    assert published(local, other, second) == {}
    (tmp_path / "mine" / "a.png").unlink()
    assert published(local, mine, first) == {}
    (third,) = register_source(local, other, 10).batches
    (image,) = published(local, other, third).values()
    held = holder(local, image)
    assert held is not None and held.batch == third


def test_files_that_were_recopied_are_kept_when_their_batch_runs_again(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", {"a.png": drawing(1)})
    source = source_at(folder)
    (first,) = register_source(local, source, 10).batches
    published(local, source, first)
    os.utime(folder / "a.png", (LATER, LATER))
    assert register_source(local, source, 10).known == 1
    assert reasons_by_item(ingest_batch(local, source, first)) == {"a.png": "changed_since_registration"}
    assert published(local, source, first) == {}
    (second,) = register_source(local, source, 10).batches
    assert list(published(local, source, second)) == ["a.png"]


def test_a_claim_that_stands_is_not_succeeded_to(local: Store, tmp_path: Path) -> None:
    source = source_at(write_files(tmp_path / "s", {"a.png": drawing(1), "b.png": drawing(1)}))
    (first,) = register_source(local, source, 10).batches
    (image,) = published(local, source, first).values()
    published(local, source, first)
    assert not local.exists(claim_path(image, 2)) and local.files("doubtful") == []
    assert all(known_file(path) for path in (claim_path(image), claim_path(image, 2)))


def lived(store: Store, folder: Path, seed: int, steps: int) -> None:
    """A history, at whose end every content that is there is an image once."""
    history = History(store, folder, seed)
    history.live(steps)
    held = history.held()
    assert len(held) == len(set(held)), (seed, history.steps)
    assert history.present() <= set(held), (seed, history.steps)
    assert all(known_file(path) for path in store.files(""))


def test_no_history_loses_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingestion, "CHUNK_FILES", 1)  # so that a kill comes between two files
    for seed in range(6):
        lived(Store.open(str(tmp_path / str(seed) / "store")), tmp_path / str(seed) / "files", seed, 25)


@pytest.mark.slow
def test_no_history_of_many_loses_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingestion, "CHUNK_FILES", 1)
    for seed in range(1000, 1000 + int(os.environ.get("WETHINK_HISTORIES", "60"))):
        lived(Store.open(str(tmp_path / str(seed) / "store")), tmp_path / str(seed) / "files", seed, 30)


@pytest.mark.slow
def test_no_history_on_s3_loses_an_image(tmp_path: Path, s3: S3Server) -> None:
    for seed in range(3):
        store = Store.open(f"s3://{s3.bucket}/{uuid.uuid4().hex}", **s3.options)
        lived(store, tmp_path / str(seed), seed, 25)
