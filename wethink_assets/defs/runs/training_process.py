"""The process of a planned training: started through Pipes, followed while it runs, and never left behind."""

import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from wethink_assets.errors import TrainingError
from wethink_assets.training.policies.artifacts import curves_so_far
from wethink_assets.training.runs.plan import TrainingPlan, command_of, process_environment
from wethink_assets.training.runs.process import OUTCOME, read_outcome
from wethink_assets.training.trainers.evaluation_record import HELD_OUT
from wethink_assets.training.trainers.guards import LESS_MEMORY

_EXIT_CODE = re.compile(r"External execution process failed with code (-?\d+)")
LOOK = 1.0  # seconds between two looks at the curves
FIRST_OBSERVATION = 10.0
OBSERVED = ("reward", "accuracy", "format", "kl", "entropy", "length", "tokens_per_second")


def train_in_process(
    context: dg.AssetExecutionContext, plan: TrainingPlan, progress: Callable[[int, int], None]
) -> None:
    """Run a plan and wait for it. Raises `TrainingError` with what the process said, or how it ended."""
    plan.write()
    (plan.work_folder / OUTCOME).unlink(missing_ok=True)
    client = dg.PipesSubprocessClient(
        env=process_environment(), cwd=plan.folder or None, termination_timeout_seconds=30
    )
    try:
        with _followed(context, plan, progress):
            client.run(context=context, command=command_of(plan, sys.executable))
    except Exception as error:  # Dagster exports no name for that of a process which ended with a code
        code = _EXIT_CODE.search(str(error))
        if code is None:
            raise
        message = read_outcome(plan).get("error")
        raise TrainingError(
            message or f"{_ending(code[1])}; what it did up to its last checkpoint is kept: start it again"
        ) from error


def _ending(code: str) -> str:
    if code in ("-9", "137"):
        return f"the training process was killed, perhaps because memory ran out: {LESS_MEMORY}"
    return f"the training process ended with code {code} and no message; its output is in the run's compute logs"


@contextmanager
def _followed(
    context: dg.AssetExecutionContext, plan: TrainingPlan, progress: Callable[[int, int], None]
) -> Iterator[None]:
    """Tells the progress callback each step and, now and then, the asset's page: its plots grow while the run goes on."""
    ended = threading.Event()
    instance, run_id = context.instance, context.run_id

    def follow() -> None:
        started = time.monotonic()
        observed = started - FIRST_OBSERVATION
        seen = evaluated = 0
        while not ended.wait(LOOK):
            lines = curves_so_far(plan.work_folder)
            evaluations = [line for line in lines if line.get("held_out") is not None]
            if len(evaluations) > evaluated:
                _observe(instance, plan, run_id, evaluations[-1], HELD_OUT.values())
                evaluated = len(evaluations)
            if len(lines) <= seen:  # none any more: the run has ended and tidied its folder
                continue
            seen = len(lines)
            step = int(lines[-1]["step"])
            progress(step, max(plan.recipe.steps, step))
            if time.monotonic() - observed < max(FIRST_OBSERVATION, (time.monotonic() - started) / 50):
                continue
            observed = time.monotonic()
            _observe(instance, plan, run_id, lines[-1], OBSERVED)

    thread = threading.Thread(target=follow, name=f"follows {plan.key}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _observe(
    instance: dg.DagsterInstance, plan: TrainingPlan, run_id: str, line: Mapping[str, Any], names: Iterable[str]
) -> None:
    """Put figures of a step on the asset's plots."""
    figures = {name: line[name] for name in names if line.get(name) is not None}
    event = dg.AssetObservation(
        "policy", partition=plan.key, metadata={"step": int(line["step"]), **figures, "while run": run_id}
    )
    instance.report_runless_asset_event(event)
