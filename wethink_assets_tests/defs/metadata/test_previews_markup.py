"""Text of models is shown as it is and cannot write Markdown or HTML."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.defs.metadata.previews import JOINER, escaped, plain

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/a.png)",
    "# heading\n\n- list\n> quote\n```code```",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "&lt;b&gt; &#60;i&#62;",
    "https://evil.example and www.evil.example and mail@evil.example",
    "*bold* _italic_ ~~gone~~ `code` \\*",
    "1. one\n2. two",
    "a\u202egnp.exe\u0000\u200b",
    "<!-- comment --> <a href='data:text/html,x'>",
    "[^1]: footnote $$math$$ :smile: @user #123",
]
STRUCTURE = set("<>[]()!*_`~#|\\\"'={}$^+-.@:/")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_renders_as_itself(text: str) -> None:
    shown = html.unescape(escaped(text, 500)).replace(JOINER, "")
    assert shown == plain(text, 500)


@given(st.text(max_size=300))
def test_no_character_of_structure_is_left(text: str) -> None:
    bare = re.sub(r"&#\d+;", "", escaped(text))
    assert not STRUCTURE & set(bare) and "&" not in bare and "\n" not in bare


@given(st.text(max_size=300), st.integers(1, 50))
def test_no_text_is_longer_than_allowed(text: str, limit: int) -> None:
    assert len(plain(text, limit)) <= limit


def test_nothing_is_left_for_an_autolinker() -> None:
    decoded = html.unescape(escaped("see https://a.b/c, WWW.a.b, www.a.b and a@b.cd"))
    assert not re.search(r"https?://|(?i:www)\.|\w@\w", decoded)
