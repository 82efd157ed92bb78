"""Text of others is shown plainly: no character of it acts on a terminal or on the line that it stands in."""

import sys
import unicodedata

import pytest

from wethink_assets.plain_text import in_one_line, visible, visible_name

ACTING = ("Cc", "Cf", "Cs", "Zl", "Zp")


def test_control_characters_are_replaced() -> None:
    assert visible("a\tb\nc\r\x00") == "a\tb\nc\ufffd\ufffd"
    assert in_one_line("a\tb\nc\x9b") == "a b\ufffdc\ufffd"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain name.png", "plain name.png"),
        ("a\nwethink: all is well", r"a\nwethink: all is well"),
        ("\x1b[2J\x1b]0;title\x07.png", r"\x1b[2J\x1b]0;title\x07.png"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("caf\udce9.png", r"caf\udce9.png"),
        ("a\u2028b\x9bc\ufeff", r"a\u2028b\x9bc\ufeff"),
        ("Bildschirmfoto um 10.00\u202fUhr \u65e5\u672c.png", "Bildschirmfoto um 10.00\u202fUhr \u65e5\u672c.png"),
    ],
)
def test_names_are_escaped(name: str, shown: str) -> None:
    assert visible_name(name) == shown


def test_no_character_of_a_name_acts() -> None:
    acting = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in ACTING]
    assert len(acting) > 2_000
    assert visible_name("".join(acting)).isascii()
