"""Grades of the replies: by our own rules and judge, or by VLMEvalKit's, as the job says."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from wethink_assets.errors import SourceError
from wethink_assets.evaluation.forms.form import FAILED, VLMEVALKIT, Row
from wethink_assets.evaluation.runs.calls import Calls
from wethink_assets.evaluation.runs.jobs import Job
from wethink_assets.evaluation.vlmevalkit.process import Kit
from wethink_assets.evaluation.vlmevalkit.scoring import KitResult, kit_result


async def grade_by_rules(calls: Calls, job: Job, width: int, count: Callable[[str], None]) -> None:
    """Our own verdict on every reply of a job: `Job.replies` get them. Raises `JudgeGone` when it needs a judge that cannot be asked."""
    replies = {reply["index"]: reply for reply in job.replies}

    async def grade(row: Row) -> None:
        reply = replies[row["index"]]

        async def ask(name: str, **variables: Any) -> Any:
            return await calls.judge(job.key, row["index"], name, job.counts, **variables)

        verdict = await job.form.grade(row, reply["prediction"], ask)
        reply |= {"hit": verdict.hit, "extracted": verdict.extracted, "how": verdict.how}
        count("verdicts")

    await calls.work_through(job.rows.iter_rows(named=True), grade, width)


async def grade_by_kit(calls: Calls, kit: Kit, name: str, job: Job, width: int) -> KitResult:
    """Verdicts of VLMEvalKit on a job. Raises `SourceError` where it fails on the file, `JudgeGone` as above."""
    answers = {reply["index"]: reply["prediction"] for reply in job.replies}
    result = await kit_result(kit, calls, job.file, answers, name, width, job.counts)
    return _take_verdicts(job, answers, result)


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
