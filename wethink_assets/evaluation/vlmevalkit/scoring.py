"""Prompts and verdicts of VLMEvalKit for one benchmark, asked of its process."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from wethink_assets.errors import ModelError, SourceError
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile, rows_of
from wethink_assets.evaluation.forms.form import FAILED, VLMEVALKIT, Verdict
from wethink_assets.evaluation.runs.calls import Calls, Counts
from wethink_assets.evaluation.vlmevalkit.judge_endpoint import in_thread, judge_served
from wethink_assets.evaluation.vlmevalkit.process import Kit, KitError
from wethink_assets.evaluation.vlmevalkit.tables import Part, read_prompts, write_table
from wethink_assets.models.chat import Message

LOGIC_VERSION = "2"
NO_ANSWER = "-"
"""Stands where there is no answer: it reads an empty prediction as `nan`, in which DynaMath finds option A. Such a row never reaches its judge."""
KEPT = (".tsv", ".csv", ".json", ".xlsx")


@dataclass(frozen=True)
class KitResult:
    """VLMEvalKit's result on one benchmark's replies.

    headline: its number, on the benchmark's scale, None where it has none for all samples; figures: all that it reports; verdicts: by index,
    of circular evaluation one per question, of OCRBench none; files: its own results; withdrawn: rows without an answer that it counts as right.
    """

    headline: float | None
    figures: dict[str, float]
    verdicts: dict[str, Verdict]
    files: tuple[Path, ...]
    withdrawn: int = 0


def prompts_of(kit: Kit, file: BenchmarkFile) -> dict[str, list[Part]]:
    """VLMEvalKit's prompts of a file by index, made once per process. Raises `SourceError` when it cannot make them."""
    key = file.benchmark.key
    known = kit.prompts.get(key)
    if known is not None and known[0] == file.md5:
        return known[1]
    table = kit.tables / f"{key}.tsv"
    rows = rows_of(file.path)
    kit.md5[key] = write_table(file.path, rows, table)
    out = kit.folder / f"{key}.prompts.jsonl"
    try:
        kit.ask(do="prompts", key=key, md5=kit.md5[key], out=str(out))
    except KitError as error:
        raise SourceError(f"{file.path}: VLMEvalKit cannot make prompts of it: {error}") from error
    prompts = read_prompts(out)
    lost = [index for index in rows["index"] if index not in prompts]
    if lost:
        raise SourceError(
            f"{file.path}: VLMEvalKit makes no prompt of row {lost[0]!r} ({len(lost)} of {rows.height} are lost)"
        )
    kit.prompts[key] = (file.md5, prompts)
    return prompts


async def kit_result(
    kit: Kit,
    calls: Calls,
    file: BenchmarkFile,
    predictions: dict[str, str],
    name: str,
    width: int,
    counts: Counts | None = None,
) -> KitResult:
    """Have a benchmark's answers scored, by index, empty where there is none; its judge is ours, and asked through the benchmark's journal.

    counts: gets calls and tokens of the judge.

    Raises `SourceError` when VLMEvalKit fails on the file, `ModelError` when the judge or its process is gone.
    """
    key, token = file.benchmark.key, secrets.token_hex(16)
    folder = kit.new_folder(key)
    given, out = folder.with_suffix(".predictions"), folder.with_suffix(".verdicts")
    given.write_text(
        json.dumps({index: answer or NO_ANSWER for index, answer in predictions.items()}), encoding="utf-8"
    )

    async def judge(messages: list[Message], temperature: float) -> str:
        return await calls.judge_reply(key, messages, temperature, counts)

    async with judge_served(judge, token) as served:
        request = {"predictions": str(given), "name": name, "folder": str(folder), "judge": served.url, "token": token,
                   "width": width, "out": str(out), "unanswered": [index for index, answer in predictions.items() if not answer]}  # fmt: skip
        try:
            result = await in_thread(lambda: kit.ask(do="score", key=key, md5=kit.md5[key], **request))
        except (KitError, ModelError) as error:
            if served.broken is not None:
                raise served.broken from error
            if isinstance(error, ModelError):
                raise
            raise SourceError(f"{file.path}: VLMEvalKit cannot score it: {error}") from error
        if served.broken is not None:
            raise served.broken
    verdicts = {
        verdict["index"]: Verdict(verdict["hit"], verdict["extracted"], FAILED if verdict["failed"] else VLMEVALKIT)
        for verdict in json.loads(out.read_text(encoding="utf-8"))
    }
    files = tuple(path for path in sorted(folder.iterdir()) if path.suffix in KEPT)
    return KitResult(result["headline"], result["figures"], verdicts, files)
