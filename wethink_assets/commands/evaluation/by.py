"""Tables beside those of `wethink score` and `wethink leaderboard`: by category (`--by`), and over repeated replies."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wethink_assets.evaluation.reports.categories import CategoryScore
    from wethink_assets.evaluation.reports.repeats import Repeats


class By(StrEnum):
    """What tables may be split by."""

    CATEGORY = "category"


ByOption = Annotated[
    By | None, typer.Option("--by", help="Also show each benchmark's categories, with intervals of their own.")
]


def show_categories(by_model: "dict[str, list[CategoryScore]]") -> None:
    """Print a table of categories, with a column for each model."""
    from wethink_assets.evaluation.reports.categories import category_rows

    _show(
        "by category: percent (95% interval) of samples", category_rows(by_model), ("benchmark", "category", *by_model)
    )


def show_repeats(name: str, repeats: "list[Repeats]") -> None:
    """Print a model's pass@k and maj@k."""
    from wethink_assets.evaluation.reports.repeats import repeat_rows

    if not repeats:
        typer.echo(
            f"{name} has no benchmark with two sampled replies or more to each question: [scoring] seeds asks for them"
        )
        return
    _show(
        f"{name}: k of its sampled replies, at a temperature",
        repeat_rows(repeats),
        ("benchmark", "k", "pass@k", "maj@k"),
    )


def _show(title: str, rows: list[dict[str, str]], columns: tuple[str, ...]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left")
    for name in columns:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(value) for value in row.values()))
    Console().print(table)
