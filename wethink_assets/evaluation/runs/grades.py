"""Grades of the replies: by our own rules and judge, or by VLMEvalKit's, as the job says."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.errors import SourceError
from wethink_assets.evaluation.forms.form import FAILED, VLMEVALKIT, Row
from wethink_assets.evaluation.runs.calls import Calls
from wethink_assets.evaluation.runs.jobs import Job
from wethink_assets.evaluation.runs.replies import Progress
from wethink_assets.evaluation.vlmevalkit.process import Kit
from wethink_assets.evaluation.vlmevalkit.scoring import KitResult, kit_result
from wethink_assets.models.registry import Models


def grade_all(models: Models, calls: Calls, settings: Settings, jobs: Sequence[Job], progress: Progress | None) -> None:
    """Our own verdict on every reply of the jobs: `Job.replies` get them."""
    total = sum(job.rows.height for job in jobs)
    done = 0

    def each() -> Iterator[tuple[Job, Row, dict[str, Any]]]:
        for job in jobs:
            replies = {reply["index"]: reply for reply in job.replies}
            for row in job.rows.iter_rows(named=True):
                yield job, row, replies[row["index"]]

    async def grade(item: tuple[Job, Row, dict[str, Any]]) -> None:
        nonlocal done
        job, row, reply = item

        async def ask(name: str, **variables: Any) -> Any:
            return await calls.judge(job.key, row["index"], name, **variables)

        verdict = await job.form.grade(row, reply["prediction"], ask)
        reply |= {"hit": verdict.hit, "extracted": verdict.extracted, "how": verdict.how}
        done += 1

    def report() -> None:
        if progress:
            progress("verdicts", done, total)

    models.run(calls.work_through(each(), grade, settings.pipeline.concurrency), report)
    report()


def grade_by_kit(
    models: Models,
    calls: Calls,
    settings: Settings,
    kit: Kit,
    name: str,
    jobs: Sequence[Job],
    progress: Progress | None,
) -> tuple[dict[int, KitResult], list[SourceError]]:
    """Verdicts of VLMEvalKit, one job after the other: its results by number of the job, and what it failed on."""
    results: dict[int, KitResult] = {}
    failed: list[SourceError] = []

    async def grade(number: int) -> None:
        job = jobs[number]
        answers = {reply["index"]: reply["prediction"] for reply in job.replies}
        try:
            result = await kit_result(kit, calls, job.file, answers, name, settings.pipeline.concurrency)
            result = _take_verdicts(job, answers, result)
        except SourceError as error:
            failed.append(error)
            return
        results[number] = result

    def report() -> None:
        if progress:
            progress("benchmarks scored by VLMEvalKit", len(results) + len(failed), len(jobs))

    models.run(calls.work_through(range(len(jobs)), grade, 1), report)
    report()
    return results, failed


def _take_verdicts(job: Job, answers: dict[str, str], result: KitResult) -> KitResult:
    """Give each reply its verdict, and none without an answer a hit. Raises `SourceError` where there is no verdict."""
    verdicts = job.form.vlmevalkit_verdicts(job.rows, answers, result.verdicts)
    lost = [reply["index"] for reply in job.replies if reply["index"] not in verdicts]
    if lost:
        raise SourceError(
            f"{job.file.path}: VLMEvalKit gives no verdict on row {lost[0]!r} ({len(lost)} of {len(job.replies)})"
        )
    withdrawn = 0
    for reply in job.replies:
        verdict = verdicts[reply["index"]]
        failed = verdict.how == FAILED and bool(reply["prediction"])
        withdrawn += verdict.hit > 0 and (failed or not reply["prediction"])
        hit = verdict.hit if reply["prediction"] and not failed else 0.0
        reply |= {"hit": hit, "extracted": verdict.extracted, "how": FAILED if failed else VLMEVALKIT}
    return replace(result, withdrawn=withdrawn)
