"""Which replies are right? By our own rules and judge, or by VLMEvalKit's, as the job says."""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.errors import SourceError
from wethink_assets.evaluation.benchmarks.catalog import Form
from wethink_assets.evaluation.benchmarks.rows import Row
from wethink_assets.evaluation.grading.headline import with_circle
from wethink_assets.evaluation.grading.rules import contains_answer, list_of
from wethink_assets.evaluation.grading.verdicts import FAILED, FORMULAS, decide
from wethink_assets.evaluation.runs.calls import Calls
from wethink_assets.evaluation.runs.jobs import KIT, Job
from wethink_assets.evaluation.runs.replies import OK, Progress
from wethink_assets.evaluation.vlmevalkit.process import Kit
from wethink_assets.evaluation.vlmevalkit.scoring import KitVerdicts, verdicts_of
from wethink_assets.models.registry import Models


def decide_all(
    models: Models, calls: Calls, settings: Settings, jobs: Sequence[Job], progress: Progress | None
) -> None:
    """Verdicts of our own on every reply of the jobs: `Job.found` gets them."""
    total = sum(job.rows.height for job in jobs)
    done = 0

    def replies() -> Iterator[tuple[Job, Row, dict[str, Any]]]:
        for job in jobs:
            told = {found["index"]: found for found in job.found}
            for row in job.rows.iter_rows(named=True):
                yield job, row, told[row["index"]]

    async def judge(place: tuple[Job, Row, dict[str, Any]]) -> None:
        nonlocal done
        job, row, found = place

        async def ask(name: str, **variables: Any) -> Any:
            return await calls.judge(job.key, row["index"], name, **variables)

        verdict = await decide(row, job.file.benchmark.form, found["prediction"], ask)
        found |= {"hit": verdict.hit, "extracted": verdict.extracted, "how": verdict.how}
        done += 1

    def tell() -> None:
        if progress:
            progress("verdicts", done, total)

    models.run(calls.work_through(replies(), judge, settings.pipeline.concurrency), tell)
    tell()


def decide_by_kit(
    models: Models,
    calls: Calls,
    settings: Settings,
    kit: Kit,
    name: str,
    jobs: Sequence[Job],
    progress: Progress | None,
) -> tuple[dict[int, KitVerdicts], list[SourceError]]:
    """Verdicts of VLMEvalKit, a job after the other: what it says by place of the job, and what it failed on."""
    found: dict[int, KitVerdicts] = {}
    failed: list[SourceError] = []

    async def judge(place: int) -> None:
        job = jobs[place]
        said = {told["index"]: told["prediction"] for told in job.found}
        try:
            told = await verdicts_of(kit, calls, job.file, said, name, settings.pipeline.concurrency)
            _take(job, told)
        except SourceError as error:
            failed.append(error)
            return
        found[place] = told

    def tell() -> None:
        if progress:
            progress("benchmarks scored by VLMEvalKit", len(found) + len(failed), len(jobs))

    models.run(calls.work_through(range(len(jobs)), judge, 1), tell)
    tell()
    return found, failed


def _take(job: Job, told: KitVerdicts) -> None:
    """Give each reply its verdict. Circular evaluation judges questions: all rotations get theirs. OCRBench's are counted by its own rule."""
    form: Form = job.file.benchmark.form
    asked = _questions(job.rows) if form == "circular" else {}
    lost = (
        [row["index"] for row in job.found if row["index"] not in told.verdicts]
        if form not in ("circular", "ocr")
        else []
    )
    if lost:
        raise SourceError(
            f"{job.file.path}: VLMEvalKit gives no verdict on row {lost[0]!r} ({len(lost)} of {len(job.found)})"
        )
    rows = {row["index"]: row for row in job.rows.iter_rows(named=True)} if form == "ocr" else {}
    for found in job.found:
        index = found["index"]
        if form == "ocr":
            found |= {
                "hit": float(_contains(rows[index], found["prediction"])),
                "extracted": found["prediction"],
                "how": KIT,
            }
            continue
        verdict = told.verdicts.get(asked.get(index, index)) or {"hit": 0.0, "extracted": "", "failed": False}
        failed = verdict["failed"] and found["status"] == OK
        found |= {"hit": verdict["hit"], "extracted": verdict["extracted"], "how": FAILED if failed else KIT}


def _questions(rows: pl.DataFrame) -> dict[str, str]:
    circled = with_circle(rows)
    return dict(zip(circled["index"], circled["circle"].cast(pl.String), strict=True))


def _contains(row: Row, prediction: str) -> bool:
    return bool(prediction) and contains_answer(
        prediction, list_of(row["answer"]), formula=row.get("category") == FORMULAS
    )
