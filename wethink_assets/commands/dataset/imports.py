"""`wethink import` and `wethink imports`: question-answer pairs of others as batches of an imported source, and what became of them."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wethink_assets.commands.terminal import json_text
from wethink_assets.extensions.builtin import IMPORTS

if TYPE_CHECKING:
    from wethink_assets.dataset.imports.importer import Imported


def show_formats(chosen: bool) -> None:
    """Print the import formats and end the command: an option that comes before all others."""
    if not chosen:
        return
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.imports.format import import_formats

    load_settings()  # its plugins may bring formats
    for name, form in import_formats().items():
        typer.echo(f"{name}: {form.title}")
    raise typer.Exit


def import_pairs(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="Data file (.jsonl, .json, .csv, .tsv, .parquet, .arrow or .tar), or a folder that holds some.",
        ),
    ],
    source: Annotated[
        str, typer.Option("--source", help="Name of the imported source that the rows belong to, such as wethink.")
    ],
    form: Annotated[
        str,
        typer.Option(
            "--from",
            "--format",
            help=f"What wrote the file: {', '.join(IMPORTS)}, or a format of a plugin. By default as its first row shows.",
            show_default=False,
        ),
    ] = "",
    images: Annotated[
        Path | None,
        typer.Option(help="Folder that holds the images, where it is not the data file's own.", show_default=False),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=COLUMN",
            help="Column that holds a field where its name is unusual, such as question=text; may be given several times.",
        ),
    ] = None,
    missing: Annotated[
        Literal["synthesize", "mark"],
        typer.Option(
            help="What rows lack (a second answer, a reasoning path): models are asked for it by the next `wethink run`, or rows are "
            "marked as lacking it and no model is asked."
        ),
    ] = "synthesize",
    licence: Annotated[
        str, typer.Option(help="Licence of the images where the rows name none.", show_default="unknown")
    ] = "",
    title: Annotated[str, typer.Option(help="Title of the source.", show_default="its name")] = "",
    homepage: Annotated[str, typer.Option(help="Where the data was published.", show_default=False)] = "",
    batch_size: Annotated[
        int, typer.Option(min=0, max=10_000, help="Images in a batch, at most. 0: as [pipeline] says.")
    ] = 0,
    formats: Annotated[
        bool,
        typer.Option("--formats", is_eager=True, callback=show_formats, help="List the formats, and exit."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Import question-answer pairs with their images; the next `wethink run` checks them as it does grown ones.

    No model is called here. Each row becomes a pair of the source, is one that the source has, or is rejected with a reason. The same file
    adds nothing when it is imported again; an import that was interrupted resumes. `wethink imports SOURCE` counts what became of the rows.
    """
    from wethink_assets.commands.progress import Display
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.imports.importer import ImportOptions, import_rows
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    options = ImportOptions(
        form=form,
        columns=_columns(column or []),
        images=images,
        missing=missing,
        title=title,
        licence=licence,
        homepage=homepage,
        batch_size=batch_size,
    )
    with Display() as display, display.reading(f"importing {path}") as progress:
        done = import_rows(store, settings, path, source, options, progress)
    if as_json:
        typer.echo(json_text(done.model_dump(mode="json")))
    else:
        _show(done)
    from wethink_assets.defs.runs.batch_partitions import sync_batches
    from wethink_assets.defs.runs.instance import update_instance

    why_not = update_instance(lambda instance: sync_batches(instance, store, source))
    if why_not:
        typer.echo(
            f"Dagster does not know of it yet: {why_not}; it will once its UI runs, or by `wethink sync`", err=True
        )


def _columns(pairs: list[str]) -> dict[str, str]:
    columns = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not (name and equals and column):
            raise typer.BadParameter(f"--column {pair!r}: it looks like question=text")
        columns[name] = column
    return columns


def _show(done: "Imported") -> None:
    from wethink_assets.commands.terminal import table
    from wethink_assets.plain_text import visible_name

    kept = f"{done.imported} of {done.rows} rows imported into {done.source}, over {done.images} images ({done.bytes / 1e6:.1f} MB)"
    typer.echo(f"{kept} in {len(done.batches)} new batches; {done.known} were there already")
    table("rejected", ["reason", "rows"], _counts(done.rejected))
    table("mended in names of images", ["what was taken off", "rows"], _counts(done.mended))
    for file in done.files[:20]:
        typer.echo(f"{visible_name(file.file)}: {file.rows} rows of {file.format or 'no format'}")


def _counts(counts: Mapping[str, int]) -> list[list[str]]:
    return [[name, str(count)] for name, count in counts.items()]


def imports(
    source: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="Imported source to report on; all of them if none is given.")
    ] = None,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="List the rows that did not become pairs, with file, row and reason.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Show what became of imported rows: refused at import, rejected by a stage, verified, or waiting for `wethink run`."""
    from wethink_assets.commands.terminal import table
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.imports.importer import rejections_of
    from wethink_assets.dataset.imports.report import import_report
    from wethink_assets.sources.imported_pairs import imported_sources
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    names = [source] if source else imported_sources(store)
    reports = [import_report(store, name) for name in names]
    refused = {name: rejections_of(store, name).to_dicts() for name in names} if rejected else {}
    if as_json:
        records = [{**asdict(one), **({"rows": refused[one.source]} if rejected else {})} for one in reports]
        typer.echo(json_text({"sources": records}))
        return
    figures = [
        [
            one.source,
            one.licence,
            *map(str, (one.batches, sum(one.refused.values()), one.pairs, one.verified, one.waiting)),
        ]
        for one in reports
    ]
    table("imported sources", ["source", "licence", "batches", "refused rows", "pairs", "verified", "waiting"], figures)
    for one in reports:
        by_stage = [["import", *row] for row in _counts(one.refused)]
        by_stage += [[stage, *row] for stage, counts in one.rejected.items() for row in _counts(counts)]
        table(f"rejected of {one.source}", ["stage", "reason", "rows"], by_stage)
        rows = [[row["file"], str(row["row"]), row["reason"], row["detail"]] for row in refused.get(one.source, [])]
        table(f"refused rows of {one.source}", ["file", "row", "reason", "detail"], rows)
    if not reports:
        typer.echo("nothing was imported yet")
