"""`wethink versions`: the dataset versions of the store, with their figures."""

import json
from dataclasses import asdict
from typing import Annotated

import typer


def versions(
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
) -> None:
    """List all dataset versions with their figures.

    Versions that were decided but never built are named too, and so are those whose manifest is damaged or altered: then it exits with 1.
    The column `taken down` counts rows that were retracted after the version was built; exports leave them out.
    """
    from rich.table import Table
    from rich.text import Text

    from wethink_assets.commands.terminal import printer
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.takedown.takedown import rows_taken_down, takedowns_of
    from wethink_assets.dataset.versions.catalog import readable_versions, unbuilt_versions
    from wethink_assets.plain_text import visible
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    (summaries, faults), unbuilt = readable_versions(store), unbuilt_versions(store)
    covered = takedowns_of(store)
    gone = {s.version: rows_taken_down(store, s.version, covered).height if covered else 0 for s in summaries}
    if as_json:
        records = [{**asdict(summary), "retracted": gone[summary.version]} for summary in summaries]
        typer.echo(json.dumps({"versions": records, "unbuilt": unbuilt, "damaged": faults}, indent=1, default=str))
        raise typer.Exit(1 if faults else 0)
    if not summaries and not unbuilt and not faults:
        typer.echo(f"no version in {store.url} yet: `wethink cut` makes one once a batch is complete")
        return
    table = Table(title=Text(f"dataset versions in {store.url}"))
    for name in ("version", "decided (UTC)"):
        table.add_column(name, no_wrap=True)
    for name in ("batches", "rows in", "rows", "images", *(["taken down"] if covered else [])):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("kinds", "left out"):
        table.add_column(name)
    for summary in summaries:
        table.add_row(
            summary.version,
            f"{summary.created:%Y-%m-%d %H:%M}",
            str(summary.batches),
            str(summary.considered),
            str(summary.rows),
            str(summary.images),
            *([str(gone[summary.version])] if covered else []),
            Text(_counted(summary.counts.get("kind", {}))),
            Text(_counted(summary.excluded)),
        )
    printer().print(table)
    for version in unbuilt:
        typer.echo(f"{version} was decided but is not built")
    for version, fault in faults.items():
        typer.echo(visible(f"{version} cannot be trusted: {fault}"), err=True)
    if faults:
        raise typer.Exit(1)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
