"""The Dagster instance that the commands work on: where it is, and how it is opened."""

import contextlib
import os
import re
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from sqlalchemy.exc import SQLAlchemyError

from wethink_assets.config import config_path
from wethink_assets.defs.graph import set_pool_limits
from wethink_assets.defs.runs.code_location import runs_of_this_process
from wethink_assets.defs.runs.database_faults import database_fault, is_database_error
from wethink_assets.errors import ConfigError
from wethink_assets.plain_text import in_one_line
from wethink_assets.storage.faults import fault_at

CONFIG = "dagster.yaml"
LOGS = "storage"  # the folder in DAGSTER_HOME where Dagster keeps the output of runs
_PLAIN = re.compile(r"[\w/.+=@,~ -]*")  # paths that are no globs and no parts of URLs


def dagster_home() -> Path:
    """DAGSTER_HOME, or where it is unset the folder of `wethink.toml`. Raises `ConfigError` when that is no instance's home."""
    named = os.environ.get("DAGSTER_HOME")
    home = Path(named).expanduser().resolve() if named else config_path().parent
    if not home.is_dir():
        raise ConfigError(f"DAGSTER_HOME {home} is not a folder")
    if not named and not (home / CONFIG).is_file():
        raise ConfigError(f"{home} has no {CONFIG}: set DAGSTER_HOME to the folder that has one")
    return home


@contextlib.contextmanager
def project_instance() -> Iterator[dg.DagsterInstance]:
    """The project's instance, with its pools limited. The process works in its folder meanwhile: its paths are relative."""
    home = dagster_home()
    tables = _tables(home / CONFIG)
    _make_folders(home, _named_folders(tables))
    os.environ["DAGSTER_HOME"] = str(home)
    with contextlib.chdir(home), fewer_disk_syncs(), _instance_at(home, tables) as instance:
        set_pool_limits(instance)
        handlers = instance.get_yaml_python_handlers()
        # Dagster would configure logging anew at the start of each run, which shuts the handlers of all others: of several runs in one process
        # one would wait for the other for ever.
        instance.get_yaml_python_handlers = lambda: handlers  # type: ignore[method-assign]
        yield runs_of_this_process(instance)


def update_instance(update: Callable[[dg.DagsterInstance], object]) -> str:
    """Show the project's instance something that the store holds by now; empty where that was done, else why not.

    It is a view of the store, so an instance that is missing or out of order fails no command: `wethink sync`, or the sensor `registered_batches`
    once the UI is started, makes up for it.
    """
    try:
        with project_instance() as instance:
            update(instance)
    except ConfigError as error:  # there may be no home at all
        return in_one_line(str(error))
    except Exception as error:
        # dagster-postgres raises an error of its own, which is not one of Dagster's.
        if not isinstance(error, (dg.DagsterError, SQLAlchemyError, OSError)) and not is_database_error(error):
            raise
        return database_fault(error, dagster_home()) or in_one_line(str(error))
    return ""


@contextlib.contextmanager
def _instance_at(home: Path, tables: dict[str, Any]) -> Iterator[dg.DagsterInstance]:
    """The instance of a home, whatever characters its path holds.

    Dagster takes the path for a glob (and reads the `dagster.yaml` of others) and for a part of a URL (and writes its databases elsewhere), so
    where it holds anything that means something there, Dagster is given a link to it.
    """
    if _PLAIN.fullmatch(str(home)):
        with dg.DagsterInstance.get() as instance:
            yield instance
        return
    usual = tempfile.gettempdir()
    parent = usual if _PLAIN.fullmatch(usual) else "/tmp"  # noqa: S108 (what is made there is a folder of one's own)
    with tempfile.TemporaryDirectory(prefix="wethink-home-", dir=parent) as folder:
        link = Path(folder, "home")
        link.symlink_to(home)
        _make_folders(home, [LOGS])
        Path(folder, LOGS).symlink_to(home / LOGS)
        Path(folder, CONFIG).write_text(yaml.safe_dump(_absolute_folders(link, tables)), encoding="utf-8")
        os.environ["DAGSTER_HOME"] = folder
        try:
            opened = dg.DagsterInstance.get()
        finally:
            os.environ["DAGSTER_HOME"] = str(home)
        with opened as instance:
            yield instance


def _tables(file: Path) -> dict[str, Any]:
    """The tables of a `dagster.yaml`; none where there is no file. Raises `ConfigError` where it is not one, of which Dagster would say a part."""
    try:
        tables = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except OSError as error:
        raise ConfigError(fault_at(f"{file} cannot be read", error)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{file} is not YAML in UTF-8 ({in_one_line(str(error))}): copy the one of the repository"
        ) from error
    if tables is not None and not isinstance(tables, dict):
        raise ConfigError(f"{file} holds no tables: copy the one of the repository")
    return tables or {}


def _make_folders(home: Path, folders: Iterable[str]) -> None:
    """Make folders that `dagster.yaml` names, of which Dagster would say their relative path alone. Raises `ConfigError` where that cannot be."""
    for folder in folders:
        try:
            (home / folder).mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise ConfigError(
                f"{home / folder} is a file, where Dagster keeps its databases in a folder: move it away"
            ) from error
        except OSError as error:
            raise ConfigError(fault_at(f"{home / folder} cannot be made", error)) from error


def _named_folders(value: Any) -> Iterator[str]:
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key == "base_dir" and isinstance(inner, str):
            yield inner
        yield from _named_folders(inner)


def _absolute_folders(home: Path, tables: dict[str, Any]) -> dict[str, Any]:
    """The tables, with the folders that they name as absolute ones below `home`."""

    def below(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: below(inner, name) for name, inner in value.items()}
        return str(home / value) if key == "base_dir" and isinstance(value, str) else value

    return {name: below(table) for name, table in tables.items()}


@contextlib.contextmanager
def fewer_disk_syncs() -> Iterator[None]:
    """Let SQLite wait for the disk less often: a run of one batch commits 400 times, and each would cost two syncs.

    `synchronous = NORMAL` keeps all that was committed when a process is killed; a power cut may lose the last events, which
    `wethink sync` tells again from the store. One connection a database stays open, for whoever closes the last one
    must write the log back.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    held: dict[str, sqlite3.Connection] = {}
    lock = threading.Lock()  # several runs of this process may connect at once

    def relax(connection: Any, _: Any) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        connection.execute("PRAGMA synchronous = NORMAL")
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        if not path:
            return
        with lock:
            if path not in held:
                while len(held) > 8:
                    held.pop(next(iter(held))).close()
                held[path] = sqlite3.connect(path, check_same_thread=False)
            # A read makes the held connection notice that the file has a write-ahead log by now.
            held[path].execute("SELECT count(*) FROM sqlite_master").fetchall()

    event.listen(Engine, "connect", relax)
    try:
        yield
    finally:
        event.remove(Engine, "connect", relax)
        for connection in held.values():
            connection.close()
