"""Tables and texts on a terminal are plain: neither markup nor control characters reach it."""

import pytest

from wethink_assets.commands.terminal import moment, table


def test_titles_and_cells_keep_their_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    table("rows of [b]store", ["[name] of the whole row"], [["[/link]\x1b[2J"]])
    shown = capsys.readouterr().out
    assert "rows of [b]store" in shown and "[name]" in shown and "[/link]\ufffd[2J" in shown


def test_a_long_table_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    table(
        "rows", ["number of the row, which is long enough for the title"], [[number] for number in range(30)], shown=3
    )
    shown = capsys.readouterr().out
    assert "rows (3 of 30, all with --json)" in shown and " 2 " in shown and " 3 " not in shown.partition("json)")[2]


def test_an_empty_table_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    table("rows", ["number"], [])
    assert capsys.readouterr().out == ""


def test_a_moment_is_shown_to_the_minute() -> None:
    assert moment("2026-11-22T10:20:30+00:00") == "2026-11-22 10:20"
