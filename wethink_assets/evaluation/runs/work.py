"""Work of a scoring: replies of all benchmarks are asked for at once, and a benchmark is graded as soon as it has its own."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.errors import SourceError
from wethink_assets.evaluation.forms.form import VLMEVALKIT
from wethink_assets.evaluation.runs.calls import Calls, JudgeGone
from wethink_assets.evaluation.runs.grades import grade_by_kit, grade_by_rules
from wethink_assets.evaluation.runs.jobs import Job
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.runs.replies import Progress, Prompts, each_row, reply_to
from wethink_assets.evaluation.vlmevalkit.process import Kit
from wethink_assets.evaluation.vlmevalkit.scoring import KitResult
from wethink_assets.models.registry import Models


@dataclass(frozen=True)
class Ended:
    """What became of a job: graded (`result` where VLMEvalKit did it), failed for its file, or waiting for a judge that cannot be asked."""

    job: Job
    result: KitResult | None = None
    failed: SourceError | None = None
    waiting: JudgeGone | None = None


class Work:
    """Asking and grading of a model's jobs, on the models' event loop. `ended` gets each job when it is through, for whoever publishes it.

    One job is graded at a time, those that need no judge first. Where model and judge are two servers of this machine, of which one makes
    room for the other, what may need the judge waits until all replies are there.
    """

    def __init__(
        self, models: Models, calls: Calls, settings: Settings, model: EvaluatedModel, jobs: Sequence[Job], kit: Kit
    ) -> None:
        self.ended: deque[Ended] = deque()
        self._calls, self._settings, self._model, self._jobs, self._kit = calls, settings, model, jobs, kit
        self._width = settings.pipeline.concurrency
        self._judge_beside = len(models.servers_of(("policy", "judge"))) < 2
        self._ready = [number for number, job in enumerate(jobs) if not job.rows.height]
        self._asked = False
        self._fault: Exception | None = None
        self._changed = asyncio.Event()
        ours = [job for job in jobs if job.scorer != VLMEVALKIT]
        self._totals = {
            f"replies of {model.name}": sum(job.rows.height for job in jobs),
            "verdicts": sum(job.rows.height for job in ours),
            "benchmarks scored by VLMEvalKit": len(jobs) - len(ours),
        }
        self._done = dict.fromkeys(self._totals, 0)

    def report(self, progress: Progress | None) -> None:
        """Tell how far replies, verdicts and benchmarks of VLMEvalKit are."""
        for what, total in self._totals.items():
            if progress and total and (self._done[what] or what.startswith("replies")):
                progress(what, self._done[what], total)

    async def run(self, prompts: Prompts) -> None:
        """Do all of it. Raises what ended the asking (`ModelError` of a model that is gone) after what had its replies was graded."""
        tasks = [asyncio.create_task(self._ask(prompts)), asyncio.create_task(self._grade())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._fault is not None:
            raise self._fault

    async def _ask(self, prompts: Prompts) -> None:
        numbers = {id(job): number for number, job in enumerate(self._jobs)}
        replies = f"replies of {self._model.name}"

        async def ask(item: tuple[Job, Mapping[str, Any]]) -> None:
            job, row = item
            job.replies.append(await reply_to(self._calls, self._settings, self._model, job, row, prompts.get(job.key)))
            self._done[replies] += 1
            if len(job.replies) == job.rows.height:
                self._ready.append(numbers[id(job)])
                self._changed.set()

        try:
            await self._calls.work_through(each_row(self._jobs), ask, self._width)
        except Exception as error:
            self._fault = error
        self._asked = True
        self._changed.set()

    async def _grade(self) -> None:
        while True:
            self._changed.clear()
            ready = [(self._jobs[number].form.judged, number) for number in self._ready]
            ready = [(judged, number) for judged, number in ready if not judged or self._judge_beside or self._asked]
            if ready:
                _, number = min(ready)
                self._ready.remove(number)
                self.ended.append(await self._grade_one(self._jobs[number]))
            elif self._asked:
                return
            else:
                await self._changed.wait()

    async def _grade_one(self, job: Job) -> Ended:
        try:
            if job.scorer != VLMEVALKIT:
                await grade_by_rules(self._calls, job, self._width, self._count)
                return Ended(job)
            if self._calls.judge_gone is not None and job.form.judged:
                raise self._calls.judge_gone  # VLMEvalKit greets the judge before it grades
            result = await grade_by_kit(self._calls, self._kit, self._model.identity["kind"], job, self._width)
        except JudgeGone as error:
            return Ended(job, waiting=error)
        except SourceError as error:
            self._count("benchmarks scored by VLMEvalKit")
            return Ended(job, failed=error)
        self._count("benchmarks scored by VLMEvalKit")
        return Ended(job, result)

    def _count(self, what: str) -> None:
        self._done[what] += 1
