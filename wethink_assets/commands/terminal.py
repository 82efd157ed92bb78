"""Tables and texts on a terminal: plain, so that neither markup nor control characters of a model reach it."""

import json
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from wethink_assets.plain_text import visible

if TYPE_CHECKING:
    from rich.console import Console

MIN_WIDTH = 100
UNFOLDED = 1000
SHOWN = 20
_NO_ASCII = re.compile(r"[^\n\x20-\x7e]")


def printer() -> "Console":
    """A console for tables and trees: as wide as the terminal, and at least `MIN_WIDTH`.

    Output that another program reads is not folded, so that an id stays on one line, unless `COLUMNS` says how wide it is.
    """
    from rich.console import Console

    known = Console()
    folded = known.is_terminal or "COLUMNS" in os.environ
    return Console(width=max(known.width, MIN_WIDTH) if folded else UNFOLDED)


def table(title: str, columns: Sequence[str], rows: Sequence[Iterable[Any]], shown: int = SHOWN) -> None:
    """Print a table of plain texts: only its first rows if it is long, nothing if it is empty."""
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return
    part = f" ({shown} of {len(rows)}, all with --json)" if len(rows) > shown else ""
    printed = Table(title=Text(visible(title + part)), title_justify="left")
    for name in columns:
        printed.add_column(Text(name), overflow="fold")
    for row in rows[:shown]:
        printed.add_row(*(Text(visible("" if value is None else str(value))) for value in row))
    printer().print(printed)


def json_text(value: Any, **options: Any) -> str:
    r"""A value as JSON that can be read and acts on no terminal: what is no visible character is escaped, so that it is the same value to a program.

    >>> print(json_text("caf\u00e9 \u009b2J\u202e"))
    "café \u009b2J\u202e"
    """
    return _NO_ASCII.sub(_escaped, json.dumps(value, indent=1, ensure_ascii=False, **options))


def _escaped(match: re.Match[str]) -> str:
    acts = unicodedata.category(match[0]) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    return json.dumps(match[0])[1:-1] if acts else match[0]


def moment(iso: str) -> str:
    """A point in time of a record, to the minute; all of them are UTC."""
    return iso[:16].replace("T", " ")
