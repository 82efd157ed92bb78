"""How text of a model or a file name is shown in Markdown without being able to write Markdown or HTML."""

import unicodedata

ELLIPSIS = "…"
JOINER = "\u2060"  # word joiner: no width, breaks what an autolinker looks for


def plain(text: str, limit: int = 200) -> str:
    """Text on one line, without control and direction characters, cut off at `limit` characters."""
    kept = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text[: 4 * limit])
    visible = "".join(char for char in kept if unicodedata.category(char) not in ("Cf", "Cs", "Co"))
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1] + ELLIPSIS


def escaped(text: str, limit: int = 200) -> str:
    """`plain` text as Markdown that renders as exactly that text.

    Each character that means something to Markdown or HTML becomes a numeric reference, which neither parser takes for
    structure; what an autolinker would find (`https://`, `www.`, addresses) is broken by a character without width.
    """
    line = plain(text, limit)
    for sign in ("://", "www.", "@"):
        line = line.replace(sign, sign[:-1] + JOINER + sign[-1])
        line = line.replace(sign.upper(), sign.upper()[:-1] + JOINER + sign.upper()[-1])
    return "".join(char if char.isalnum() or char == " " or ord(char) > 127 else f"&#{ord(char)};" for char in line)
