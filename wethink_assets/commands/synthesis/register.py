"""`wethink register`: listings of the sources, whose new files are put into image batches."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from wethink_assets.sources.registration import Registration


def register(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="Sources to list; all configured ones if none is given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found and registered as JSON.")] = False,
) -> None:
    """List the sources and put new or changed files into new image batches.

    Only listings are read (a compressed tar is read through once), so it is cheap to run often. If nothing is new, nothing is written.
    """
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.commands.terminal import in_one_line
    from wethink_assets.config import load_settings
    from wethink_assets.errors import SourceError
    from wethink_assets.sources.catalog import sources_of
    from wethink_assets.sources.registration import register_source
    from wethink_assets.storage.store import Store

    settings = load_settings()
    known = sources_of(settings)
    unknown = sorted(set(sources or ()) - set(known))
    if unknown:
        raise SourceError(f"there is no source {unknown[0]!r}; sources are {', '.join(known)}")
    chosen = [known[name] for name in sources] if sources else [s for s in known.values() if s.configured]
    store = Store.open(settings.store_url, **settings.store.options)
    outcomes: list[Registration] = []
    failures: list[str] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("registering", total=len(chosen))
        for source in chosen:
            progress.update(task, description=f"registering {source.name}")
            try:
                outcomes.append(register_source(store, source, settings.pipeline.batch_size))
            except SourceError as error:
                failures.append(str(error))
            progress.advance(task)
    if as_json:
        records = [{**asdict(one), "refusals": [r._asdict() for r in one.refusals]} for one in outcomes]
        typer.echo(json.dumps({"registrations": records, "failures": failures}, indent=2))
    else:
        Console().print(_table(outcomes))
        idle = len(known) - sum(source.configured for source in known.values())
        typer.echo(f"{sum(len(one.batches) for one in outcomes)} new batches; {idle} sources not configured")
        for one in outcomes:
            for refusal in one.refusals[:5]:
                typer.echo(
                    f"refused in {one.source}: {in_one_line(f'{refusal.name}: {refusal.reason}, {refusal.detail}')}"
                )
    if failures:
        raise SourceError("\n".join(failures))


def _table(outcomes: "list[Registration]") -> "Table":
    from rich.table import Table

    table = Table(title="registered sources")
    table.add_column("source")
    for column in ("files", "new", "changed", "again", "vanished", "refused", "ignored", "new batches"):
        table.add_column(column, justify="right")
    for one in outcomes:
        counts = (one.files, one.new, one.changed, one.again, one.vanished, one.refused, one.ignored, len(one.batches))
        table.add_row(one.source, *map(str, counts))
    return table
