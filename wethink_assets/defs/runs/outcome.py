"""The outcome of a run: what failed in it and why, in our own words, and the stage at which its budget was spent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

from wethink_assets.defs.metadata.cost import SPENT_TAG, WAITING_TAG
from wethink_assets.models.chat import BalanceSpent


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended: its id, what failed in it (step or asset to message), and the stage at which its budget was spent.

    balance_spent: a service answers no more until somebody pays: further runs would fail as well; waiting: the stage that waits for batch jobs.
    """

    run_id: str
    failures: dict[str, str]
    spent: str = ""
    balance_spent: bool = False
    waiting: str = ""

    @property
    def success(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    @classmethod
    def of(cls, result: dg.ExecuteInProcessResult, run: dg.DagsterRun | None) -> "RunOutcome":
        """Outcome of a run of this process. Raises `KeyboardInterrupt` when it was interrupted (Ctrl-C, SIGTERM)."""
        errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
        if any(_comes_of(error, "DagsterExecutionInterruptedError", "KeyboardInterrupt") for error in errors):
            raise KeyboardInterrupt  # Dagster made a failed step of it; whoever pressed Ctrl-C meant all of it
        return cls(
            result.run_id,
            dict(_failures(result)),
            run.tags.get(SPENT_TAG, "") if run else "",
            any(_comes_of(error, BalanceSpent.__name__) for error in errors),
            run.tags.get(WAITING_TAG, "") if run else "",
        )


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[tuple[str, str]]:
    for event in result.all_events:
        if event.is_step_failure:
            yield event.step_key or "", _cause(event.step_failure_data.error)
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            if not evaluation.passed:
                yield (
                    f"{evaluation.asset_key.to_user_string()}:{evaluation.check_name}",
                    evaluation.description or "failed",
                )
    if not result.success and not any(event.is_step_failure for event in result.all_events):
        yield "run", "failed before its first step"


def _comes_of(error: Any, *names: str) -> bool:
    """Whether an error, or one that it was raised for, is of a class of these names."""
    while error is not None:
        if error.cls_name in names:
            return True
        error = error.cause
    return False


def _cause(error: Any) -> str:
    """What our own code said first, without Dagster's frames around it; else the innermost message."""
    messages = []
    while error is not None:
        messages.append(str(error.message).strip())
        error = error.cause
    own = (message for message in messages if message.startswith("wethink_assets."))
    return next(own, messages[-1] if messages else "unknown").partition(": ")[2] or messages[-1]
