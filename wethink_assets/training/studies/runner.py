"""Runner of a study's trainings, several at a time, each in a process of its own, and of the answers of their policies.

What was trained or answered once is not done again, whoever did it; what was interrupted resumes from its checkpoint.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from wethink_assets.errors import TrainingError
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.artifacts import curves_so_far
from wethink_assets.training.policies.catalog import Policy, local_checkpoint, note_run, read_policy
from wethink_assets.training.runs.plan import TrainingPlan, command_of, process_environment
from wethink_assets.training.runs.process import OUTCOME, read_outcome
from wethink_assets.training.runs.watchdog import ENDED_WITH_STARTER, Starter
from wethink_assets.training.studies.answer_store import AnswerDigests, base_name
from wethink_assets.training.studies.answers import COMMAND, AnswerJob
from wethink_assets.training.studies.design import Design
from wethink_assets.training.trainers.checkpoints import newest_whole, step_of

LOOK = 0.5  # seconds between two looks at a process
ENDING = 30.0  # seconds that a process has to end when it is asked to
GONE = 5.0  # seconds that what it started has to be gone when it is killed
LOG = "study.log"
STARTS = 3


class StudyReporter(Protocol):
    """Where the progress of a study is reported."""

    def report(self, line: str) -> None:
        """One line."""

    def step(self, what: str, done: int, total: int) -> None:
        """How far one training is."""


def parallel_of(design: Design) -> int:
    """Trainings at a time where nobody says: two of an embedded model, which a thread each suits best; else one."""
    return min(2, len(os.sched_getaffinity(0))) if design.base["embedded"] else 1


class Runner:
    """Trains and asks what a study needs. `failed` has the reason why a training could not be finished, by digest of its policy."""

    def __init__(
        self, design: Design, store: Store, digests: AnswerDigests, reporter: StudyReporter, parallel: int = 0
    ) -> None:
        self._design, self._store, self._digests, self._reporter = design, store, digests, reporter
        self.parallel = parallel or parallel_of(design)
        self._threads = max(1, len(os.sched_getaffinity(0)) // self.parallel) if design.base["embedded"] else 0
        self._stopped = threading.Event()
        self.failed: dict[str, str] = {}
        self.trained: list[str] = []

    def run(self) -> None:
        """Do all that is missing. Raises `TrainingError` when a model could not be asked; processes end with an interruption."""
        plans = list(self._design.plans.values())
        with ThreadPoolExecutor(self.parallel) as pool:
            try:
                pending = {pool.submit(self._ask_base), *(pool.submit(self._one, plan) for plan in plans)}
                while pending:  # looks up now and then: a wait without end would not notice Ctrl-C
                    done, pending = wait(pending, LOOK, FIRST_EXCEPTION)
                    for future in done:
                        future.result()
            except BaseException:
                self._stopped.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        for run in self._design.runs:  # runs that share a policy are all known by name
            if read_policy(self._store, run.plan.digest) is not None:
                note_run(self._store, run.plan.key, run.plan.digest)

    def _ask_base(self) -> None:
        self._ask(base_name(self._design.base), "", "the untrained model")

    def _one(self, plan: TrainingPlan) -> None:
        policy = read_policy(self._store, plan.digest) or self._train(plan)
        if policy is not None:
            self._ask(policy.model_digest, str(local_checkpoint(self._store, policy)), plan.recipe_name)

    def _train(self, plan: TrainingPlan) -> Policy | None:
        """One training; None, with its reason in `failed`, when it could not be finished."""
        outcome = plan.work_folder / OUTCOME
        outcome.unlink(missing_ok=True)
        newest = newest_whole(plan.work_folder / "grpo") or newest_whole(plan.work_folder / "sft")
        self._reporter.report(f"training {plan.recipe_name}{f', after step {step_of(newest)}' if newest else ''}")

        def look() -> None:
            lines = curves_so_far(plan.work_folder)
            if lines:
                self._reporter.step(plan.recipe_name, int(lines[-1]["step"]), max(plan.recipe.steps, len(lines)))

        for _ in range(STARTS):
            plan.write()  # another process that wants the same policy may have put its own here, and have ended
            code, last_line = self._process(command_of(plan, sys.executable), plan.work_folder, b"", look)
            if code != ENDED_WITH_STARTER:
                break
        policy = read_policy(self._store, plan.digest)
        if policy is None:
            why = read_outcome(plan).get("error") or f"its process ended with code {code}: {last_line}"
            self.failed[plan.digest] = why
            self._reporter.report(f"{plan.recipe_name} failed: {why}")
        else:
            self.trained.append(plan.digest)
            self._reporter.report(f"trained {plan.recipe_name} in {policy.figures['cost']['wall_seconds']} s")
        return policy

    def _ask(self, model: str, checkpoint: str, label: str) -> None:
        if not any(self._digests.missing(self._store, model)):
            return
        design = self._design
        job = AnswerJob(
            settings=design.settings.model_dump(mode="json"),
            folder=design.settings.folder,
            version=design.version,
            recipe=design.scoring,
            model=model,
            base=design.base,
            checkpoint=checkpoint,
            rows=self._digests.rows,
            scenes=self._digests.scenes,
            threads=self._threads,
            starter=Starter.here(),
        )
        work = design.runs[0].plan.work_folder.parent / f"answers-{model[:24]}"
        code, last_line = self._process([sys.executable, *COMMAND], work, job.model_dump_json().encode())
        if code:
            raise TrainingError(f"{label} could not be asked: {last_line or f'its process ended with code {code}'}")

    def _process(
        self, command: Sequence[str], work: Path, standard_input: bytes, look: Callable[[], None] = lambda: None
    ) -> tuple[int, str]:
        """Run a process to its end, looking in now and then; its exit code and the last line of its output.

        Raises `TrainingError` when all is to stop.
        """
        work.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **process_environment()}
        if self._threads:
            environment["OMP_NUM_THREADS"] = str(self._threads)
        log = work / LOG
        with log.open("wb+") as output:
            process = subprocess.Popen(
                command,
                env=environment,
                cwd=self._design.settings.folder or None,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a launcher is asked to end together with what it started
            )
            try:
                assert process.stdin is not None
                with suppress(BrokenPipeError):  # it ended before it read: its exit code tells
                    process.stdin.write(standard_input)
                    process.stdin.close()
                while process.poll() is None:
                    if self._stopped.wait(LOOK):
                        raise TrainingError("interrupted")
                    look()
            finally:
                _end(process)
            output.seek(0)  # the folder may be gone by now
            lines = output.read().decode(errors="replace").strip().splitlines()
        return process.returncode, lines[-1] if lines else ""


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process with all of its group, unless it has ended; checkpoints are whole or not there."""
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDING)
    until = time.monotonic() + GONE
    with suppress(ProcessLookupError):  # that is: nobody is left. A launcher may end before what it started
        while time.monotonic() < until:
            os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.01)
    process.wait(ENDING)
