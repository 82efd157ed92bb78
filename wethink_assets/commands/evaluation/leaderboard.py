"""`wethink leaderboard`: scores of all models on all benchmarks."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wethink_assets.commands.evaluation.by import ByOption, show_categories

if TYPE_CHECKING:
    from wethink_assets.config import Settings
    from wethink_assets.evaluation.reports.leaderboard import Board


def leaderboard(
    as_json: Annotated[bool, typer.Option("--json", help="Print the board as JSON.")] = False,
    plots: Annotated[Path | None, typer.Option(help="Folder to write bars.png and radar.png into.")] = None,
    files: Annotated[
        bool, typer.Option("--files", help="Show which benchmark files are present, and how to get the others.")
    ] = False,
    by: ByOption = None,
) -> None:
    """Show all scored models on all benchmarks, with the averages of the six reasoning and the eight academic ones.

    Published numbers have columns of their own. `!` marks a score with failed calls; `not run` stands for a score that does not exist.
    """
    from dataclasses import asdict

    from wethink_assets.config import load_settings
    from wethink_assets.evaluation.reports.categories import as_records, board_by_category
    from wethink_assets.evaluation.reports.clean_part import clean_parts_of_all, clean_text
    from wethink_assets.evaluation.reports.leaderboard import leaderboard as board_of
    from wethink_assets.storage.store import Store

    settings = load_settings()
    if files:
        _show_files(settings, as_json)
        return
    store = Store.open(settings.store_url, **settings.store.options)
    board = board_of(store, settings)
    categories = board_by_category(store, settings) if by else {}
    clean = clean_parts_of_all(store, settings)
    if plots:
        write_plots(board, plots)
    if as_json:
        record = board.as_json()
        for row in record["rows"]:
            row["clean_part"] = {key: asdict(part) for key, part in clean.get(row["name"], {}).items()}
            row |= {"categories": as_records(categories.get(row["name"], []))} if by else {}
        typer.echo(json.dumps(record, indent=1))
        return
    show(board)
    for name, parts in clean.items():
        for key, part in parts.items():
            if part.unknown or part.units < part.whole:
                typer.echo(f"{name} on the clean part of {key}: {part.unknown or clean_text(part)}")
    if by:
        show_categories(categories)


def write_plots(board: "Board", folder: Path) -> None:
    """Write the plots that there is something to show in."""
    from wethink_assets.evaluation.reports.plots import bars, radar

    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in (("bars", bars(board)), ("radar", radar(board))):
        if figure is not None:
            figure.savefig(folder / f"{name}.png", dpi=150, facecolor="white")
            typer.echo(f"wrote {folder / name}.png", err=True)


def show(board: "Board") -> None:
    """Print the board, then flags and sources."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from wethink_assets.evaluation.reports.leaderboard_text import board_rows

    table = Table(title="leaderboard: score (95% interval)", title_justify="left")
    table.add_column("benchmark", no_wrap=True)
    for line in board.lines:
        table.add_column(Text(f"{line.name}\n{line.kind}"), overflow="fold")
    table.add_column("resampled\nunits", justify="right", overflow="fold")
    table.add_column("detectable\ndifference", justify="right", overflow="fold")
    for row in board_rows(board):
        table.add_row(*(Text(value) for value in row.values()))
    console = Console()
    console.print(table)
    for line in board.lines:
        for key, cell in line.cells.items():
            for flag in cell.flags:
                typer.echo(f"! {line.name} on {key}: {flag}")
    for source in dict.fromkeys(line.source for line in board.lines if line.source):
        typer.echo(f"published numbers: {source}")
    if any(one.sample for one in board.columns):
        typer.echo(
            "sample_* are drawn stand-ins in the benchmarks' form: they compare models here, and say nothing about the benchmarks"
        )


def _show_files(settings: "Settings", as_json: bool) -> None:
    from wethink_assets.evaluation.benchmarks.files import benchmark_files

    benchmark_states = benchmark_files(settings)
    if as_json:
        records = [
            {
                "benchmark": file.benchmark.key,
                "state": file.state,
                "rows": file.rows,
                "md5": file.md5,
                "path": str(file.path),
                "told": file.remedy,
            }
            for file in benchmark_states
        ]
        typer.echo(json.dumps(records, indent=1))
        return
    for file in benchmark_states:
        typer.echo(
            f"{file.benchmark.key}: {file.state}"
            + (f", {file.rows} rows" if file.rows else "")
            + (f"; {file.remedy}" if file.remedy else "")
        )
