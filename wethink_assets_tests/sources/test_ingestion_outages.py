"""Outages of a source end a batch without a verdict on its files, and what could not be read is offered again once it can be."""

import errno
import io
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from wethink_assets.errors import SourceChanged, SourceError, SourceUnreachable
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.registration import Unregistered, register_source, unregistered
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.s3_server import S3Server
from wethink_assets_tests.support.sources import drawings, parquet_of, source_at, tar_of, write_files, zip_of
from wethink_assets_tests.support.tcp_proxy import TcpProxy, tcp_proxy

FILES = drawings(12)
OTHERS = drawings(12, 200)
FILES_OF, OTHERS_OF = (
    {
        "file": dict(list(files.items())[:1]),
        "zip": {"a.zip": zip_of(files)},
        "tar": {"a.tar": tar_of(files)},
        "parquet": {"a.parquet": parquet_of(files)},
    }
    for files in (FILES, {f"other-{path}": data for path, data in OTHERS.items()})
)


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
    assert unregistered(local, source) == Unregistered("mine", 0, 0)
    away.rename(folder / name)
    (added,) = drawings(1, first=77)
    write_files(folder, drawings(1, first=77))
    assert unregistered(local, source) == Unregistered("mine", files=1, archives=0, again=1)
    (folder / added).unlink()
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


def test_a_file_is_offered_again_as_often_as_it_was_away(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", FILES)
    source, name = source_at(folder), next(iter(FILES))
    hidden = tmp_path / "hidden.png"
    for _ in range(7):
        [key] = register_source(local, source, 100).batches
        (folder / name).rename(hidden)
        assert ingested(local, source, key).rejections["item"].to_list() == [name]
        hidden.rename(folder / name)
    [key] = register_source(local, source, 100).batches
    assert ingested(local, source, key).results["item"].to_list() == [name]
    assert not register_source(local, source, 100).batches


def test_what_opens_and_cannot_be_read_makes_no_batches(
    local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No sector of a disk can be made bad here, so the file says what the disk would once its first block was read."""
    folder = write_files(tmp_path / "s", FILES)
    source, name = source_at(folder), next(iter(FILES))
    [key] = register_source(local, source, 100).batches

    class Bad(io.FileIO):
        def read(self, size: int = -1) -> bytes:
            return super().read(size) if 0 <= size <= 4096 else self.fail()

        def fail(self) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def opened(path: str, *arguments: object, **options: object) -> object:
        return Bad(path) if str(path).endswith(name) else open(path, *arguments, **options)  # type: ignore[call-overload]

    with monkeypatch.context() as patched:
        patched.setattr("wethink_assets.sources.locations.open", opened, raising=False)
        assert ingested(local, source, key).rejections["item"].to_list() == [name]
        for _ in range(3):
            assert not register_source(local, source, 100).batches
    [key] = register_source(local, source, 100).batches
    assert ingested(local, source, key).results["item"].to_list() == [name]


@pytest.mark.parametrize("form", ["file", "zip", "tar", "parquet"])
@pytest.mark.parametrize("seen_between", [False, True])
def test_what_was_another_when_it_was_read_and_is_back_is_offered_again(
    form: str, seen_between: bool, local: Store, tmp_path: Path
) -> None:
    """As from a backup: with the content and the time that it had."""
    [(name, data)] = FILES_OF[form].items()
    [(_, other)] = OTHERS_OF[form].items()
    path = write_files(tmp_path / "s", {name: data}) / name
    source, before = source_at(tmp_path / "s"), path.stat()
    for _ in range(2):
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        [key] = register_source(local, source, 100).batches
        path.write_bytes(other)
        output = ingested(local, source, key)
        assert output.results.is_empty()
        assert set(output.rejections["reason"]) == {"changed_since_registration"}
        if seen_between:
            for each in register_source(local, source, 100).batches:
                assert not ingested(local, source, each).results.is_empty()
        seen_between = False
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    back = register_source(local, source, 100)
    [key] = back.batches
    output = ingested(local, source, key)
    assert output.results.height == back.again == (1 if form == "file" else len(FILES))
    assert not register_source(local, source, 100).batches


def test_a_file_that_is_written_into_as_it_is_read_is_not_taken_for_the_one_before(
    local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(name, data)] = drawings(1).items()
    path = write_files(tmp_path / "s", {name: data}) / name
    source, before = source_at(tmp_path / "s"), path.stat()
    [key] = register_source(local, source, 100).batches
    [other] = drawings(1, 50).values()

    def opened(file: str, *arguments: object, **options: object) -> object:
        stream = open(file, *arguments, **options)  # type: ignore[call-overload]  # noqa: SIM115
        if file.endswith(name):
            accepted = os.fstat
            monkeypatch.setattr(
                os, "fstat", lambda number: (accepted(number), left and path.write_bytes(left.pop()))[0]
            )
        return stream

    left = [other]
    with monkeypatch.context() as patched:
        patched.setattr("wethink_assets.sources.locations.open", opened, raising=False)
        assert ingested(local, source, key).rejections["reason"].to_list() == ["changed_since_registration"]
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    [key] = register_source(local, source, 100).batches
    assert ingested(local, source, key).results["item"].to_list() == [name]


@pytest.mark.parametrize("form", ["zip", "tar", "parquet"])
def test_an_archive_that_is_written_into_as_it_is_listed_or_read_is_not_taken_for_the_one_before(
    form: str, local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(name, data)] = FILES_OF[form].items()
    [(_, other)] = OTHERS_OF[form].items()
    path = write_files(tmp_path / "s", {name: data}) / name
    source, before = source_at(tmp_path / "s"), path.stat()

    def back() -> None:
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    class Overwritten(ArchiveStream):
        """Written into when it is closed, by when all of it was read."""

        def close(self) -> None:
            path.write_bytes(other)
            super().close()

    with monkeypatch.context() as patched:
        patched.setattr("wethink_assets.sources.archives.ArchiveStream", Overwritten)
        assert [refusal.reason for refusal in register_source(local, source, 100).refusals] == ["changed_while_listed"]
        back()
        with pytest.raises(SourceChanged):
            patched.setattr("wethink_assets.sources.archives.ArchiveStream", ArchiveStream)
            [key] = register_source(local, source, 100).batches
            patched.setattr("wethink_assets.sources.archives.ArchiveStream", Overwritten)
            ingested(local, source, key)
    back()
    assert ingested(local, source, key).results.height == len(FILES)
