"""Faults of Dagster's SQLite databases as a sentence: which folder they lie in, what is wrong, and what to do."""

import sqlite3
from pathlib import Path
from typing import Any

__all__ = ["database_fault"]

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


def database_fault(error: BaseException, home: Path) -> str:
    """What is wrong with the databases below an instance's home, by an error of SQLite or of SQLAlchemy that carries one; empty where it is none."""
    cause: Any = getattr(error, "orig", None) or error
    if not isinstance(cause, sqlite3.Error):
        return ""
    reason = (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")
    remedy = next((words for part, words in _REMEDIES if part in reason), f"{reason}; run `wethink doctor`")
    return f"database of Dagster in {home}: {remedy}"
