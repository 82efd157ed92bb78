"""Outcome of `wethink run`: its figures, and the report that it prints."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wethink_assets.commands.progress import Display
    from wethink_assets.config import Settings
    from wethink_assets.storage.store import Store


def budget_state(store: "Store", settings: "Settings", name: str, spent: str) -> dict[str, Any] | None:
    """The budget of this run: its limits, the spending of all its runs, and the stage of this one at which it was used up."""
    if not name:
        return None
    from wethink_assets.config import budget_limits
    from wethink_assets.synthesis.budgets.ledger import Accounts, spent_of

    limits = budget_limits(settings.budgets, name).limits()
    return {"name": name, "limits": limits, "spent": spent_of(Accounts(store, name).read()), "spent_at": spent}


def waiting_state(store: "Store", waiting: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Batches that wait, with the stage that does, and the batch jobs that they wait for; empty where none does."""
    if not waiting:
        return {}
    from wethink_assets.synthesis.batch_jobs.records import open_jobs

    jobs = [job for job in open_jobs(store) if job.batch in waiting and job.state != "ended"]
    return {
        "batches": {batch: stages[0] for batch, stages in waiting.items()},
        "jobs": len(jobs),
        "calls": sum(job.calls for job in jobs),
    }


def figures(store: "Store", settings: "Settings") -> dict[str, Any]:
    """The newest version: name, location, rows, funnel by source, and how many rows about drawn images are true; empty before the first."""
    from wethink_assets.dataset.versions.files import read_statistics
    from wethink_assets.dataset.versions.manifest import list_built, read_manifest, version_folder

    versions = list_built(store)
    if not versions:
        return {}
    manifest = read_manifest(store, versions[-1])
    statistics = read_statistics(store, manifest)
    return {
        "version": manifest.version,
        "location": store.link(version_folder(manifest.version)),
        "rows": manifest.rows,
        "kinds": manifest.counts.get("kind", {}),
        "funnel": statistics["funnel"],
        "truth": truth(store, settings, manifest.version),
    }


def truth(store: "Store", settings: "Settings", version: str) -> dict[str, int]:
    """Rows of a version that the drawn scenes know the truth of, and how many are true: in all, and of hard images. Empty where none was drawn."""
    from dataclasses import asdict

    from wethink_assets.dataset.versions.files import scan_file
    from wethink_assets.sources.sample.audit import audit_rows
    from wethink_assets.sources.sample.layout import read_scene_graphs

    location = settings.resolve(settings.sample.location) if settings.sample.location else ""
    try:
        scenes = read_scene_graphs(location) if location else {}
    except FileNotFoundError:  # drawn elsewhere, or not yet
        return {}
    columns = ["image_id", "question", "options", "answer"]
    rows = scan_file(store, version, "rows.parquet").select(columns).collect().iter_rows(named=True)
    audit = audit_rows(rows, scenes)
    return asdict(audit) if audit.rows else {}


def mostly_rejected(store: "Store", batch: str, stages: Iterable[str]) -> Iterator[str]:
    """A line about each of these stages of a batch that rejected more than it passed: how much, mostly for which reason, and its words."""
    from wethink_assets.stages.output import commonest_detail
    from wethink_assets.storage.tables import Tables

    tables = Tables(store)
    for stage in stages:
        commit = tables.current(stage, batch)
        if commit is None or commit.rejections <= commit.results:
            continue
        reason = next(iter(commit.reasons))
        detail = commonest_detail(tables.load_commit(commit).rejections, [reason])
        items = commit.results + commit.rejections
        yield f"{batch}: {stage} rejected {commit.rejections} of {items}, mostly as {reason}{f' ({detail})' if detail else ''}"


def show(outcome: dict[str, Any], display: "Display") -> None:
    """Print the funnel by source, what failed, and where the version lies."""
    if outcome.get("funnel") and (outcome["new"] or outcome["batches"]):
        show_funnel(outcome["version"], outcome["funnel"], display)
    for what, why in outcome["failures"].items():
        display.report(f"failed: {what}: {why}")
    show_cost(outcome, display)
    if outcome["waiting"]:
        display.report(waiting_line(outcome["waiting"]))
    if not outcome["batches"] and not outcome["left"] and not outcome["new"] and not outcome["failures"]:
        display.report("nothing to do: no new images, and no batch or version is unfinished")
    if "version" in outcome:
        kinds = ", ".join(f"{count} {kind}" for kind, count in outcome["kinds"].items())
        state = "is new" if outcome["new"] else "is the newest"
        display.report(f"{outcome['version']} {state}: {outcome['rows']} rows ({kinds}) in {outcome['location']}")
    if outcome.get("truth"):
        display.report(truth_line(outcome["truth"]))
    display.report(f"done in {outcome['seconds']} s; `make ui` shows it")


def waiting_line(waiting: Mapping[str, Any]) -> str:
    """What batches wait for, and what resumes when it is there.

    >>> waiting_line({"batches": {"coco.000001": "descriptions"}, "jobs": 2, "calls": 1024})
    'coco.000001 (descriptions) waits for 2 batch jobs with 1,024 calls; wethink run resumes when one has ended, as does the sensor batch_jobs'
    """
    batches = [f"{batch} ({stage})" for batch, stage in waiting["batches"].items()]
    named = ", ".join(batches[:3]) + (f" and {len(batches) - 3} more" if len(batches) > 3 else "")
    jobs = f"{waiting['jobs']} batch job{'s' * (waiting['jobs'] != 1)} with {waiting['calls']:,} calls"
    wait = "waits" if len(batches) == 1 else "wait"
    return f"{named} {wait} for {jobs}; wethink run resumes when one has ended, as does the sensor batch_jobs"


def truth_line(audit: dict[str, int]) -> str:
    """Shares of true rows with their 95% intervals.

    >>> truth_line({"rows": 315, "true": 312, "hard_rows": 25, "hard_true": 24})
    'true by the drawn scenes: 312 of 315 rows (99.0%, 97.2 to 99.7), of hard images 24 of 25 (96.0%, 80.5 to 99.3)'
    """
    from wethink_assets.intervals import wilson

    def share(true: int, rows: int) -> str:
        low, high = wilson(true, rows)
        return f"({true / rows:.1%}, {100 * low:.1f} to {100 * high:.1f})" if rows else ""

    whole = f"{audit['true']} of {audit['rows']} rows {share(audit['true'], audit['rows'])}"
    hard = (
        f", of hard images {audit['hard_true']} of {audit['hard_rows']} {share(audit['hard_true'], audit['hard_rows'])}"
    )
    return f"true by the drawn scenes: {whole}{hard if audit['hard_rows'] else ''}"


def show_cost(outcome: dict[str, Any], display: "Display") -> None:
    """Print calls, tokens and cost of the models, and the state of the budget."""
    from wethink_assets.synthesis.budgets.progress import money

    models, budget = outcome["models"], outcome["budget"]
    if models:
        cost = f", {money(models['money'], outcome['currency'])}" if models.get("money") else ""
        tokens = f"{models.get('prompt_tokens', 0):,.0f} tokens in, {models.get('completion_tokens', 0):,.0f} out"
        cached = f"{models.get('cached_calls', 0):,.0f} found in the journal"
        display.report(f"models: {models.get('calls', 0):,.0f} calls ({cached}), {tokens}{cost}")
    if not budget:
        return
    left = ", ".join(f"{budget['spent'][name]:,.6g} of {limit:,.6g} {name}" for name, limit in budget["limits"].items())
    display.report(f"budget {budget['name']}: {left or 'no limits'} spent")
    if budget["spent_at"]:
        display.report(
            f"the budget was spent at {budget['spent_at']}: {len(outcome['left'])} batches are left; finished calls are kept, and the "
            "next run with something to spend resumes from there"
        )


def show_funnel(version: str, funnel: list[dict[str, Any]], display: "Display") -> None:
    """Print from how many questions of each source the rows of a version came."""
    from wethink_assets.dataset.versions.statistics import shown_funnel

    rows = shown_funnel(funnel)
    display.table(f"{version} by source", list(rows[0])[1:], [[str(value) for value in row.values()] for row in rows])
