"""`wethink doctor`: a check of everything that the next run needs; `--fix` mends what can be mended safely.

Without `--fix` nothing is changed.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wethink_assets.commands.project.machine import (
    Observation,
    look_at_endpoints,
    look_at_gpus,
    look_at_space,
    look_at_store,
    look_at_versions,
)
from wethink_assets.plain_text import visible

if TYPE_CHECKING:
    import dagster as dg

    from wethink_assets.config import Settings
    from wethink_assets.storage.store import Store

LEFTOVER_AGE = 3_600.0  # seconds after which an unfinished file of a write belongs to nobody


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be: `fixed` by this command, or with `advice` on what to do; neither where it needs nothing."""

    what: str
    fixed: bool = False
    advice: str = ""
    fixable: bool = False

    @classmethod
    def mendable(cls, what: str, fixed: bool, how: str) -> "Finding":
        """A finding that `--fix` mends, in the way that `how` says."""
        return cls(what, fixed, "" if fixed else f"`wethink doctor --fix` {how}", fixable=True)


def doctor(
    fix: Annotated[
        bool,
        typer.Option(
            "--fix", help="Mark dead runs as failed, free their pool slots and delete leftovers of killed writes."
        ),
    ] = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Also print what was looked at: versions, GPUs, endpoints, store, database, space, daemon, schedules, pools.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check all that the next run needs: sources, prompts, models, services, store, space, Dagster's databases, runs, pools, schedules.

    Found are also dead runs, stuck pool slots and leftovers of killed writes, which --fix mends; without it nothing is changed. Each finding
    comes with advice. Exits with 1 when anything is left to mend. With --all and --json, `seen` has what was looked at, `findings` the rest.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.defs.resources import store_of

    settings = load_settings()
    store = store_of(settings)
    findings = of_settings(settings)
    unreadable = of_access(store)
    seen = [*look_at_versions(), *look_at_gpus(), *look_at_endpoints(settings)]
    seen += [] if unreadable else look_at_store(store)
    seen += look_at_space(store, os.environ.get("DAGSTER_HOME") or settings.folder)
    findings += unreadable or of_store(store, fix)
    findings += of_dagster(None if unreadable else store, fix, seen)
    findings += [Finding(f"{one.subject}: {one.what}", advice=one.advice) for one in seen if one.advice]
    listed = [asdict(finding) for finding in findings]
    if as_json:
        typer.echo(
            json.dumps({"seen": [asdict(one) for one in seen], "findings": listed} if everything else listed, indent=1)
        )
    else:
        for one in seen if everything else ():
            typer.echo(visible(f"{one.subject}: {one.what}"))
        show(findings)
    if any(finding.advice for finding in findings):
        raise typer.Exit(1)


def show(findings: list[Finding]) -> None:
    """Print the findings, each with what to do about it, and how many `--fix` would mend."""
    for finding in findings:
        typer.echo(visible(f"{'fixed' if finding.fixed else 'found'}: {finding.what}"))
        if finding.advice:
            typer.echo(visible(f"       {finding.advice}"))
    if not findings:
        typer.echo("all is well")
    left = [finding for finding in findings if finding.advice]
    if left:
        mendable = sum(finding.fixable for finding in left)
        typer.echo(f"{len(left)} to mend, {mendable} of them by `wethink doctor --fix`")


def of_settings(settings: "Settings") -> list[Finding]:
    """Sources that cannot be read; prompts and models that are missing."""
    from wethink_assets.errors import WeThinkError
    from wethink_assets.extensions.builtin import STAGES
    from wethink_assets.models.chat import ROLES
    from wethink_assets.models.registry import Models
    from wethink_assets.sources.catalog import sources_of
    from wethink_assets.sources.locations import Location
    from wethink_assets.stages.order import model_stages
    from wethink_assets.stages.prompts import asked_prompts
    from wethink_assets.synthesis.prompt_packs import load_prompts

    findings = []
    configured = [source for source in sources_of(settings).values() if source.configured]
    if not configured:
        findings.append(Finding("no source has a location", advice="give [sources.<name>] a location in wethink.toml"))
    drawn = settings.resolve(settings.sample.location) if settings.sample.location else ""
    undrawn = bool(drawn) and not Path(drawn).exists()
    for source in configured:
        if undrawn and Path(drawn) in Path(source.location).parents:
            continue  # the next `wethink run` draws it
        try:
            Location.open(source.location, source.options)
        except WeThinkError as error:
            findings.append(Finding(f"source {source.name}: {error}", advice="check its location"))
    models = Models.open(settings)
    checks: list[Callable[[], object]] = [partial(models.identity, role) for role in ROLES]
    checks.append(partial(load_prompts, settings, asked_prompts(settings)))
    together = dict.fromkeys(models.servers_of(STAGES[stage].roles) for stage in model_stages())
    checks += [partial(models.servers.check_fit, servers) for servers in together]
    for check in checks:
        try:
            check()
        except WeThinkError as error:
            findings.append(Finding(str(error), advice="check [roles], [servers] and prompt_pack in wethink.toml"))
    return findings


def of_dagster(store: "Store | None", fix: bool, seen: list[Observation]) -> list[Finding]:
    """Faults of Dagster's databases, and of what they hold; what else is seen there joins `seen`. Out of reach, that is all there is to say."""
    from wethink_assets.defs.runs.automation_checks import look_at_automation, look_at_pools
    from wethink_assets.defs.runs.database_checks import database_faults_of, database_in_words
    from wethink_assets.defs.runs.database_faults import database_fault, is_database_error
    from wethink_assets.defs.runs.instance import dagster_home, project_instance
    from wethink_assets.errors import ConfigError

    findings: list[Finding] = []
    try:
        with project_instance() as instance:
            findings += [Finding(what, advice=advice) for what, advice in database_faults_of(instance)]
            findings += of_runs(instance, fix)
            findings += of_instance(instance, store) if store else []
            seen.append(Observation("database", database_in_words(instance)))
            seen += [Observation(*one) for one in (*look_at_automation(instance), *look_at_pools(instance))]
    except ConfigError as error:
        findings.append(
            Finding(str(error), advice="Dagster's databases were not looked at: run `wethink doctor` again")
        )
    except Exception as error:
        if not is_database_error(error):
            raise
        advice = "what lies in Dagster's databases was not looked at: run `wethink doctor` again"
        findings.append(Finding(database_fault(error, dagster_home()), advice=advice))
    return findings


def of_runs(instance: "dg.DagsterInstance", fix: bool) -> list[Finding]:
    """Runs whose process is gone, and pool slots that are still held by runs that have ended."""
    import dagster as dg

    from wethink_assets.defs.runs.liveness import HERE, RUNNING, Process, dead_runs, fail_dead_runs, idle_slots

    findings = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=RUNNING)):
        host = Process.of(instance, record.dagster_run).host
        if host != HERE.host:
            findings.append(
                Finding(f"run {record.dagster_run.run_id} is running on {host} and can only be checked there")
            )
    held = idle_slots(instance, free=fix)  # first: those of dead runs are freed with them
    dead = fail_dead_runs(instance) if fix else dead_runs(instance)
    findings += [
        Finding.mendable(f"run {run_id} is dead: {why}", fix, "marks it as failed and frees its pool slots")
        for run_id, why in dead.items()
    ]
    findings += [
        Finding.mendable(f"run {run_id} has ended and still holds a pool slot", fix, "frees the slot")
        for run_id in held
    ]
    return findings


def of_access(store: "Store") -> list[Finding]:
    """That the store cannot be read; what lies in it cannot be looked at then."""
    from wethink_assets.errors import StoreUnreachable

    try:
        store.names("")
    except StoreUnreachable as error:
        return [Finding(f"the store cannot be read: {error}", advice="check [store] in wethink.toml")]
    return []


def of_store(store: "Store", fix: bool) -> list[Finding]:
    """Leftovers of writes whose process was killed, on a local store."""
    from wethink_assets.storage.local_files import leftovers

    paths = leftovers(store.root, LEFTOVER_AGE, time.time()) if store.local else []
    if fix:
        for path in paths:
            store.delete(path)
    return [Finding.mendable(f"leftover of a killed write: {store.link(path)}", fix, "deletes it") for path in paths]


def of_instance(instance: "dg.DagsterInstance", store: "Store") -> list[Finding]:
    """Batches that the store holds and the Dagster instance does not know."""
    from wethink_assets.defs.runs.batch_partitions import hidden_batches

    hidden = hidden_batches(instance, store)
    return (
        [Finding(f"{len(hidden)} batches of the store are unknown to Dagster", advice="`wethink sync` registers them")]
        if hidden
        else []
    )
