"""`wethink sync`: registration of what the store holds with the Dagster instance.

The store is the truth and the instance a view of it, so a lost instance is rebuilt with an empty one and this command.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import dagster as dg

    from wethink_assets.defs.runs.history.move import MovedHistory


def sync(
    from_sqlite: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="First move the history that Dagster kept below this folder (`.dagster`) to PostgreSQL, where it is now.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was registered as JSON.")] = False,
) -> None:
    """Register with the Dagster instance what the store holds: batches, stage tables, cuts, versions, policies, scores and studies.

    Only what the instance does not know yet is registered, so it is safe to repeat. An empty instance then shows everything that a lost
    one did, except the runs. OpenLineage events that a run could not send are sent now.

    With --from-sqlite, runs, events, schedules and partitions go to PostgreSQL first and are counted there; the folder stays as it is. After a
    kill, the same command continues.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.lineage.openlineage.emission import emit_unsent
    from wethink_assets.defs.resources import store_of
    from wethink_assets.defs.runs.instance import project_instance
    from wethink_assets.defs.runs.sync import sync_instance

    settings = load_settings()
    folder = from_sqlite.absolute() if from_sqlite else None  # the instance works in a folder of its own
    with project_instance() as instance:
        moved = _moved(instance, folder) if folder else None
        synced = sync_instance(instance, store_of(settings), settings)
    sent = emit_unsent(store_of(settings))
    if as_json:
        typer.echo(
            json.dumps(
                {**asdict(synced), "openlineage_sent": sent, **({"history": asdict(moved)} if moved else {})}, indent=1
            )
        )
        return
    if moved:
        typer.echo(
            f"{moved.runs:,} runs with {moved.events:,} events are in PostgreSQL now, as many as before; {moved.seconds:.0f} s"
        )
    if sent:
        typer.echo(f"{sent} OpenLineage events were sent")
    if synced.nothing:
        typer.echo("the instance knows all that the store holds")
    else:
        typer.echo(f"{len(synced.batches)} batches and {len(synced.versions)} versions were new to the instance")
        for asset, count in synced.events.items():
            typer.echo(f"  {asset}: {count} partitions reported")


def _moved(instance: "dg.DagsterInstance", folder: Path) -> "MovedHistory":
    from wethink_assets.defs.runs.history.move import move_history

    return move_history(instance, folder, lambda line: typer.echo(line, err=True))
