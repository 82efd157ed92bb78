"""`wethink train` trains a policy on a dataset version; `wethink policies` lists the policies of the store."""

import json
from typing import Annotated, Any

import typer


def _presets(wanted: bool) -> None:
    """Print the presets and leave, before any argument is asked for."""
    if not wanted:
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from wethink_assets.training.estimates.presets import COLUMNS, preset_rows

    table = Table()
    for name in COLUMNS:
        table.add_column(name, justify="right" if name == "peak GiB" else "left", overflow="fold")
    for row in preset_rows():
        table.add_row(*map(Text, row))
    Console().print(table)
    raise typer.Exit


def train(
    version: Annotated[str, typer.Argument(help="Dataset version such as v0003, or a release.")],
    recipe: Annotated[str, typer.Argument(help="Recipe: the name of a table `[recipes.<name>]` of wethink.toml.")],
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Only put one row through processor, model, judge and reward, and say rows, tokens, memory, hours, cost and what is wrong.",
        ),
    ] = False,
    presets: Annotated[
        bool,
        typer.Option(
            "--presets",
            is_eager=True,
            callback=_presets,
            help="Only print settings for models of 2 to 72 billion weights on 1 to 8 devices of 24 or 80 GB.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the policy, or the plan, as JSON.")] = False,
) -> None:
    """Train a policy on a version with a recipe, in a Dagster run of this process on the project's instance.

    A policy that was already trained with the same settings, data and base model is not trained again. A killed run resumes from its
    newest complete checkpoint. Exits with 1 if the run failed or was stopped early, or if --plan finds something wrong; the message says what
    to change.
    """
    if plan:
        _plan(version, recipe, as_json)
        return
    from wethink_assets.commands.progress import Display
    from wethink_assets.commands.synthesis.run import progress_resource
    from wethink_assets.commands.training.training_runs import policy_record, show_policy, train_key
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.errors import TrainingError

    settings = load_settings()
    with Display() as display:
        with display.busy("loading Dagster"):
            from wethink_assets.definitions import definitions_of
            from wethink_assets.defs.resources import models_kept_open, store_of
            from wethink_assets.defs.runs.driver import RunDriver
            from wethink_assets.defs.runs.instance import project_instance
            from wethink_assets.defs.runs.liveness import fail_dead_runs
        store = store_of(settings)
        version = resolve_version(store, version)
        with project_instance() as instance, models_kept_open():
            fail_dead_runs(instance)
            given = {"progress": progress_resource(display)}
            driver = RunDriver(definitions_of(settings, given), settings, store, instance)
            trained = train_key(driver, settings, store, instance, f"{version}.{recipe}", display)
        if trained.policy is None:
            raise TrainingError(trained.failure or "the run published no policy")
        if not trained.new:
            display.report(f"{trained.key} has already been trained")
        show_policy(trained.policy, trained.curves, store, display)
    if as_json:
        record = {**policy_record(trained.policy), "new": trained.new, "run": trained.run_id}
        typer.echo(json.dumps(record, indent=1, default=str))


def _plan(version: str, recipe: str, as_json: bool) -> None:
    """Say what a run will take and what is wrong with its parts; exits with 1 if anything is."""
    import os

    os.environ.setdefault(
        "HF_HUB_DISABLE_PROGRESS_BARS", "1"
    )  # it is read when the hub's client is imported, which follows
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.storage.store import Store
    from wethink_assets.training.estimates.report import report_of
    from wethink_assets.training.estimates.run import estimate_run
    from wethink_assets.training.runs.plan import plan_run

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    planned = plan_run(settings, store, f"{resolve_version(store, version)}.{recipe}")
    estimate = estimate_run(planned, store)
    if as_json:
        typer.echo(json.dumps(estimate.as_dict(), indent=1))
    else:
        typer.echo(f"{planned.key}: {planned.recipe.method} from {estimate.base_model}")
        for line in report_of(estimate, settings.pipeline.currency):
            typer.echo(line)
    if estimate.faults:
        raise typer.Exit(1)


def policies(as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False) -> None:
    """List all trained policies with their held-out accuracy before and after training, and their cost."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from wethink_assets.commands.training.training_runs import policy_record
    from wethink_assets.config import load_settings
    from wethink_assets.storage.store import Store
    from wethink_assets.training.policies.card import percent, points
    from wethink_assets.training.policies.catalog import list_policies

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    trained = list_policies(store)
    if as_json:
        typer.echo(json.dumps([policy_record(policy) for policy in trained], indent=1, default=str))
        return
    if not trained:
        typer.echo(f"no policy in {store.url} yet: `wethink train VERSION RECIPE` makes one")
        return
    table = Table(title=Text(f"policies in {store.url}"))
    for name in ("training run", "base model", "trained (UTC)", "digest"):
        table.add_column(name, no_wrap=True)
    for name in ("rows", "before", "after", "gain in points (95%)", "cost"):
        table.add_column(name, justify="right")
    for policy in trained:
        accuracy: dict[str, Any] = policy.figures.get("accuracy", {}).get("all", {})
        cost = policy.figures.get("cost", {})
        seconds = f"{cost['gpu_seconds']} GPU-s" if "gpu_seconds" in cost else f"{cost.get('cpu_seconds', '?')} CPU-s"
        table.add_row(
            policy.key,
            Text(policy.base_model["model"]),
            f"{policy.created:%Y-%m-%d %H:%M}",
            policy.digest[:12],
            str(policy.figures.get("rows", {}).get("used", "")),
            percent(accuracy["before"]) if accuracy else "",
            percent(accuracy["after"]) if accuracy else "",
            points(accuracy) if accuracy else "",
            seconds,
        )
    Console().print(table)
