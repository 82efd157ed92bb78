"""Option `--by` of `wethink score` and `wethink leaderboard`: tables by category."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wethink_assets.evaluation.reports.categories import CategoryScore


class By(StrEnum):
    """What tables may be split by."""

    CATEGORY = "category"


ByOption = Annotated[
    By | None, typer.Option("--by", help="Also show each benchmark's categories, with intervals of their own.")
]


def show_categories(by_model: "dict[str, list[CategoryScore]]") -> None:
    """Print a table of categories, with a column for each model."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from wethink_assets.evaluation.reports.categories import category_rows

    table = Table(title="by category: percent (95% interval) of samples", title_justify="left")
    for name in ("benchmark", "category", *by_model):
        table.add_column(Text(name), overflow="fold")
    for row in category_rows(by_model):
        table.add_row(*(Text(value) for value in row.values()))
    Console().print(table)
