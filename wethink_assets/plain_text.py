"""Plain text of what others wrote, fit to be shown on a terminal, on a page and in a message: file names, replies of models, errors of clients.

None of it may move a cursor, colour what follows, turn the direction of a line or break one where we did not. Texts keep their lines and lose what
cannot be seen; a name is one line and keeps all of it, escaped, so that two names look alike only where they are.
"""

import unicodedata

__all__ = ["in_one_line", "visible", "visible_name"]

_UNSEEN = ("Cc", "Cf", "Cs", "Co")
_SPACES = ("Zs",)
REPLACED = "\ufffd"


def visible(text: str) -> str:
    """Text with control, direction-changing and unpaired characters, which a model may write, shown as U+FFFD.

    >>> visible("a\\u202eb\\0")
    'a\ufffdb\ufffd'
    """
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in _UNSEEN else REPLACED for c in text)


def in_one_line(text: str) -> str:
    """`visible` text on one line."""
    return visible(text.replace("\n", REPLACED).replace("\t", " "))


def visible_name(name: str) -> str:
    r"""A name of a file or an object on one line: what is no visible character is written as Python writes it.

    >>> print(visible_name("a\nb\x1b[2J\u202egpj.exe"), visible_name("caf\udce9.png"), visible_name("日本 1.png"))
    a\nb\x1b[2J\u202egpj.exe caf\udce9.png 日本 1.png
    """
    if name.isprintable():
        return name
    return "".join(c if _is_shown(c) else c.encode("unicode_escape").decode("ascii") for c in name)


def _is_shown(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) in _SPACES
