"""Faults of Dagster's databases as a sentence: which database it is, what is wrong, and what to do."""

import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wethink_assets.plain_text import in_one_line

__all__ = ["PostgresFault", "database_fault", "is_database_error", "postgres_fault"]

_REMEDIES = (
    (
        "readonly database",
        "it is read-only: give this user the right to write it, or set DAGSTER_HOME to a folder that is writable",
    ),
    (
        "unable to open",
        "it cannot be opened: give this user the right to its folder, or set DAGSTER_HOME to another one",
    ),
    ("disk is full", "the disk is full: make room and run the command again"),
    ("disk I/O error", "the disk is full or faulty: make room, check it, and run the command again"),
    ("locked", "another process holds it: end that one, or run the command again later"),
    ("malformed", "it is damaged: move `.dagster` away, and `wethink sync` fills a new one from the store"),
    ("not a database", "it is damaged: move `.dagster` away, and `wethink sync` fills a new one from the store"),
)
# Expressions for what libpq and the server say, whose language is that of the server: its codes are told after the connection alone.
_REFUSALS = (
    ("password authentication failed", "refuses the user or the password of WETHINK_POSTGRES_URL"),
    ("no password supplied", "wants a password: put it into WETHINK_POSTGRES_URL or PGPASSWORD"),
    ("no pg_hba.conf entry", "lets nobody in from this machine: add a line for it to pg_hba.conf"),
    (r"role \".*\" does not exist", "has no such user: make it, or correct WETHINK_POSTGRES_URL"),
    (r"database \".*\" does not exist", "has no such database: make it, or correct WETHINK_POSTGRES_URL"),
    (
        r"relation \".*\" does not exist",
        "lacks a table of Dagster: run `dagster instance migrate`, or name an empty database",
    ),
    ("permission denied", "gives its user no right to that: grant it (docs/postgresql.md)"),
    ("SSL was required", "speaks no SSL, which `sslmode` in WETHINK_POSTGRES_URL asks for"),
    ("does not support SSL", "speaks no SSL, which `sslmode` in WETHINK_POSTGRES_URL asks for"),
    ("certificate verify failed", "shows a certificate that is not trusted: set `sslrootcert` in WETHINK_POSTGRES_URL"),
    ("read-only transaction", "is read-only, a standby perhaps: name the primary in WETHINK_POSTGRES_URL"),
    ("invalid connection option", "cannot be asked with an option that WETHINK_POSTGRES_URL has after its `?`"),
    ("invalid integer value", "cannot be asked with a value that WETHINK_POSTGRES_URL has after its `?`"),
)
_OUTAGES = (
    ("could not translate host name", "has a host name that nobody knows: correct WETHINK_POSTGRES_URL"),
    ("Connection refused", "does not answer: start it, or correct host and port in WETHINK_POSTGRES_URL"),
    ("No such file or directory", "does not answer: start it, or name its host in WETHINK_POSTGRES_URL"),
    ("timeout expired", "does not answer in time: check host, port and firewall"),
    ("timed out", "does not answer in time: check host, port and firewall"),
    ("starting up", "is starting: run the command again in a minute"),
    ("shutting down", "is shutting down: run the command again once it is back"),
    ("in recovery mode", "is recovering from a crash: run the command again in a minute"),
    ("too many clients", "has no connection left: raise max_connections, or end some processes"),
    ("remaining connection slots", "has no connection left: raise max_connections, or end some processes"),
    ("server closed the connection", "ended the connection: run the command again, what was done stays done"),
    ("terminating connection", "ended the connection: run the command again, what was done stays done"),
    ("No space left", "has a full disk: make room on it and run the command again"),
    ("deadlock detected", "found a deadlock: run the command again"),
)


@dataclass(frozen=True)
class PostgresFault:
    """What is wrong with a PostgreSQL server; `refused`: waiting does not help."""

    sentence: str
    refused: bool


def postgres_fault(error: BaseException) -> PostgresFault:
    """What an error of psycopg2, or of SQLAlchemy that carries one, means. Its text has no password, and the URL is not repeated."""
    reason = in_one_line(" ".join(str(getattr(error, "orig", None) or error).split())).rstrip(".")
    for remedies, refused in ((_REFUSALS, True), (_OUTAGES, False)):
        for part, words in remedies:
            if re.search(part, reason):
                return PostgresFault(f"PostgreSQL of Dagster {words} ({reason})", refused)
    return PostgresFault(f"PostgreSQL of Dagster failed: {reason}; run `wethink doctor`", False)


def database_fault(error: BaseException, home: Path) -> str:
    """What is wrong with the databases of an instance, by an error that is one of theirs or carries one; empty where it is none."""
    cause = _cause(error)
    if _is_of_psycopg(cause):
        return postgres_fault(cause).sentence
    if not isinstance(cause, sqlite3.Error):
        return ""
    reason = (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")
    remedy = next((words for part, words in _REMEDIES if part in reason), f"{reason}; run `wethink doctor`")
    return f"database of Dagster in {home}: {remedy}"


def is_database_error(error: BaseException) -> bool:
    """Whether an error is one of a database of Dagster, or carries one."""
    cause = _cause(error)
    return isinstance(cause, sqlite3.Error) or _is_of_psycopg(cause)


def _cause(error: BaseException) -> Any:
    """The error of the driver below what SQLAlchemy, and dagster-postgres after its retries, made of it."""
    below: BaseException | None = error
    while below is not None:
        origin = getattr(below, "orig", None)
        if isinstance(origin, BaseException):
            return origin
        if isinstance(below, sqlite3.Error) or _is_of_psycopg(below):
            return below
        below = below.__cause__
    return error


def _is_of_psycopg(error: object) -> bool:
    return type(error).__module__.split(".")[0] == "psycopg2"  # which is not imported where no PostgreSQL is used
