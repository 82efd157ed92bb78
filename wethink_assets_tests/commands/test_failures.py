"""Failures as a sentence each: what went wrong, where, and what to do; a traceback with `--debug` only."""

import errno
import sqlite3
import sys
from pathlib import Path

import pytest

from wethink_assets.cli import main
from wethink_assets.commands.failures import message_of
from wethink_assets.errors import StoreError


class Foreseen(Exception):
    """An error of a library that nobody foresaw."""


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), "/data/x: the disk is full; make room"),
        (
            OSError(errno.EROFS, "Read-only file system", "/data/x", None, "/data/y"),
            "/data/y: the file system is read-only",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", b"/data/x"),
            "/data/x: access is denied; give this user the right",
        ),
        (FileNotFoundError(errno.ENOENT, "No such file", "a\x1b[2J"), "a\ufffd[2J: it does not exist; check the path"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
            "is out of reach: Connection refused; check",
        ),
        (sqlite3.OperationalError("attempt to write a readonly database"), "it is read-only: give this user the right"),
        (StoreError("what and where; what to do"), "what and where; what to do"),
        (RuntimeError("No space left on device (os error 28)"), "the disk is full; make room"),
        (Foreseen("some\nlines"), "unexpected Foreseen: some; this is a fault of wethink: run `wethink --debug ...`"),
        (MemoryError(), "memory is used up; close some programs"),
    ],
)
def test_an_error_becomes_a_sentence(
    error: BaseException, sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    message = message_of(raised(error))
    assert sentence in message and "\n" not in message


@pytest.mark.parametrize("debug", [False, True])
def test_a_traceback_is_shown_with_debug_only(
    debug: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WETHINK_CONFIG", raising=False)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["wethink", *(["--debug"] if debug else []), "versions"])
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capsys.readouterr().err
    assert ended.value.code == 1 and ("Traceback" in shown) is debug
    assert shown.splitlines()[-1].startswith(f"wethink: {tmp_path} is no project")
