"""Markdown of the reference pages: tables, anchors, docstrings."""

import re
from collections.abc import Iterator, Sequence

PROMPT = ">>> "
LISTS = {"Args:", "Attributes:", "Raises:"}
HEADINGS = LISTS | {"Returns:", "Yields:", "Example:", "Examples:"}


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table; bars inside cells are escaped.

    >>> print(table(["a", "b"], [["1", "x|y"]]))
    | a | b |
    |---|---|
    | 1 | x\\|y |
    """
    rows = [[" ".join(cell.split()).replace("|", r"\|") for cell in line] for line in lines]
    top, *body = (f"| {' | '.join(row)} |" for row in [list(head), *rows])
    return "\n".join([top, "|---" * len(head) + "|", *body])


def anchor(title: str) -> str:
    """How a heading is linked to.

    >>> anchor("wethink_assets.rewards: `Judge`")
    'wethink_assetsrewards-judge'
    """
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def first_sentence(text: str) -> str:
    """The first sentence of a help text, else its first paragraph.

    >>> first_sentence("Cut the next version. The same recipe\\nmakes none.")
    'Cut the next version.'
    """
    paragraph = " ".join(text.partition("\n\n")[0].split())
    sentence = re.match(r".*?[.?!](?= [A-Z]|$)", paragraph)
    return sentence[0] if sentence else paragraph


def docstring(text: str) -> str:
    r"""A cleaned docstring as Markdown: examples as code, sections of arguments as lists, the rest as it is.

    >>> print(docstring("Halves.\n\nArgs:\n    of (`int`): what\n        is halved.\n\nReturns:\n    The half."))
    Halves.
    <BLANKLINE>
    **Args**
    <BLANKLINE>
    - `of` (`int`): what
      is halved.
    <BLANKLINE>
    **Returns**
    <BLANKLINE>
    The half.
    """
    return "\n".join(_lines(text.splitlines())).strip()


def _lines(lines: Sequence[str]) -> Iterator[str]:
    section, example = "", False
    for line in lines:
        if line.lstrip().startswith(PROMPT) and not example:
            example = True
            yield "```python"
        elif example and not line.strip():
            example = False
            yield "```"
        if line.strip() and not line.startswith(" ") and not example:
            section = line if line in HEADINGS else ""
        if line == section and section:
            yield f"**{line.removesuffix(':')}**\n"
        elif section in LISTS and not example:
            yield (
                re.sub(r"^ {4}(\w+)(?=[ :])", r"- `\1`", line)
                if re.match(r" {4}\S", line)
                else line.removeprefix(" " * 6)
            )
        else:
            yield line.removeprefix(" " * 4) if section else line
    if example:
        yield "```"
