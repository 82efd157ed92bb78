"""A training run in a process of its own, from its plan to its published policy: `python -m wethink_assets.training.runs.process <plan.json>`.

Killed at any moment it resumes from its newest whole checkpoint when it is started again. Exit codes: 0 published (or known already), 1 failed
with a message, 75 ended with its starter, 130 interrupted.
"""

import json
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path

from wethink_assets import signals

if __name__ == "__main__":
    signals.heed()  # before what takes its time is imported

from wethink_assets.errors import WeThinkError
from wethink_assets.storage.lease import leased
from wethink_assets.training.policies.artifacts import PHASES
from wethink_assets.training.policies.catalog import Policy, note_run, read_policy
from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.runs.progress import ProgressReporter, progress_reporter
from wethink_assets.training.runs.watchdog import end_with
from wethink_assets.training.trainers.checkpoints import remove_unfinished
from wethink_assets.training.trainers.guards import out_of_memory, unwritten

OUTCOME = "outcome.json"


def is_main_process() -> bool:
    """Whether this is the first of the run's processes, by what launchers set in the environment."""
    return int(os.environ.get("RANK") or os.environ.get("SLURM_PROCID") or 0) == 0


def execute(plan: TrainingPlan, reporter: ProgressReporter) -> Policy | None:
    """Train what is planned and publish it, unless it was already; None in processes that are not the first.

    Raises `WeThinkError` with what to change when the run cannot continue.
    """
    store = plan.open_store()
    if (known := read_policy(store, plan.digest)) is not None:
        if is_main_process():
            note_run(store, plan.key, plan.digest)
            reporter.report(f"{plan.key}: trained already, as {known.key} ({plan.digest[:12]})")
        return known
    from wethink_assets.training.runs.session import train

    if not is_main_process():
        return train(plan, store, reporter)
    with leased(store, f"policies/leases/{plan.digest}") as lease:
        if (known := read_policy(store, plan.digest)) is not None:  # while waiting for the lease
            note_run(store, plan.key, plan.digest)
            return known
        return train(plan, store, reporter, lease)


def main(path: str) -> int:
    """Run the plan at `path`; returns the exit code."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    plan = TrainingPlan.model_validate_json(Path(path).read_text())
    if plan.starter is not None:
        end_with(plan.starter)
    main_process = is_main_process()
    with progress_reporter(main_process) as reporter:
        try:
            policy = execute(plan, reporter)
        except KeyboardInterrupt:
            reporter.report("interrupted; the run resumes from its newest whole checkpoint when it is started again")
            return 130
        except Exception as error:
            message = str(error) if isinstance(error, WeThinkError) else _reason(error, plan)
            if message is None:
                traceback.print_exc()
                message = f"{type(error).__name__}: {error}"
            reporter.report(f"{plan.key} failed: {message}")
            if main_process:
                with suppress(OSError):  # where the disk is still full the report alone tells
                    for phase in PHASES:
                        remove_unfinished(plan.work_folder / phase)
                    _write_outcome(plan, {"error": message})
            return 1
        if main_process and policy is not None:
            _write_outcome(plan, {"digest": policy.digest})
            reporter.done({"digest": policy.digest})
    return 0


def _reason(error: Exception, plan: TrainingPlan) -> str | None:
    return out_of_memory(error) or unwritten(error, plan.work_folder)


def read_outcome(plan: TrainingPlan) -> dict[str, str]:
    """How the last attempt ended: `digest` of the policy, or `error`; empty when it was killed."""
    try:
        outcome: dict[str, str] = json.loads((plan.work_folder / OUTCOME).read_text())
    except (OSError, ValueError):
        return {}
    return outcome


def _write_outcome(plan: TrainingPlan, outcome: dict[str, str]) -> None:
    plan.work_folder.mkdir(parents=True, exist_ok=True)
    unfinished = plan.work_folder / f"{OUTCOME}.writing"
    unfinished.write_text(json.dumps(outcome))
    unfinished.rename(plan.work_folder / OUTCOME)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m wethink_assets.training.runs.process <plan.json>")
    sys.exit(main(sys.argv[1]))
