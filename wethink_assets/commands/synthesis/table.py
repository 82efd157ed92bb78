"""`wethink table`: a stage's table of a batch handed out as a file, brought back edited by hand, and its edits taken back."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wethink_assets.commands.terminal import json_text

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from wethink_assets.config import Settings
    from wethink_assets.dataset.edits.edits import Replacement
    from wethink_assets.storage.store import Store
    from wethink_assets.storage.tables import Commit

app = typer.Typer(help="Edit a stage's table of a batch by hand, and take edits back.", no_args_is_help=True)
Batch = Annotated[str, typer.Argument(help="Batch such as coco.000001.")]
StageName = Annotated[str, typer.Argument(metavar="STAGE", help="Stage whose table it is, such as questions.")]
Json = Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")]
Note = Annotated[str, typer.Option(help="Why, in a few words; kept with the edit.")]


@app.command()
def export(
    batch: Batch,
    stage: StageName,
    file: Annotated[Path, typer.Argument(help="File to write; its ending says how: .jsonl, .csv or .xlsx.")],
    as_json: Json = False,
) -> None:
    """Write a stage's table of a batch to a file for editing. The file must not be there yet.

    The name of its last column (of a JSONL file, the first line) says which table it was made from: leave that as it is. In spreadsheets every
    text stays text, also what begins like a formula.
    """
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.dataset.edits.edits import export_table

    _, store = _opened()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"writing {file.name}", total=None)
        sheet = export_table(
            store, batch, stage, file, lambda done, total: progress.update(task, completed=done, total=total)
        )
    columns = [column.name for column in sheet.columns if column.use == "edit"]
    rows, size = sheet.output.results.height, file.stat().st_size
    if as_json:
        made = {
            "file": str(file),
            "bytes": size,
            "rows": rows,
            "commit": sheet.commit.number,
            "digest": sheet.commit.digest,
        }
        typer.echo(json.dumps({"stage": stage, "batch": batch, **made, "columns": columns}, indent=1))
        return
    typer.echo(f"{stage} of {batch}: {rows} rows in {file}, {size} bytes")
    typer.echo(f"columns that may be edited: {', '.join(columns) or 'none; rows may be removed'}")


@app.command()
def replace(
    batch: Batch,
    stage: StageName,
    file: Annotated[Path, typer.Argument(help="File that was exported and edited.")],
    editor: Annotated[str, typer.Option(help="Who edited it; `wethink explain` names them.")],
    note: Note = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only compare, and show what would change.")] = False,
    as_json: Json = False,
) -> None:
    """Put an edited table in the place of the one in force.

    Rows that are gone from the file become rejections with the reason removed_by_editor; an item that the stage rejected may be given a row.
    What depends on the rows that changed is done again by the next `wethink run`; all other calls come from the journal. If anything is
    wrong with the file, or the table was published again since the export, nothing is changed, and the exit code is 1.
    """
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.dataset.edits.edits import replace_table

    settings, store = _opened()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        progress.add_task(f"comparing {file.name}", total=None)
        done = replace_table(store, batch, stage, file, editor, note, dry_run=dry_run)
    _report(settings, store, done, "would be" if dry_run else "is", as_json)


@app.command()
def restore(
    batch: Batch,
    stage: StageName,
    editor: Annotated[str, typer.Option(help="Who takes the edits back.")] = "",
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Take all edits of a stage's table of a batch back: what the stage made is current again, byte for byte."""
    from wethink_assets.dataset.edits.edits import restore_table

    settings, store = _opened()
    _report(settings, store, restore_table(store, batch, stage, editor, note), "is again", as_json)


@app.command()
def history(
    batch: Batch,
    as_json: Annotated[bool, typer.Option("--json", help="Print the edits as JSON.")] = False,
) -> None:
    """List the edits of a batch's tables: who, when, how many rows, whether they are in force, and how many rows they no longer fit."""
    from dataclasses import asdict

    from wethink_assets.commands.terminal import moment, table
    from wethink_assets.dataset.edits.edits import table_history

    _, store = _opened()
    entries = table_history(store, batch)
    if as_json:
        records = [{**asdict(entry), "edited": entry.edited.isoformat()} for entry in entries]
        typer.echo(json_text(records))
        return
    if not entries:
        typer.echo(f"no table of {batch} was ever edited by hand")
        return
    columns = ["stage", "commit", "edited (UTC)", "by", "rows", "state", "note"]
    rows = [
        [
            entry.stage,
            entry.commit,
            moment(entry.edited.isoformat()),
            entry.editor,
            entry.rows,
            _state(entry),
            entry.note,
        ]
        for entry in entries
    ]
    table(f"edits of {batch}", columns, rows, shown=len(rows))


def _state(entry: Any) -> str:
    if entry.taken_back:
        return "took all edits back"
    aside = f", {entry.set_aside} rows set aside: the stage makes other ones now" if entry.set_aside else ""
    return f"in force{aside}" if entry.in_force else "replaced"


def _opened() -> "tuple[Settings, Store]":
    from wethink_assets.config import load_settings
    from wethink_assets.storage.store import Store

    settings = load_settings()
    return settings, Store.open(settings.store_url, **settings.store.options)


def _report(settings: "Settings", store: "Store", done: "Replacement", verb: str, as_json: bool) -> None:
    """Tell Dagster of the new table, and the person what was done."""
    waiting: tuple[str, ...] = ()
    if done.commit is not None:
        from wethink_assets.planning.staleness import commits_in_force, missing_stages

        _sync(store, done.commit)
        waiting = missing_stages(commits_in_force(store, [done.batch])[done.batch])
    if as_json:
        record = {
            "stage": done.stage,
            "batch": done.batch,
            "rows": {change: list(items) for change, items in done.rows.items()},
            "fields": dict(done.fields),
            "commit": done.commit.model_dump(mode="json") if done.commit else None,
            "to_do": list(waiting),
        }
        typer.echo(json_text(record))
        return
    if not done.rows:
        typer.echo(f"{done.stage} of {done.batch}: the file holds what the table holds; nothing was changed")
        return
    counts = ", ".join(f"{count} {change}" for change, count in done.counts.items())
    fields = ", ".join(f"{name} {count}" for name, count in done.fields.items())
    commit = f", commit {done.commit.number}" if done.commit else ""
    typer.echo(
        f"{done.stage} of {done.batch}: the table {verb} another one{commit}: rows {counts}{f'; fields: {fields}' if fields else ''}"
    )
    if waiting:
        typer.echo(
            f"`wethink run` does {', '.join(waiting)} of the batch again; calls whose inputs are the same come from the journal"
        )


def _sync(store: "Store", commit: "Commit") -> None:
    from wethink_assets.defs.runs.batch_partitions import sync_batches
    from wethink_assets.defs.runs.instance import update_instance
    from wethink_assets.defs.runs.reporting import Synced
    from wethink_assets.defs.runs.sync import sync_stages
    from wethink_assets.sources.batches import source_of

    def update(instance: "DagsterInstance") -> None:
        sync_batches(instance, store, source_of(commit.batch))
        sync_stages(instance, [commit], Synced())

    why_not = update_instance(update)
    if why_not:
        typer.echo(f"Dagster was not told: {why_not}; `wethink sync` tells it", err=True)
