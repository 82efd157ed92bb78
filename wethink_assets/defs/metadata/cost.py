"""Cost of a stage's model calls, as numbers that the UI plots, and the early end of a stage whose budget is spent, or that waits for batch jobs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster import AssetExecutionContext

from wethink_assets.config import Settings
from wethink_assets.config.budgets import budget_table
from wethink_assets.models.chat import ROLES
from wethink_assets.synthesis.batch_jobs.batch_calls import JobsPending
from wethink_assets.synthesis.budgets.allowance import BudgetSpent

WAITING_TAG = "wethink/waiting"  # of a run: the stage at which it ended since that waits for batch jobs
SPENT_TAG = "wethink/budget_spent"  # of a run: the stage at which its budget was spent
CALLS: Mapping[str, str] = {
    "calls": "model calls",
    "cached_calls": "cached model calls",
    "prompt_tokens": "prompt tokens",
    "completion_tokens": "completion tokens",
    "seconds": "model seconds",
    "money": "cost",
}
BY_ROLE: Mapping[str, str] = {name: label for name, label in CALLS.items() if name not in ("cached_calls", "seconds")}


def bill(calls: Mapping[str, float], accepted: int) -> dict[str, Any]:
    """Metadata of a stage's calls: of the run, by role, in all, and by accepted row. Names are the same in every materialization.

    Args:
        calls: of the commit: what the run made, and what it found in the journal.
        accepted: rows of the stage's results.

    What is told in all and by row includes calls that an earlier run paid for: a run that resumes one finds most of them in the journal.
    """
    if not calls:
        return {}
    metadata: dict[str, Any] = {label: calls.get(name, 0.0) for name, label in CALLS.items()}
    for role in ROLES:
        if f"{role}.calls" in calls or f"{role}.cached_calls" in calls:
            metadata |= {f"{role}: {label}": calls.get(f"{role}.{name}", 0.0) for name, label in BY_ROLE.items()}
    tokens = sum(_behind(calls, name) for name in ("prompt_tokens", "completion_tokens"))
    totals = {"calls": _behind(calls, "calls"), "tokens": tokens, "cost": _behind(calls, "money")}
    metadata |= {f"{name} in all": total for name, total in totals.items()}
    if accepted:
        metadata |= {f"{name} per accepted row": round(total / accepted, 6) for name, total in totals.items()}
    return metadata


def _behind(calls: Mapping[str, float], name: str) -> float:
    return calls.get(name, 0.0) + calls.get(f"cached_{name}", 0.0)


@contextmanager
def early_end(context: AssetExecutionContext, settings: Settings) -> Iterator[None]:
    """A stage's work: when the budget is spent, or it waits for batch jobs, it ends here, as a success that says so in the run's log and tags."""
    stage = context.asset_key.to_user_string()
    try:
        yield
    except BudgetSpent as spent:
        context.instance.add_run_tags(context.run_id, {SPENT_TAG: stage})
        context.log.warning(
            f"{spent}. {stage} of {context.partition_key} stays missing; its finished calls are in the journal. Raise the limit in the table "
            f"[budgets.{budget_table(settings.budgets, spent.budget)}] of wethink.toml and re-execute this run, or launch one on another "
            "budget: it resumes from there."
        )
    except JobsPending as pending:
        context.instance.add_run_tags(context.run_id, {WAITING_TAG: stage})
        context.log.warning(
            f"{pending}. The run ends meanwhile; the sensor batch_jobs starts the next one when a job has ended, and so does wethink run."
        )
