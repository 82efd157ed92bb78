"""Replies of the evaluated model to every sample of its jobs."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.evaluation.benchmarks.tsv import images_of
from wethink_assets.evaluation.forms.form import Row
from wethink_assets.evaluation.runs.calls import Calls, sampling_seed
from wethink_assets.evaluation.runs.jobs import Job, style_of
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.vlmevalkit.tables import Part, conversation_of
from wethink_assets.models.chat import CallFailed, Message, Sampling
from wethink_assets.models.finish_reasons import finish_reason_of
from wethink_assets.synthesis.calls.replies import MalformedReply, final_text, whole_text

OK = "ok"
WHOLE, CUT = "stop", "length"
NO_ROOM = "the model's context has no room for a reply"
CONTEXT = re.compile(
    r"context (length|window|size)|max_model_len|max_(completion_)?tokens.{0,40}too large", re.IGNORECASE
)
UNFINISHED = {CUT: "cut off at the most tokens of a reply"}
Progress = Callable[[str, int, int], None]
"""Called with what is done, how many of it are done, and how many there are."""
Prompts = dict[str, dict[str, list[Part]]]
"""VLMEvalKit's prompts: by benchmark, by index."""


async def reply_to(
    calls: Calls,
    settings: Settings,
    model: EvaluatedModel,
    job: Job,
    row: Row,
    prompts: dict[str, list[Part]] | None,
) -> dict[str, Any]:
    """The reply to a row (`REPLY_COLUMNS` without a verdict), with VLMEvalKit's prompt where it made them (`prompts`, by index)."""
    style, system = style_of(settings, model, job.scorer)
    messages = _messages(job, row, prompts, style, system)
    if job.wording:
        messages[-1] = replace(messages[-1], text=f"{messages[-1].text.rstrip()}\n{job.wording}")
    decoding = job.decoding
    seed = sampling_seed(decoding.seed, job.key, row["index"]) if decoding.temperature else 0
    sampling = Sampling(decoding.temperature, decoding.top_p, decoding.max_tokens, seed)
    return await _reply(calls, job, row, messages, sampling, style)


def each_row(jobs: Sequence[Job]) -> Iterator[tuple[Job, Row]]:
    """All rows of the jobs, one job after the other."""
    for job in jobs:
        for row in job.rows.iter_rows(named=True):
            yield job, row


def _messages(job: Job, row: Row, prompts: dict[str, list[Part]] | None, style: str, system: str) -> list[Message]:
    if prompts is not None and style != "embedded":
        return conversation_of(job.file.path, row, prompts[row["index"]], system)
    return job.form.conversation(row, images_of(job.file.path, row), style, system)


async def _reply(calls: Calls, job: Job, row: Row, messages: Any, sampling: Sampling, style: str) -> dict[str, Any]:
    reply: dict[str, Any] = {"index": row["index"], "prompt": messages[-1].text, "prediction": ""}
    try:
        key, completion = await calls.reply(job.key, row["index"], messages, sampling, style, job.counts)
    except CallFailed as error:
        fault = whole_text(str(error))
        if CONTEXT.search(fault):
            fault = f"{NO_ROOM} of {sampling.max_tokens} tokens beside this question: lower max_tokens ({fault})"
        return {**reply, "status": "failed", "fault": fault[:500], "reply": ""}
    reply |= {
        "status": OK, "fault": "", "reply": completion.text, "call": key, "finish_reason": completion.finish_reason,
        "prompt_tokens": completion.prompt_tokens, "completion_tokens": completion.completion_tokens,
    }  # fmt: skip
    ending = finish_reason_of(completion.finish_reason)
    if ending != WHOLE:
        return {**reply, "fault": UNFINISHED.get(ending, f"the reply ended as {ending}")}
    try:
        reply["prediction"] = final_text(completion.text)
    except MalformedReply as fault:
        reply["fault"] = str(fault)
    return reply
