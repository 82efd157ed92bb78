"""Tables and texts on a terminal: plain, so that neither markup nor control characters of a model reach it."""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from wethink_assets.plain_text import visible

if TYPE_CHECKING:
    from rich.console import Console

MIN_WIDTH = 100
UNFOLDED = 1000
SHOWN = 20


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


def moment(iso: str) -> str:
    """A point in time of a record, to the minute; all of them are UTC."""
    return iso[:16].replace("T", " ")
