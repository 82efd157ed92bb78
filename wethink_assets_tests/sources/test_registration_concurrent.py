"""Registrations at once, of many files, and of a source on S3."""

import io
import multiprocessing
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.errors import SourceError
from wethink_assets.sources.batches import batch_numbers, batch_path, create_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.registration_race import register_at_the_gate
from wethink_assets_tests.support.s3_server import S3Server
from wethink_assets_tests.support.sources import drawings, items, source_at, write_files, zip_of


def test_ten_thousand_files_register_in_seconds(local: Store, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    for number in range(10):
        (folder / str(number)).mkdir(parents=True)
        for other in range(1000):
            (folder / str(number) / f"{other}.png").touch()
    source = source_at(folder)
    started = time.perf_counter()
    assert register_source(local, source, 1000).new == 10_000
    (folder / "late.png").touch()
    assert register_source(local, source, 1000).batches == ["mine.000011"]
    assert time.perf_counter() - started < 60


@pytest.mark.parametrize("kind", ["local", "s3"])
def test_two_registrations_at_once_lose_and_double_nothing(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    options: dict[str, object] = {}
    url = str(tmp_path / "store")
    if kind == "s3":
        server: S3Server = request.getfixturevalue("s3")
        url, options = f"s3://{server.bucket}/{uuid.uuid4().hex}", server.options
    count = 150 if kind == "local" else 16
    folder = write_files(tmp_path / "s", {f"{number:04d}.png": b"" for number in range(count)})
    spawn = multiprocessing.get_context("spawn")
    gate = spawn.Barrier(2)
    # Different batch sizes make the two decide differently at every step.
    processes = [
        spawn.Process(target=register_at_the_gate, args=(url, options, str(folder), size, gate)) for size in (2, 3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    store = Store.open(url, **options)
    assert sorted(items(store)) == sorted(path.name for path in folder.iterdir())
    numbers = batch_numbers(store, "mine")
    assert numbers == list(range(1, len(numbers) + 1))
    assert register_source(store, source_at(folder), 5).batches == []


@dataclass(frozen=True)
class Raced(Store):
    """A store in which another process takes the first batch's number, for other files, just before this one does."""

    taken: list[str] = field(default_factory=list)

    def create(self, relative: str, data: bytes, durable: bool = True) -> bool:
        if relative == batch_path("mine.000001") and not self.taken:
            self.taken.append(relative)
            assert create_batch(self, "mine.000001", pl.read_parquet(io.BytesIO(data)).tail(2))
        return super().create(relative, data, durable)


def test_a_lost_race_is_decided_again(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", drawings(6))
    source = source_at(folder)
    raced = Raced(local.url, local.fs, local.root)
    found = register_source(raced, source, 4)
    assert raced.taken
    assert (found.new, found.batches) == (4, ["mine.000002"])
    assert sorted(items(local)) == sorted(drawings(6))


def test_a_source_on_s3(s3: S3Server, local: Store, tmp_path: Path) -> None:
    client, prefix = s3.client(), uuid.uuid4().hex

    def put(path: str, data: bytes) -> None:
        client.put_object(Bucket=s3.bucket, Key=f"{prefix}/{path}", Body=data)

    for path, data in {**drawings(4), "ann.json": b"{}", "more.zip": zip_of(drawings(3, first=10))}.items():
        put(path, data)
    source = source_at(f"s3://{s3.bucket}/{prefix}", options=s3.options)
    found = register_source(local, source, 10)
    assert (found.files, len(found.ignored)) == (7, 1)
    put("train/00001.png", drawing(50))
    put("train/00009.png", drawing(51))
    client.delete_object(Bucket=s3.bucket, Key=f"{prefix}/train/00000.png")
    found = register_source(local, source, 10)
    assert (found.new, found.changed, found.vanished) == (1, 1, 1)
    assert register_source(local, source, 10).batches == []
    with pytest.raises(SourceError, match=f"{prefix}-nothing"):
        register_source(local, source_at(f"s3://{s3.bucket}/{prefix}-nothing", options=s3.options), 10)
