"""Fixtures for all tests: a store on a disk and on a real S3 server."""

import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from wethink_assets.storage.store import Store
from wethink_assets_tests.support.s3_server import S3Server, s3_server


def pytest_configure() -> None:
    """Heed SIGINT also where a shell's `&` had it ignored: Dagster has SIGTERM treated alike, and all processes started later would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A running S3 server, one for the whole session."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store, once on this disk and once on S3."""
    if request.param == "local":
        return Store.open(str(tmp_path / "store"))
    server = request.getfixturevalue("s3")
    return Store.open(f"s3://{server.bucket}/{uuid.uuid4().hex}", **server.options)
