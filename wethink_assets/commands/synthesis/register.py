"""`wethink register`: listings of the sources, whose new files are put into image batches."""

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wethink_assets.sources.catalog import Source
    from wethink_assets.sources.registration import Registration
    from wethink_assets.storage.store import Store


SHOWN = 5


def register(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="Sources to list; all configured ones if none is given."),
    ] = None,
    recheck: Annotated[
        bool,
        typer.Option(
            "--recheck",
            help="Read all files again: one whose content changed behind an unchanged size and time is put into a new batch.",
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print what was found and registered as JSON, all refused and ignored entries in it."
        ),
    ] = False,
) -> None:
    """List the sources and put new or changed files into new image batches.

    Only listings are read (a compressed tar is read through once), and files that may be known ones, copied again or renamed: these are put into
    no batch if their content is known. So it is cheap to run often. If nothing is new, nothing is written.
    All that is listed is registered, known, refused with a reason, or ignored and counted by kind. New batches are partitions of the Dagster instance
    at once, as after "Observe" in its UI.
    """
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.inventory.sealing import seal_rest
    from wethink_assets.errors import SourceError
    from wethink_assets.sources.catalog import sources_of
    from wethink_assets.sources.recopied_files import CompareLimits
    from wethink_assets.sources.registration import register_source
    from wethink_assets.storage.store import Store

    settings = load_settings()
    known = sources_of(settings)
    unknown = sorted(set(sources or ()) - set(known))
    if unknown:
        raise SourceError(f"there is no source {unknown[0]!r}; sources are {', '.join(known)}")
    chosen = [known[name] for name in sources] if sources else [s for s in known.values() if s.configured]
    store = Store.open(settings.store_url, **settings.store.options)
    seal_rest(store, command="wethink register")
    outcomes: list[Registration] = []
    failures: list[str] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("registering", total=len(chosen))
        for source in chosen:
            progress.update(task, description=f"registering {source.name}")
            try:
                limits = CompareLimits.of(settings)
                outcomes.append(
                    register_source(store, source, settings.pipeline.batch_size, limits=limits, recheck=recheck)
                )
            except SourceError as error:
                failures.append(str(error))
            progress.advance(task)
    seal_rest(store, command="wethink register")
    if as_json:
        for piece in _json(outcomes, failures):
            typer.echo(piece, nl=False)
    else:
        _print(outcomes)
        idle = len(known) - sum(source.configured for source in known.values())
        typer.echo(f"{sum(len(one.batches) for one in outcomes)} new batches; {idle} sources not configured")
    _show(store, [(known[one.source], one) for one in outcomes])
    if failures:
        raise SourceError("\n".join(failures))


def _show(store: "Store", registrations: "list[tuple[Source, Registration]]") -> None:
    """Have the Dagster instance know the batches, so that the UI can materialize them at once."""
    from wethink_assets.defs.assets.sources import report_registrations
    from wethink_assets.defs.runs.instance import update_instance

    why_not = update_instance(lambda instance: report_registrations(instance, store, registrations))
    if why_not:
        typer.echo(
            f"Dagster does not know of it yet: {why_not}; it will once its UI runs, or by `wethink sync`", err=True
        )


def _print(outcomes: "list[Registration]") -> None:
    from wethink_assets.commands.terminal import table
    from wethink_assets.plain_text import in_one_line, visible_name

    columns = [
        "source",
        "files",
        "new",
        "changed",
        "again",
        "vanished",
        "archives",
        "refused",
        "ignored",
        "new batches",
    ]
    rows = []
    for one in outcomes:
        counts = (one.files, one.new, one.changed, one.again, one.vanished, one.archives, one.refused)
        rows.append([one.source, *counts, len(one.ignored), len(one.batches)])
    table("registered sources", columns, rows, shown=len(rows))
    for one in outcomes:
        if one.known:
            typer.echo(
                f"{one.source}: {one.known} files are known already, copied again or renamed with the content that they had: no batch"
            )
        for refusal in one.refusals[:SHOWN]:
            typer.echo(
                in_one_line(
                    f"refused in {one.source}: {visible_name(refusal.name)}: {refusal.reason}, {refusal.detail}"
                )
            )
        for note in one.notes[:SHOWN]:
            typer.echo(in_one_line(f"note on {one.source}: {visible_name(note.archive)}: {note.kind}, {note.detail}"))
        if one.refused > SHOWN:
            typer.echo(f"refused in {one.source}: {one.refused - SHOWN} more, all with --json")
        for kind, count in one.ignored.counts.most_common():
            names = ", ".join(visible_name(name) for name in one.ignored.examples[kind])
            more = ", ..." if count > len(one.ignored.examples[kind]) else ""
            typer.echo(f"ignored in {one.source}: {count} {kind}: {names}{more}")


def _json(outcomes: "list[Registration]", failures: list[str]) -> Iterator[str]:
    """All that was found, piece by piece: what is ignored may be much."""
    yield '{"registrations": ['
    for number, one in enumerate(outcomes):
        record = {each.name: getattr(one, each.name) for each in fields(one) if each.name != "ignored"}
        record["refusals"] = [refusal._asdict() for refusal in one.refusals]
        record["notes"] = [note._asdict() for note in one.notes]
        record |= {"ignored": len(one.ignored), "ignored_by_kind": dict(one.ignored.counts)}
        yield f'{"," if number else ""}\n{json.dumps(record, indent=2)[:-2]},\n  "ignored_entries": ['
        for place, each in enumerate(one.ignored):
            yield f"{',' if place else ''}\n    {json.dumps(each._asdict())}"
        yield "]}"
    yield f'],\n"failures": {json.dumps(failures, indent=2)}}}\n'
