"""`wethink sync`: tell the Dagster instance what the store holds."""

import json
from dataclasses import asdict
from typing import Annotated

import typer


def sync(as_json: Annotated[bool, typer.Option("--json", help="Print what was told as JSON.")] = False) -> None:
    """Tell the Dagster instance what the store holds and it does not know: batches, stage tables, cuts, versions,
    policies, scores and comparisons.

    An empty instance then shows everything that a lost one did, except the runs. Safe to repeat.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.manifest import list_built
    from wethink_assets.defs.assets.scores import sync_scores
    from wethink_assets.defs.assets.studies import sync_studies
    from wethink_assets.defs.assets.training import register_runs, sync_policies
    from wethink_assets.defs.resources import store_of
    from wethink_assets.defs.runs.instance import project_instance
    from wethink_assets.defs.runs.sync import sync_instance

    settings = load_settings()
    with project_instance() as instance:
        store = store_of(settings)
        synced = sync_instance(instance, store)
        sync_policies(instance, store, synced)
        sync_scores(instance, store, settings, synced)
        sync_studies(instance, store, synced)
        register_runs(instance, settings, list_built(store))
    if as_json:
        typer.echo(json.dumps(asdict(synced), indent=1))
    elif synced.nothing:
        typer.echo("the instance knows all that the store holds")
    else:
        typer.echo(f"{len(synced.batches)} batches and {len(synced.versions)} versions were new to the instance")
        for asset, count in synced.events.items():
            typer.echo(f"  {asset}: {count} partitions reported")
