"""Outages of a source end a batch without a verdict on its files, and what could not be read is offered again once it can be."""

import errno
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from wethink_assets.errors import SourceError, SourceUnreachable
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.known_versions import MOST_OFFERS
from wethink_assets.sources.registration import register_source
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.s3_server import S3Server
from wethink_assets_tests.support.sources import drawings, source_at, tar_of, write_files, zip_of
from wethink_assets_tests.support.tcp_proxy import TcpProxy, tcp_proxy

FILES = drawings(12)


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[TcpProxy]:
    with tcp_proxy(int(s3.endpoint.rpartition(":")[2])) as proxy:
        yield proxy


def on_s3(s3: S3Server, proxy: TcpProxy, files: dict[str, bytes]) -> Source:
    client, prefix = s3.client(), uuid.uuid4().hex
    for path, data in files.items():
        client.put_object(Bucket=s3.bucket, Key=f"{prefix}/{path}", Body=data)
    options = {
        **s3.options,
        "endpoint_url": f"http://127.0.0.1:{proxy.port}",
        "config_kwargs": {"retries": {"max_attempts": 0}},
    }
    return source_at(f"s3://{s3.bucket}/{prefix}", options=options)


def ingested(store: Store, source: Source, key: str) -> StageOutput:
    """A batch, published as its run does."""
    output = ingest_batch(store, source, key)
    Tables(store).publish("images", key, output, Provenance())
    return output


@pytest.mark.parametrize("form", ["files", "zip", "tar"])
@pytest.mark.parametrize("bytes_left", [0, 4000])
def test_a_server_that_goes_away_costs_no_image(
    form: str, bytes_left: int, s3: S3Server, proxy: TcpProxy, local: Store
) -> None:
    files = {"files": FILES, "zip": {"a.zip": zip_of(FILES)}, "tar": {"a.tar": tar_of(FILES)}}[form]
    source = on_s3(s3, proxy, files)
    [key] = register_source(local, source, 100).batches
    proxy.bytes_left = bytes_left
    with pytest.raises(SourceError, match=r"out of reach|cannot be opened"):
        ingest_batch(local, source, key)
    proxy.cut()
    proxy.bytes_left = None
    proxy.resume()
    output = ingested(local, source, key)
    assert output.results.height == len(FILES) and output.rejections.is_empty()


@pytest.mark.parametrize("number", [errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN])
def test_a_mount_that_is_stale_ends_the_batch(
    number: int, local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No mount can be made stale here, so `open` says what it would."""
    source = source_at(write_files(tmp_path / "s", FILES))
    [key] = register_source(local, source, 100).batches

    def stale(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr("wethink_assets.sources.locations.open", stale, raising=False)
        with pytest.raises(SourceUnreachable, match=os.strerror(number)):
            ingest_batch(local, source, key)
    assert ingested(local, source, key).results.height == len(FILES)


def test_an_outage_while_an_archive_is_listed_is_no_fault_of_the_archive(
    local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, `open` says what a stale mount would."""
    write_files(tmp_path / "s", {"some.zip": zip_of(FILES)})
    source = source_at(tmp_path / "s")

    def stale(*_: object, **__: object) -> None:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    with monkeypatch.context() as patched:
        patched.setattr("wethink_assets.sources.locations.open", stale, raising=False)
        with pytest.raises(SourceUnreachable):
            register_source(local, source, 100)
    found = register_source(local, source, 100)
    assert (found.new, found.refused) == (len(FILES), 0)


def test_a_file_that_was_away_is_offered_again_when_it_is_back(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", FILES)
    source, name = source_at(folder), next(iter(FILES))
    [key] = register_source(local, source, 100).batches
    away = tmp_path / "away.png"
    (folder / name).rename(away)
    first = ingested(local, source, key)
    assert first.rejections["reason"].to_list() == ["unreadable"]
    assert not register_source(local, source, 100).batches, "it is not listed"
    away.rename(folder / name)
    found = register_source(local, source, 100)
    assert (found.again, found.new, len(found.batches)) == (1, 0, 1)
    assert ingested(local, source, found.batches[0]).results["item"].to_list() == [name]
    assert not register_source(local, source, 100).batches


def test_what_cannot_be_opened_makes_no_batches(local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who runs as root may read everything, so `open` refuses one file."""
    folder = write_files(tmp_path / "s", FILES)
    source, name = source_at(folder), next(iter(FILES))
    [key] = register_source(local, source, 100).batches

    def refusing(path: str, *arguments: object, **options: object) -> object:
        if str(path).endswith(name):
            raise PermissionError(errno.EACCES, "Permission denied")
        return open(path, *arguments, **options)  # type: ignore[call-overload]

    with monkeypatch.context() as patched:
        patched.setattr("wethink_assets.sources.locations.open", refusing, raising=False)
        assert ingested(local, source, key).rejections["item"].to_list() == [name]
        for _ in range(3):
            assert not register_source(local, source, 100).batches
    assert register_source(local, source, 100).again == 1


def test_a_version_that_is_never_read_is_not_offered_for_ever(
    local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_files(tmp_path / "s", FILES)
    source, name = source_at(folder), next(iter(FILES))
    offers = 0
    while batches := register_source(local, source, 100).batches:
        offers += 1
        hidden = tmp_path / "hidden.png"
        (folder / name).rename(hidden)
        ingested(local, source, batches[0])
        hidden.rename(folder / name)
    assert offers == MOST_OFFERS
