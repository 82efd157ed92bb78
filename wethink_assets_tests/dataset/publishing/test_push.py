"""A push to a real S3 server is complete by its last write, goes on after a kill, sends nothing twice, and says what is wrong."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from wethink_assets.dataset.exports.checksums import SUMS, sums_of, write_sums
from wethink_assets.dataset.publishing.push import push, target_of
from wethink_assets.dataset.publishing.s3_target import S3Target
from wethink_assets.errors import ConfigError, StoreError, VersionError
from wethink_assets_tests.support.s3_server import S3Server, s3_server

PROGRAM = """
import sys
from pathlib import Path
from wethink_assets.dataset.publishing.push import push
from wethink_assets.dataset.publishing.s3_target import S3Target
endpoint, url, folder = sys.argv[1:]
target = S3Target.open(url, key="wethink", secret="wethink-secret", endpoint_url=endpoint)
push(Path(folder), target, progress=lambda done, total: print(done, flush=True))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in the form of an export: 30 files, some below folders, one with a strange name."""
    made = tmp_path / "export"
    for number in range(29):
        path = made / f"images/{number % 3}/{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(20_000))
    (made / "a strange 'name' + %2F é.json").write_text("{}")
    write_sums(made, sums_of(made))
    return made


def at(server: S3Server, prefix: str) -> S3Target:
    return S3Target.open(f"s3://{server.bucket}/{prefix}", **server.options)


def test_an_export_is_pushed_once(server: S3Server, folder: Path) -> None:
    would = push(folder, at(server, "once"), dry_run=True)
    assert (would.sent, would.complete, at(server, "once").names()) == (31, False, set())
    done = push(folder, at(server, "once"))
    assert (done.files, done.sent, done.kept, done.complete) == (31, 31, 0, True)
    assert at(server, "once").names() == set(sums_of(folder))
    body = server.client().get_object(Bucket=server.bucket, Key="once/images/0/0.png")["Body"].read()
    assert body == (folder / "images/0/0.png").read_bytes()
    again = push(folder, at(server, "once"))
    assert (again.sent, again.kept) == (0, 31)


@pytest.mark.slow
def test_a_killed_push_goes_on(server: S3Server, folder: Path) -> None:
    url = f"s3://{server.bucket}/killed"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, server.endpoint, url, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(5):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert at(server, "killed").sums() is None
    done = push(folder, at(server, "killed"))
    assert done.kept >= 5 and done.sent == 31 - done.kept
    assert at(server, "killed").sums() == (folder / SUMS).read_bytes()


def test_other_contents_are_replaced_only_when_asked(server: S3Server, folder: Path) -> None:
    push(folder, at(server, "other"))
    (folder / "images/0/0.png").write_bytes(b"another")
    (folder / "images/1/1.png").unlink()
    (folder / SUMS).unlink()
    write_sums(folder, sums_of(folder))
    with pytest.raises(VersionError, match="complete with other contents"):
        push(folder, at(server, "other"))
    done = push(folder, at(server, "other"), replace=True)
    assert (done.sent, done.kept, done.removed) == (2, 28, 1)
    assert at(server, "other").names() == set(sums_of(folder))


def test_strangers_files_are_left_alone(server: S3Server, folder: Path) -> None:
    server.client().put_object(Bucket=server.bucket, Key="strange/mine.txt", Body=b"mine")
    with pytest.raises(VersionError, match=r"1 files that are no part of .*mine\.txt"):
        push(folder, at(server, "strange"))
    assert at(server, "strange").names() == {"mine.txt"}


def test_a_damaged_export_is_not_pushed(server: S3Server, folder: Path) -> None:
    (folder / "images/0/0.png").write_bytes(b"bitten")
    with pytest.raises(VersionError, match=r"images/0/0\.png: altered"):
        push(folder, at(server, "damaged"))


def test_what_is_wrong_is_said(server: S3Server, folder: Path) -> None:
    with pytest.raises(StoreError, match="no bucket 'nowhere'"):
        push(folder, S3Target.open("s3://nowhere/x", **server.options))
    with pytest.raises(StoreError, match="credentials are refused") as refused:
        push(folder, S3Target.open(f"s3://{server.bucket}/x", **{**server.options, "secret": "sk-wrong"}))
    assert "sk-wrong" not in str(refused.value)
    with pytest.raises(ConfigError, match="s3://bucket/prefix"):
        target_of("ftp://somewhere")
    began = time.monotonic()
    assert push(folder, at(server, "right")).complete and time.monotonic() - began < 60
