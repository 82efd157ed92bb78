"""Which text is fit for tables and encoders, whatever a model said?"""

import re

from wethink_assets.models.chat import Completion

MAX_REPLY = 1_000_000
MOST_TOKENS = 2**31 - 1
# C0 and C1 controls but not tab and line feed, what reverses or hides text (zero-width and bidirectional marks, byte order mark,
# annotations, tags: in those whole sentences have been smuggled), and what is no character at all.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f]"
)
_LINES = re.compile("\r\n|[\r\u2028\u2029]")
_ENDLESS = re.compile(r"\n(?:[ \t]*\n){2,}|[^\S\n]{9,}")


def whole_text(text: str) -> str:
    """Text that every store and encoder takes: pairs of surrogates joined, lone ones replaced by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def kept_reply(reply: Completion) -> Completion:
    """A reply in the form in which it is journaled and used: whole text, no longer than what says that it is too long, sane counts."""
    return Completion(
        whole_text(reply.text[: MAX_REPLY + 1]),
        min(max(reply.prompt_tokens, 0), MOST_TOKENS),
        min(max(reply.completion_tokens, 0), MOST_TOKENS),
        whole_text(reply.finish_reason[:40]),
        whole_text(reply.model[:300]),
    )


def clean_text(text: str) -> str:
    """Text for people and tables: whole, without control characters, line ends as \\n, no outer and no endless white space."""
    text = _CONTROL.sub("", _LINES.sub("\n", whole_text(text)))
    return _ENDLESS.sub(lambda run: "\n\n" if "\n" in run[0] else " " * 8, text).strip()
