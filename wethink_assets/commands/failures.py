"""Failures of commands as a sentence each: what went wrong, where, and what to do; `--debug` shows the traceback beside it.

Errors of our own say all that by themselves. What comes from the operating system, from S3, from a database or from a library is put into words
here, where every command passes; what nobody foresaw is named as such.
"""

import sys

from wethink_assets import signals
from wethink_assets.errors import ConfigError, WeThinkError
from wethink_assets.plain_text import visible

__all__ = [
    "message_of",
    "report",
]

FAILED = 1  # the exit code


def report(error: BaseException, debug: bool) -> int:
    """Print what became of a command on stderr; returns its exit code."""
    if debug:
        import traceback

        traceback.print_exception(error)
    print(f"wethink: {message_of(error)}", file=sys.stderr)
    return signals.INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED


def message_of(error: BaseException) -> str:
    """The sentence of an error, with nothing in it that a terminal would carry out."""
    return visible(_sentence(error))


def _sentence(error: BaseException) -> str:
    from wethink_assets.storage.faults import described, filename_of, is_fault

    if isinstance(error, WeThinkError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return signals.SENTENCE
    database = _database(error)
    if database:
        return database
    if isinstance(error, UnicodeDecodeError):
        return f"a file is not UTF-8: byte {error.object[error.start]:#04x} at position {error.start}; save it as UTF-8 (`--debug` shows which it is)"
    if isinstance(error, MemoryError):
        return "memory is used up; close some programs, or lower `concurrency` and batch sizes in wethink.toml"
    if is_fault(error):
        name = filename_of(error) if isinstance(error, OSError) else ""
        return f"{name or _place(error)}: {described(error)}"
    if "No space left on device" in str(error):
        return f"{_place(error)}: the disk is full; make room and run the command again, what was done stays done"
    unforeseen = f"unexpected {type(error).__name__}: {_first_line(error)}"
    return (
        f"{_place(error)}: {unforeseen}; this is a fault of wethink: run `wethink --debug ...` and report what it shows"
    )


def _database(error: BaseException) -> str:
    """A fault of Dagster's databases, in a sentence; empty where it is none."""
    if "sqlalchemy" not in sys.modules:  # nothing asked a database
        return ""
    from wethink_assets.defs.runs.database_faults import database_fault, is_database_error
    from wethink_assets.defs.runs.instance import dagster_home

    if not is_database_error(error):
        return ""
    try:
        return database_fault(error, dagster_home())
    except ConfigError:  # without an instance it is no database of one
        return ""


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _place(error: BaseException) -> str:
    """Module and line of ours in which an error arose."""
    place = "wethink"
    trace = error.__traceback__
    while trace:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.startswith("wethink_assets") and not module.startswith("wethink_assets.cli"):
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
