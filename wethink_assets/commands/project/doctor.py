"""`wethink doctor`: what stands in the way of the next run, and what of it can be put right."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import dagster as dg

    from wethink_assets.config import Settings
    from wethink_assets.storage.store import Store

LEFTOVER_AGE = 3_600.0  # seconds after which an unfinished file of a write belongs to nobody


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be: `fixed` now, or `advice` on what to do."""

    what: str
    fixed: bool = False
    advice: str = ""


def doctor(
    fix: Annotated[bool, typer.Option(help="Put right what is safe: dead runs, stuck slots, leftovers.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look for runs whose process is gone, pool slots that nobody holds, leftovers of killed writes, missing settings.

    Exit 1 when something remains that only people can put right.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.defs.resources import store_of
    from wethink_assets.defs.runs.instance import project_instance

    settings = load_settings()
    store = store_of(settings)
    findings = of_settings(settings)
    with project_instance() as instance:
        findings += [*of_runs(instance, fix), *of_store(store, fix), *of_view(instance, store)]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        for finding in findings:
            typer.echo(f"{'fixed' if finding.fixed else 'found'}: {finding.what}")
            if finding.advice:
                typer.echo(f"       {finding.advice}")
        if not findings:
            typer.echo("all is well")
    if any(finding.advice and not finding.fixed for finding in findings):
        raise typer.Exit(1)


def of_settings(settings: "Settings") -> list[Finding]:
    """Sources that cannot be read, prompts and models that are missing."""
    from wethink_assets.errors import WeThinkError
    from wethink_assets.models.chat import ROLES
    from wethink_assets.models.registry import Models
    from wethink_assets.sources.catalog import sources_of
    from wethink_assets.sources.locations import Location
    from wethink_assets.synthesis.prompt_packs import PROMPTS, STAGE_PROMPTS, load_prompts, stage_roles

    findings = []
    configured = [source for source in sources_of(settings).values() if source.configured]
    if not configured:
        findings.append(Finding("no source has a location", advice="give [sources.<name>] a location in wethink.toml"))
    for source in configured:
        try:
            Location.open(source.location, source.options)
        except WeThinkError as error:
            findings.append(Finding(f"source {source.name}: {error}", advice="check its location"))
    models = Models.open(settings)
    checks: list[Callable[[], object]] = [partial(models.identity, role) for role in ROLES]
    checks.append(partial(load_prompts, settings, PROMPTS))
    together = dict.fromkeys(models.servers_of(stage_roles(stage)) for stage in STAGE_PROMPTS)
    checks += [partial(models.servers.check_fit, servers) for servers in together]
    for check in checks:
        try:
            check()
        except WeThinkError as error:
            findings.append(Finding(str(error), advice="check [roles], [servers] and prompt_pack in wethink.toml"))
    return findings


def of_runs(instance: "dg.DagsterInstance", fix: bool) -> list[Finding]:
    """Runs whose process is gone, and slots kept by runs that are over."""
    import dagster as dg

    from wethink_assets.defs.runs.liveness import HERE, RUNNING, Process, dead_runs, fail_dead_runs, idle_slots

    findings = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=RUNNING)):
        host = Process.of(record.dagster_run).host
        if host != HERE.host:
            findings.append(Finding(f"run {record.dagster_run.run_id} goes on at {host}; it can only be checked there"))
    dead = fail_dead_runs(instance) if fix else dead_runs(instance)
    findings += [
        Finding(f"run {run_id} is over: {why}", fix, "" if fix else "wethink doctor") for run_id, why in dead.items()
    ]
    held = idle_slots(instance, free=fix)
    findings += [Finding(f"run {run_id} kept a pool slot", fix, "" if fix else "wethink doctor") for run_id in held]
    return findings


def of_store(store: "Store", fix: bool) -> list[Finding]:
    """Leftovers of writes whose process was killed, on a local store."""
    from wethink_assets.storage.local_files import leftovers

    found = leftovers(store.root, LEFTOVER_AGE, time.time()) if store.local else []
    if fix:
        for path in found:
            store.delete(path)
    return [
        Finding(f"leftover of a killed write: {store.link(path)}", fix, "" if fix else "wethink doctor")
        for path in found
    ]


def of_view(instance: "dg.DagsterInstance", store: "Store") -> list[Finding]:
    """What the store holds and the instance does not show."""
    from wethink_assets.defs.graph import image_batch
    from wethink_assets.sources.batches import list_batches

    known = set(instance.get_dynamic_partitions(str(image_batch.name)))
    hidden = [batch for batch in list_batches(store) if batch not in known]
    return (
        [Finding(f"{len(hidden)} batches of the store are unknown to Dagster", advice="wethink sync")] if hidden else []
    )
