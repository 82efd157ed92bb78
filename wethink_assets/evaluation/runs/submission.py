"""Submission of a model's answers to a hidden test set: greedy replies, asked through the journal, in the form that its server takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.evaluation.benchmarks.files import rows_of
from wethink_assets.evaluation.benchmarks.hidden_tests import HiddenTest, letter_of
from wethink_assets.evaluation.grading.judge import JudgePrompts
from wethink_assets.evaluation.runs.calls import Calls
from wethink_assets.evaluation.runs.jobs import Job, decodings
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.runs.records import Decoding
from wethink_assets.evaluation.runs.replies import OK, Progress, reply_to
from wethink_assets.models.registry import Models
from wethink_assets.storage.local_files import replace_file
from wethink_assets.storage.store import Store


@dataclass(frozen=True)
class Submission:
    """A written file. empty: questions without an answer in it (no reply, or one that names no option); failed: of these, calls that failed."""

    path: Path
    questions: int
    empty: int
    failed: int
    server: str
    note: str = ""


def write_submission(
    store: Store,
    settings: Settings,
    model: EvaluatedModel,
    test: HiddenTest,
    folder: Path,
    *,
    progress: Progress | None = None,
    models: Models | None = None,
) -> Submission:
    """Ask a model all questions of a hidden test set and write `<model>_<test>.<suffix>` into a folder. Replies that are journaled are not asked for.

    Raises `SourceError` where the questions' file is missing or no such file, `ModelError` when the model cannot be asked any more.
    """
    file = test.file_of(settings)
    tokens = decodings(settings, model)[0].max_tokens
    job = Job(file, Decoding(0.0, 1.0, tokens, 0), {}, "", rows_of(file.path))
    opened = models or Models.open(model.settings(settings))
    try:
        options = model.call_options(settings)
        with Calls.open(store, opened, model.digest, JudgePrompts.of(settings), [job.key], options) as calls:

            async def ask(row: Mapping[str, Any]) -> None:
                job.replies.append(await reply_to(calls, settings, model, job, row, None))

            def report() -> None:
                if progress:
                    progress(f"replies of {model.name} to {job.key}", len(job.replies), job.rows.height)

            opened.run(calls.work_through(job.rows.iter_rows(named=True), ask, settings.pipeline.concurrency), report)
            report()
    finally:
        if models is None:
            opened.close()
    rows = list(job.rows.iter_rows(named=True))
    answers = {reply["index"]: reply["prediction"] for reply in job.replies}
    path = folder / f"{model.name.replace('/', '_')}_{job.key}.{test.suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(path, test.written(test, rows, answers))
    empty = sum(not letter_of(row, answers[row["index"]]) for row in rows)
    failed = sum(reply["status"] != OK for reply in job.replies)
    note = "" if file.state == "present" else f"md5 of {file.path} is {file.md5}, not {file.benchmark.md5}"
    return Submission(path, len(rows), empty, failed, test.server, note)
