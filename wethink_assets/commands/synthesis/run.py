"""`wethink run`: everything there is to do for a larger dataset, in one Dagster run per batch and one per version."""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import dagster as dg

    from wethink_assets.commands.progress import Display
    from wethink_assets.config import Settings
    from wethink_assets.defs.runs.driver import RunDriver
    from wethink_assets.defs.runs.outcome import RunOutcome
    from wethink_assets.storage.store import Store

WAITING = 3
"""Exit code where a batch waits for batch jobs."""


def run(
    stages: Annotated[
        list[str] | None,
        typer.Argument(metavar="STAGE", help="Stages to refresh with --refresh; all of them if none is given."),
    ] = None,
    budget: Annotated[
        str, typer.Option(metavar="NAME", help="Budget that pays for the model calls; the configured one by default.")
    ] = "",
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh", help="Also redo what `wethink plan` lists as stale because of new prompts, models or seeds."
        ),
    ] = False,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Wait for the batch jobs of roles in mode batch, and resume, until none is left."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Observe the sources, synthesize what is missing, cut a version, train on it, and score the policies against their base model.

    Sample images are drawn first if the configuration asks for them. Recipes marked `in_main_run` are trained. Everything happens in
    Dagster runs of this process on the project's instance, so the UI shows it. It is safe to interrupt and restart: finished model calls
    and finished batches are kept. Before the first batch of a configuration the services of the models are called a few times; where one
    refuses what is needed, no batch is begun, and the line of wethink.toml that mends it is named. When the budget is spent, synthesis stops
    without a failure and the next run resumes from there. Exits with 1 if a batch or the version failed. A batch is failed, and not done,
    when a service failed more than half of its items. Exits with 3 if nothing failed and a batch waits for batch jobs of its service: the next
    run resumes with those that have ended.
    """
    from wethink_assets.commands.progress import Display
    from wethink_assets.commands.synthesis.run_outcome import show
    from wethink_assets.config import budget_limits, load_settings
    from wethink_assets.config.redaction import masked_text

    started = time.monotonic()
    settings = load_settings()
    again = stages_named(stages or [], refresh)
    if budget or settings.pipeline.budget:
        budget_limits(settings.budgets, budget or settings.pipeline.budget)
    with Display() as display:
        display.report(f"configuration {settings.folder}, store {masked_text(settings.store_url)}")
        outcome = grow(settings, display, budget or settings.pipeline.budget, again, wait)
        outcome["currency"] = settings.pipeline.currency
        outcome["seconds"] = round(time.monotonic() - started, 1)
        show(outcome, display)
    if as_json:
        typer.echo(json.dumps(outcome, indent=1, default=str))
    if outcome["failures"]:
        raise typer.Exit(1)
    if outcome["waiting"]:
        raise typer.Exit(WAITING)


def stages_named(stages: list[str], refresh: bool) -> tuple[str, ...]:
    """Stages to refresh: those named, all where none is, none without `--refresh`."""
    from wethink_assets.stages.order import stage_names

    unknown = [stage for stage in stages if stage not in stage_names()]
    if unknown or (stages and not refresh):
        why = (
            f"unknown stage {unknown[0]!r}; stages are {', '.join(stage_names())}"
            if unknown
            else "stages need --refresh"
        )
        raise typer.BadParameter(why)
    return tuple(stages) or (stage_names() if refresh else ())


def grow(
    settings: "Settings", display: "Display", budget: str = "", refresh: tuple[str, ...] = (), wait: bool = False
) -> dict[str, Any]:
    """All steps in order; the outcome of each, and failures by what failed."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # the bars are ours, and weights load in a second
    draw_missing_samples(settings, display)
    from wethink_assets.commands.evaluation.score import score_trained
    from wethink_assets.commands.synthesis.run_outcome import budget_state, figures, waiting_state
    from wethink_assets.commands.training.training_runs import train_marked

    with display.waiting("loading Dagster"):
        from wethink_assets.dataset.inventory.sealing import seal_rest
        from wethink_assets.definitions import definitions_of
        from wethink_assets.defs.resources import models_kept_open, models_of, store_of
        from wethink_assets.defs.runs.driver import RunDriver
        from wethink_assets.defs.runs.instance import project_instance
        from wethink_assets.defs.runs.liveness import fail_dead_runs

    store = store_of(settings)
    seal_rest(store, command="wethink run")
    with project_instance() as instance, models_kept_open():
        models_of(settings).servers.listen(lambda _, text: display.report(text), logs=False)
        for run_id, reason in fail_dead_runs(instance).items():
            display.report(f"earlier run {run_id[:8]} is dead: {reason}; marked as failed")
        driver = RunDriver(
            definitions_of(settings, {"progress": progress_resource(display)}), settings, store, instance
        )
        with display.busy("observing the sources"):
            observed = driver.observe()
            unfinished, synced = driver.unfinished(refresh)
        failures = {f"observing {name}": why for name, why in observed.failures.items()}
        checked = check_services(driver, display, budget) if unfinished else Checked()
        for batch in synced.batches:
            display.report(f"batch {batch} was registered elsewhere")
        done = Synthesized(left=list(unfinished))
        if not checked.failures:
            done = synthesize(driver, unfinished, store, display, budget, settings.pipeline.currency)
            while wait and done.waiting and not (done.failures or done.spent):
                done = go_on(driver, done, unfinished, settings, store, display, budget)
        failures |= checked.failures | done.failures
        version = cut_and_build(driver, display, failures, early=bool(done.waiting or done.spent))
        policies = train_marked(driver, settings, store, instance, display, failures)
        scores = score_trained(driver, settings, store, [policy["key"] for policy in policies], display, failures)
    seal_rest(store, command="wethink run")
    outcome = {"batches": done.batches, "left": done.left, "failures": failures, "models": done.models}
    outcome["waiting"] = waiting_state(store, done.waiting)
    outcome["check"] = {"calls": checked.calls, "money": checked.money}
    state = budget_state(store, settings, budget, done.spent)
    return {**outcome, "budget": state, "policies": policies, "scores": scores, **version, **figures(store, settings)}


def progress_resource(display: "Display") -> "dg.ResourceDefinition":
    """The display as the resource that stages report to."""
    import dagster as dg

    return dg.ResourceDefinition.hardcoded_resource(display)


def draw_missing_samples(settings: "Settings", display: "Display") -> None:
    """Draw the sample images if the configuration names a folder for them that has none, or whose drawing was interrupted."""
    if not settings.sample.location:
        return
    from wethink_assets.sources.sample import draw_samples

    folder = Path(settings.resolve(settings.sample.location))
    unfinished = folder / ".drawing"
    if not unfinished.exists() and any(path.is_file() for path in (folder / "images").rglob("*")):
        return
    folder.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    wanted = settings.sample
    with display.counting(f"drawing {wanted.images} sample images into {folder}", wanted.images) as count:
        draw_samples(folder, wanted.images, wanted.seed, wanted.hard, lambda _: count())
    unfinished.unlink()


@dataclass(frozen=True)
class Checked:
    """Outcome of the check of the services: failures, and calls and money of what was checked now and passed."""

    failures: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    money: float = 0.0


def check_services(driver: "RunDriver", display: "Display", budget: str = "") -> Checked:
    """Check the services that no check of this configuration has passed. Where one refuses what a role needs, no batch is begun."""
    with display.waiting("checking the services of the models"):
        ran, records = driver.check_services(budget)
    failures = {}
    if ran is not None and ran.failures:
        failures["check of the services"] = f"{'; '.join(ran.failures.values())} (run {ran.run_id})"
    for why in failures.values():
        display.report(f"failed: {why}")
    for note in dict.fromkeys(note for record in records for note in record.notes):
        display.report(note)
    return Checked(
        failures,
        sum(record.calls for record in records),
        round(sum(record.usage.get("money", 0.0) for record in records), 9),
    )


@dataclass
class Synthesized:
    """Outcome of the batches: those done, those left or failed, failures, where the budget ran out, usage of the models.

    waiting: batches that wait for batch jobs, with their stages from the one that waits.
    """

    batches: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    spent: str = ""
    models: dict[str, float] = field(default_factory=dict)
    waiting: dict[str, tuple[str, ...]] = field(default_factory=dict)


def synthesize(
    driver: "RunDriver",
    unfinished: dict[str, tuple[str, ...]],
    store: "Store",
    display: "Display",
    budget: str = "",
    currency: str = "",
) -> Synthesized:
    """Take each unfinished batch through what it misses, a few at a time where all models are behind endpoints and no budget is spent.

    One that fails does not stop the others; after a spent budget or balance no further batch begins.
    """
    done = Synthesized()
    if not unfinished:
        return done
    from wethink_assets.commands.synthesis.overlap import work_overlapped
    from wethink_assets.commands.synthesis.run_outcome import mostly_rejected
    from wethink_assets.sources.batches import read_membership

    sizes = {batch: read_membership(store, batch).height for batch in unfinished}
    batches, images = len(unfinished), sum(sizes.values())
    display.report(f"{batches} batch{'es' * (batches > 1)} with {images} image{'s' * (images > 1)} to synthesize")
    with display.batches(sizes, currency) as work:

        def synthesized(batch: str) -> "RunOutcome":
            work.begin(batch, len(unfinished[batch]))
            return driver.synthesize(batch, unfinished[batch], budget)

        def ended(batch: str, ran: "RunOutcome") -> bool:
            for what, why in ran.failures.items():
                done.failures[f"{batch}, {what}"] = f"{why} (run {ran.run_id})"
                display.report(f"failed: {batch}, {what}: {why}")
            waits = f"waits at {ran.waiting}" if ran.waiting else ""
            work.finish(batch, "stopped" if ran.spent else "failed" if ran.failures else waits or "done")
            if ran.spent:
                done.spent = done.spent or f"{ran.spent} of {batch}"
                return False
            if ran.waiting and not ran.failures:
                stages = unfinished[batch]
                done.waiting[batch] = stages[stages.index(ran.waiting) :]
            elif not ran.failures:
                done.batches.append(batch)
            for line in mostly_rejected(store, batch, unfinished[batch]):
                display.report(line)
            return not ran.balance_spent

        # Batches that share a budget would each be left half done by it; in turn, those that it pays for are whole.
        at_once = 1 if budget else driver.batches_at_once(unfinished.values())
        work_overlapped(sizes, synthesized, ended, at_once, work.interrupt)
        done.models = work.totals
    done.batches.sort(key=list(unfinished).index)
    done.left = [batch for batch in unfinished if batch not in done.batches]
    return done


def go_on(
    driver: "RunDriver",
    before: Synthesized,
    unfinished: dict[str, tuple[str, ...]],
    settings: "Settings",
    store: "Store",
    display: "Display",
    budget: str = "",
) -> Synthesized:
    """Wait until a batch job has ended, and take the batches further that it is of; the outcome of all batches so far."""
    from collections import Counter

    from wethink_assets.synthesis.batch_jobs.polling import wait_for_jobs

    with display.busy(f"waiting for the batch jobs of {len(before.waiting)} batches"):
        polled = wait_for_jobs(settings, store)
    ended = {ready.batch for ready in polled.ready} or set(before.waiting)
    todo = {batch: stages for batch, stages in before.waiting.items() if batch in ended} or before.waiting
    done = synthesize(driver, todo, store, display, budget, settings.pipeline.currency)
    done.waiting = {**{batch: stages for batch, stages in before.waiting.items() if batch not in todo}, **done.waiting}
    done.batches = [*before.batches, *done.batches]
    done.left = [batch for batch in unfinished if batch not in done.batches]
    done.models = dict(Counter(before.models) + Counter(done.models))
    return done


def cut_and_build(
    driver: "RunDriver", display: "Display", failures: dict[str, str], early: bool = False
) -> dict[str, Any]:
    """Decide a cut; build it when it holds anything new. `early`: batches wait for jobs or a budget, so that there may be nothing to cut yet."""
    from wethink_assets.dataset.cuts.decision import NothingNew
    from wethink_assets.errors import VersionError

    try:
        cut = driver.decide()
    except VersionError as error:
        if not failures and not early:  # else it follows from them, and would hide them
            failures["cut"] = str(error)
        return {"new": False}
    if isinstance(cut, NothingNew):
        return {"new": False}
    with display.busy(f"building {cut.version} from {len(cut.batches)} batches"):
        built = driver.build(cut.version)
    failures.update({f"{cut.version}, {what}": f"{why} (run {built.run_id})" for what, why in built.failures.items()})
    return {"new": built.success}
