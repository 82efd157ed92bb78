"""The move of a history from SQLite to an empty database of PostgreSQL: all runs, events, partitions, schedules, and counts that prove it.

Each step adds only what is not there, so a move that was killed is gone on with by the same command. Until it has ended, the databases in SQLite
are those in force; they are read alone.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import dagster as dg

from wethink_assets.defs.runs.history.event_ids import EventIds
from wethink_assets.defs.runs.history.sqlite_files import EVENT_COLUMNS, SqliteFiles
from wethink_assets.defs.runs.liveness import RUNNING, dead_runs, fail_dead_runs
from wethink_assets.errors import ConfigError

__all__ = ["MovedHistory", "move_history"]

STATE = "wethink/history"  # key in Dagster's table of keys and values
ALIVE = 120.0  # seconds: a daemon beats every 30
CHUNK = 2_000
LOCK = 7_468_104_771  # of PostgreSQL's advisory locks: one move at a time
_OF_RUNS = ("snapshots", "runs", "run_tags", "bulk_actions", "backfill_tags", "kvs")
_OF_INDEX = ("asset_keys", "asset_event_tags", "dynamic_partitions", "asset_check_executions")
_OF_SCHEDULES = ("jobs", "instigators", "job_ticks", "asset_daemon_asset_evaluations")
_GOING_ON = "'STARTING', 'STARTED', 'CANCELING'"
_PENDING = "'REQUESTED', 'CANCELING', 'FAILING'"
Row = tuple[Any, ...]


@dataclass
class MovedHistory:
    """What a move has put into PostgreSQL: rows by table, all counted there and found equal."""

    rows: dict[str, int] = field(default_factory=dict)
    runs: int = 0
    events: int = 0
    seconds: float = 0.0


def move_history(instance: dg.DagsterInstance, folder: Path, progress: Callable[[str], None]) -> MovedHistory:
    """Copy the history in the SQLite files below `folder` to the instance, which is in PostgreSQL. Safe to repeat.

    Raises `ConfigError` where something still works on either side, where the instance has a history of its own, and where counts differ.
    """
    began = time.monotonic()
    files = SqliteFiles.open(folder)
    url = str(getattr(instance.event_log_storage, "postgres_url", ""))
    if not url.startswith("postgres"):
        raise ConfigError(
            f"the instance is not in PostgreSQL, to which the history in {folder} is moved: see docs/postgresql.md"
        )
    _check_source(files, instance)
    with closing(_connected(url)) as connection:
        target = Target(connection)
        ended = _begin(target, files)
        if ended:
            return ended
        for pool in _chosen_limits(files):
            instance.event_log_storage.set_concurrency_slots(*pool)
        ids = EventIds(files)
        _copy_tables(target, files, ids, progress)
        _copy_events(target, ids, progress)
        moved = _compared(target, files, ids)
        target.restart_counts()
        moved.seconds = time.monotonic() - began
        target.put_state(files, moved)
    fail_dead_runs(instance)
    return moved


def _connected(url: str) -> Any:
    import psycopg2
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    return psycopg2.connect(
        host=parsed.host,
        port=parsed.port,
        user=parsed.username,
        password=parsed.password,
        dbname=parsed.database,
        **{name: str(value) for name, value in parsed.query.items()},
    )


def _check_source(files: SqliteFiles, instance: dg.DagsterInstance) -> None:
    """Refuse a history that is still being written, or of another release of Dagster."""
    if files.count(files.runs, "runs", f"status IN ({_GOING_ON})") and (alive := _live_runs(files.folder)):
        raise ConfigError(f"{len(alive)} runs in {files.folder} go on, {alive[0]} for one: let them end, or end them")
    pending = files.count(files.runs, "bulk_actions", f"status IN ({_PENDING})")
    if pending:
        raise ConfigError(f"{pending} backfills in {files.folder} are not over: let them end, or cancel them in the UI")
    since = datetime.fromtimestamp(time.time() - ALIVE, UTC).strftime("%Y-%m-%d %H:%M:%S")
    if files.count(files.runs, "daemon_heartbeats", f"timestamp > '{since}'"):
        raise ConfigError(
            f"a daemon works on {files.folder}, or did within {ALIVE:.0f} s: stop the UI, and run the command again in two minutes"
        )
    newest = (instance.event_log_storage.alembic_version() or ("", ""))[1]
    for path in (files.runs, files.index, files.schedules):
        if files.schema(path) != newest:
            raise ConfigError(
                f"{path} is of schema {files.schema(path) or 'unknown'}, where the installed Dagster has {newest}: "
                "run `dagster instance migrate` with the dagster.yaml of before"
            )


def _live_runs(folder: Path) -> list[str]:
    """Runs that are not over and whose process may be there; those of dead processes are moved, and marked as failed where they are now."""
    with tempfile.TemporaryDirectory() as home:
        link = Path(home, "databases")  # whose path means nothing to Dagster, which takes it for a part of a URL
        link.symlink_to(folder.resolve())
        Path(home, "dagster.yaml").write_text(json.dumps({"storage": {"sqlite": {"base_dir": str(link)}}}))
        with dg.DagsterInstance.from_config(home) as old:
            dead = dead_runs(old)
            running = old.get_run_records(dg.RunsFilter(statuses=RUNNING))
            return [each.dagster_run.run_id for each in running if each.dagster_run.run_id not in dead]


def _begin(target: "Target", files: SqliteFiles) -> MovedHistory | None:
    """What was moved, where this history was before; else a move begins, in an empty database only, or goes on. One at a time."""
    if not target.value("SELECT pg_try_advisory_lock(%s)", (LOCK,)):
        raise ConfigError("another process moves a history into this database: let it end")
    state = target.state()
    if state:
        if state["from"] != str(files.folder.resolve()):
            raise ConfigError(f"this database holds the history of {state['from']} already: name an empty one")
        return MovedHistory(**state["moved"]) if state["moved"] else None
    runs, events = target.count("runs"), target.count("event_logs")
    if runs or events:
        raise ConfigError(
            f"this database has a history of its own, {runs} runs and {events} events: name an empty one, "
            "and move the history before anything else works on it"
        )
    target.put_state(files, None)
    return None


class Target:
    """Tables in PostgreSQL, and rows that are added where they are not there."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def value(self, statement: str, values: Row = ()) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            row = cursor.fetchone()
        return row[0] if row else None

    def count(self, table: str) -> int:
        return int(self.value(f'SELECT count(*) FROM "{table}"'))  # noqa: S608

    def state(self) -> dict[str, Any]:
        """From where a history was moved here, and what, once that has ended; empty before it began."""
        found = self.value("SELECT value FROM kvs WHERE key = %s", (STATE,))
        state: dict[str, Any] = json.loads(found) if found else {}
        return state

    def put_state(self, files: SqliteFiles, moved: MovedHistory | None) -> None:
        statement = "INSERT INTO kvs (key, value) VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value RETURNING 1"
        state = {"from": str(files.folder.resolve()), "moved": asdict(moved) if moved else None}
        self.value(statement, (STATE, json.dumps(state)))
        self._connection.commit()

    def columns(self, table: str) -> dict[str, str]:
        """Names and types of a table's columns."""
        statement = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s"
        with self._connection.cursor() as cursor:
            cursor.execute(statement, (table,))
            return dict(cursor.fetchall())

    def add(self, table: str, columns: list[str], rows: Iterable[Row]) -> None:
        """Add rows whose ids, or other keys, are not there."""
        from psycopg2.extras import execute_values

        names = ", ".join(f'"{name}"' for name in columns)
        statement = f'INSERT INTO "{table}" ({names}) VALUES %s ON CONFLICT DO NOTHING'  # noqa: S608
        left = iter(rows)
        while chunk := list(islice(left, CHUNK)):
            with self._connection.cursor() as cursor:
                execute_values(cursor, statement, chunk, page_size=CHUNK)
            self._connection.commit()

    def restart_counts(self) -> None:
        """Let the next id of each table be one that no row has."""
        for table in (*_OF_RUNS, *_OF_INDEX, *_OF_SCHEDULES, "event_logs"):
            sequence = (
                self.value("SELECT pg_get_serial_sequence(%s, 'id')", (table,)) if "id" in self.columns(table) else None
            )
            if sequence:
                self.value(f'SELECT setval(%s, greatest((SELECT max(id) FROM "{table}"), 1))', (sequence,))  # noqa: S608
        self._connection.commit()


def _copy_tables(target: Target, files: SqliteFiles, ids: EventIds, progress: Callable[[str], None]) -> None:
    renamed: dict[tuple[str, str], Callable[[Any], Any]] = {
        ("asset_keys", "last_materialization"): ids.in_last_record,
        ("asset_keys", "cached_status_data"): lambda text: None,  # made anew when it is asked for
        ("asset_event_tags", "event_id"): ids.of,
        ("asset_check_executions", "evaluation_event"): ids.in_event,
        ("asset_check_executions", "evaluation_event_storage_id"): ids.of,
        ("asset_check_executions", "materialization_event_storage_id"): ids.of,
        ("instigators", "instigator_body"): ids.in_sensor,
        ("jobs", "job_body"): ids.in_sensor,
    }
    for path, table in _tables(files):
        there = target.columns(table)
        columns = [name for name in files.columns(path, table) if name in there]
        changes: list[Callable[[Any], Any]] = [
            renamed.get((table, name)) or (bool if there[name] == "boolean" else _same) for name in columns
        ]
        keyed = {name: place for place, name in enumerate(columns)}

        def changed(row: Row, table: str = table, changes: Any = changes, keyed: Any = keyed) -> Row:
            new = [value if value is None else change(value) for value, change in zip(row, changes, strict=True)]
            if table == "asset_event_tags" and str(row[keyed["key"]]).startswith("dagster/input_event_pointer/"):
                value = str(row[keyed["value"]])
                new[keyed["value"]] = str(ids.of(int(value))) if value.isdigit() else value
            return tuple(new)

        target.add(table, columns, map(changed, files.rows(path, table, columns)))
        progress(f"{table}: {target.count(table):,}")


def _copy_events(target: Target, ids: EventIds, progress: Callable[[str], None]) -> None:
    def rows() -> Iterator[Row]:
        for done, run_id in enumerate(ids.runs):
            if done % 500 == 0:
                progress(f"event_logs: runs {done:,} of {len(ids.runs):,}")
            for number, event in ids.events(run_id):
                yield (number, *event)

    target.add("event_logs", ["id", *EVENT_COLUMNS], rows())


def _compared(target: Target, files: SqliteFiles, ids: EventIds) -> MovedHistory:
    """What is there now, equal to what was there before. Raises `ConfigError` where it is not."""
    moved = MovedHistory()
    differing = []
    for path, table in _tables(files):
        before, now = files.count(path, table), target.count(table) - (table == "kvs")
        moved.rows[table] = now
        if before != now:
            differing.append(f"{table} has {now:,} of {before:,} rows")
    moved.events = moved.rows["event_logs"] = target.count("event_logs")
    if moved.events != len(ids):
        differing.append(f"event_logs has {moved.events:,} of {len(ids):,} rows")
    if differing:
        raise ConfigError(
            f"the history was not moved: {', '.join(differing)}; something worked on one side meanwhile: stop it, make an empty database, "
            "and run the command again"
        )
    moved.runs = moved.rows["runs"]
    return moved


def _tables(files: SqliteFiles) -> Iterator[tuple[Path, str]]:
    for path, names in ((files.runs, _OF_RUNS), (files.index, _OF_INDEX), (files.schedules, _OF_SCHEDULES)):
        there = files.tables(path)
        yield from ((path, name) for name in names if name in there)


def _chosen_limits(files: SqliteFiles) -> Iterator[tuple[str, int]]:
    """Limits of pools that somebody chose; their slots are made anew."""
    for name, limit, by_default in files.rows(
        files.index, "concurrency_limits", ["concurrency_key", "limit", "using_default_limit"]
    ):
        if not by_default:
            yield name, limit


def _same(value: Any) -> Any:
    return value
