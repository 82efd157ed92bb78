"""The SQLite databases of a Dagster instance, as they are: runs, schedules, one file of events a run, and the index over those of assets."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wethink_assets.errors import ConfigError

__all__ = ["EVENT_COLUMNS", "Event", "SqliteFiles"]

EVENT_COLUMNS = ("run_id", "event", "dagster_event_type", "timestamp", "step_key", "asset_key", "partition")
Event = tuple[Any, ...]
"""The values of `EVENT_COLUMNS`."""
_RUNLESS = ""
"""What Dagster calls the run of events that belong to none; their file is `.db`."""


@dataclass(frozen=True)
class SqliteFiles:
    """The files below the folder that `storage: sqlite: base_dir` of `dagster.yaml` names."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> "SqliteFiles":
        """The files in a folder. Raises `ConfigError` where one is missing, damaged or none of Dagster's."""
        files = cls(folder)
        for path, table in ((files.runs, "runs"), (files.index, "event_logs"), (files.schedules, "instigators")):
            if not path.is_file():
                raise ConfigError(
                    f"{folder} has no history of Dagster in SQLite: {path} is missing; name the folder `base_dir` of before"
                )
            if table not in files.tables(path):
                raise ConfigError(f"{path} is no database of Dagster: it has no table {table}")
        return files

    @property
    def runs(self) -> Path:
        """Runs, their tags, backfills, snapshots of jobs."""
        return self.folder / "history" / "runs.db"

    @property
    def index(self) -> Path:
        """Events of assets, checks and ends of runs once more, with ids by which they are referred to; partitions and pools."""
        return self.folder / "history" / "runs" / "index.db"

    @property
    def schedules(self) -> Path:
        """States and ticks of schedules and sensors."""
        return self.folder / "schedules" / "schedules.db"

    def run_ids(self) -> list[str]:
        """Runs that have a file of events, in order; the empty one is that of events that belong to no run."""
        names = {path.name.removesuffix(".db") for path in self.index.parent.glob("*.db")} - {"index"}
        runless = {_RUNLESS} if self._events_of(_RUNLESS).is_file() else set()
        return sorted(names | runless)

    def _events_of(self, run_id: str) -> Path:
        return self.index.parent / f"{run_id}.db"

    @contextmanager
    def connected(self, path: Path) -> Iterator[sqlite3.Connection]:
        """A connection that writes nothing of ours. Raises `ConfigError` where the file is no sound database.

        What a killed run left unfinished is undone by SQLite itself, which a connection that is opened for reading may not.
        """
        mode = "rw" if os.access(path, os.W_OK) else "ro"
        try:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=60)) as connection:
                connection.execute("PRAGMA query_only = ON")
                yield connection
        except sqlite3.Error as error:
            raise ConfigError(f"{path} cannot be read: {error}; restore it from a backup, or move it away") from error

    def tables(self, path: Path) -> list[str]:
        """Names of a database's tables."""
        with self.connected(path) as connection:
            return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]

    def columns(self, path: Path, table: str) -> list[str]:
        """Names of a table's columns."""
        with self.connected(path) as connection:
            return [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]

    def count(self, path: Path, table: str, condition: str = "1") -> int:
        """How many rows of a table meet a condition."""
        with self.connected(path) as connection:
            return int(connection.execute(f'SELECT count(*) FROM "{table}" WHERE {condition}').fetchone()[0])  # noqa: S608

    def rows(self, path: Path, table: str, columns: list[str]) -> Iterator[tuple[Any, ...]]:
        """Rows of a table in the order of their ids."""
        names = ", ".join(f'"{name}"' for name in columns)
        with self.connected(path) as connection:
            yield from connection.execute(f'SELECT {names} FROM "{table}" ORDER BY id')  # noqa: S608

    def schema(self, path: Path) -> str:
        """The release of a database's schema, as Dagster stamps it; empty where there is none."""
        if "alembic_version" not in self.tables(path):
            return ""
        with self.connected(path) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(found[0]) if found else ""

    def events(self, run_id: str) -> Iterator[Event]:
        """The events of a run as its file has them, in order; none where a killed process left the file without a table."""
        path = self._events_of(run_id)
        if path.is_file() and "event_logs" in self.tables(path):
            yield from self.rows(path, "event_logs", list(EVENT_COLUMNS))

    def indexed(self, run_id: str) -> Iterator[tuple[int, Event]]:
        """The ids and events that the index has of a run, in order."""
        with self.connected(self.index) as connection:
            found = connection.execute(
                f"SELECT id, {', '.join(EVENT_COLUMNS)} FROM event_logs WHERE run_id = ? OR (? = '' AND run_id IS NULL) ORDER BY id",  # noqa: S608
                (run_id, run_id),
            )
            for number, *event in found:
                yield number, tuple(event)
