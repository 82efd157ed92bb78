"""10,000 fuzzed replies through every parser: no exception, each a result or a rejection with its reason, in bounded time."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.models.chat import Completion
from wethink_assets.synthesis.calls.echo_filter import require_own_words
from wethink_assets.synthesis.calls.replies import (
    MalformedReply,
    final_text,
    kept_reply,
    parse_json_reply,
    split_answer,
)
from wethink_assets.synthesis.calls.reply_schemas import Adjudication, Grade, Question, Refinement, Screening
from wethink_assets.synthesis.stages.agreement import accepted_answer
from wethink_assets.synthesis.stages.path_filters import contradiction_in, leak_in
from wethink_assets.synthesis.stages.question_filters import fault_of, known_abilities, markup_in
from wethink_assets_tests.support.reply_fuzzing import INSTRUCTIONS, VALID, hostile, very_long

WHOLE, SAMPLED = 10_000, 2_000
OPTIONS = ["2", "3", "4"]
CODES = {
    "empty", "too_long", "unclosed_think", "several_answers", "nested_tags", "too_many_tags", "not_json", "duplicate_key", "wrong_shape",
    "no_option", "markup", "echo", "wrong_language", "no_answer", "refused",
}  # fmt: skip


def _question(reply: str) -> Question:
    question = parse_json_reply(reply, Question)
    for kind in ("MC", "FIB", "DES"):
        fault_of(question, kind)
    known_abilities(question.abilities)
    return question


def _path(reply: str) -> tuple[str, str]:
    thought, said = split_answer(reply)
    leak_in(thought[:4000])
    contradiction_in(thought[:4000], "MC", OPTIONS, "B")
    contradiction_in(thought[:4000], "FIB", [], "3")
    return thought, said


PARSERS: dict[str, Callable[[str], Any]] = {
    "split_answer": split_answer,
    "final_text": final_text,
    "path": _path,
    "question": _question,
    **{model.__name__: lambda r, model=model: parse_json_reply(r, model) for model in (Refinement, Screening, Grade, Adjudication)},
    **{kind: lambda r, kind=kind: accepted_answer(kind, OPTIONS if kind == "MC" else [])(final_text(r)) for kind in ("MC", "FIB", "DES")},
    **{f"own words, {name}": lambda r, name=name: require_own_words(split_answer(r), INSTRUCTIONS[name]) for name in ("describe", "rewrite")},
}  # fmt: skip


def texts_of(value: Any) -> list[str]:
    """Texts that a parser's value would bring into a table."""
    if hasattr(value, "model_dump_json"):
        return [json.dumps(value.model_dump(), ensure_ascii=False)]
    return [value] if isinstance(value, str) else list(value or [])


def parsed(reply: str | Completion, parser: Callable[[str], Any]) -> tuple[str, list[str]]:
    """How a parser ends, and the texts it would bring into a table. A reply reaches it as the journal keeps it."""
    completion = reply if isinstance(reply, Completion) else Completion(reply, 1, 1, "stop", "m")
    try:
        return "result", texts_of(parser(kept_reply(completion).text))
    except MalformedReply as fault:
        assert fault.code in CODES and len(fault.detail) <= 300
        return fault.code, []


@pytest.mark.parametrize("replies", [SAMPLED, pytest.param(WHOLE, marks=pytest.mark.slow)])
def test_ten_thousand_replies_through_every_parser(replies: int) -> None:
    chance = random.Random(0)
    fates: dict[str, Counter[str]] = {name: Counter() for name in PARSERS}
    texts: set[str] = set()
    for number in range(replies):
        prompt = chance.choice(list(VALID))
        reply = hostile(VALID[prompt], prompt, chance)
        for name, parser in PARSERS.items():
            if number % 4 and name not in ("split_answer", "path", _of(prompt)) and len(str(reply)) > 100_000:
                continue  # a megabyte goes through every parser every fourth time only
            fate, said = parsed(reply, parser)
            fates[name][fate] += 1
            texts.update(said)
    for name, counts in fates.items():
        assert sum(counts.values()) >= replies * 0.99, name
        assert counts["result"] > replies / 100 and len(counts) > 2, (name, counts)
    told: set[str] = set().union(*fates.values())
    assert told >= CODES - {"markup", "nested_tags", "refused"}, "some fault never came up"
    frame = pl.DataFrame({"text": sorted(texts)})
    assert frame.height > replies / 2
    joined = "\n".join(frame["text"])
    joined.encode("utf-8")
    assert not set(joined) & set("\x00\x07\x1b\x7f\x9f\u200b\u202e\u2060\ufeff\U000e0041"), (
        "a control character got through"
    )


def _of(prompt: str) -> str:
    return {"refine": "Refinement", "screen": "Screening", "judge": "Grade", "adjudicate": "Adjudication"}.get(
        prompt, prompt
    )


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(list(VALID)), st.randoms(use_true_random=False), st.text(max_size=30))
def test_any_sequence_of_harm_ends_in_a_result_or_a_reason(prompt: str, chance: random.Random, tail: str) -> None:
    reply = hostile(VALID[prompt], prompt, chance, long_ones=0)
    text = (reply.text if isinstance(reply, Completion) else reply) + tail
    for parser in PARSERS.values():
        fate, said = parsed(text, parser)
        assert fate
        for one in said:
            one.encode("utf-8")


QUICK = ["{", " \n"]
UNITS = ["<think>", "</think>", "<answer>", "{", '{"a":[', '{"a":1,', "\\", " \n", "<", "<answer>a</answer>", '"', "\ufeff", "the answer is ",
         "option A ", "the given ", "ignore ", "\n", "x", "9", "\ud800", "“", "<|", "1/2 ", "[INST]", "the answer is" + " " * 4000]  # fmt: skip


@pytest.mark.parametrize(
    "unit", [pytest.param(unit, marks=() if unit in QUICK else pytest.mark.slow, id=repr(unit[:20])) for unit in UNITS]
)
def test_the_time_of_each_parser_grows_no_faster_than_the_reply(unit: str) -> None:
    """Eight times as long a reply takes eight times as long, not 64 times; both are measured alike, however busy the machine is."""
    replies = [
        kept_reply(Completion(unit * (length // len(unit)), 1, 1, "stop", "m")).text for length in (125_000, 1_000_000)
    ]
    for name, parser in PARSERS.items():
        short, long = (min(_seconds(reply, parser) for _ in range(3)) for reply in replies)
        assert long < 30 * max(short, 0.001), (name, short, long)


def _seconds(reply: str, parser: Callable[[str], object]) -> float:
    began = time.thread_time()
    parsed(reply, parser)
    return time.thread_time() - began


@pytest.mark.slow
def test_a_long_text_that_is_accepted_takes_a_moment_too() -> None:
    for prompt in VALID:
        for seed in range(4):
            reply = very_long(VALID[prompt], prompt, random.Random(seed))
            for name, parser in PARSERS.items():
                began = time.thread_time()
                parsed(reply, parser)
                assert time.thread_time() - began < 0.3, (prompt, seed, name)


@pytest.mark.parametrize(
    "run",
    ["answer is" + " " * 3990, "the " + "given " * 660, "so it is " * 440, "option A" * 500, "“" * 4000, "a" * 4000],
)
def test_checks_of_a_path_are_linear(run: str) -> None:
    began = time.thread_time()
    leak_in(run)
    contradiction_in(run, "MC", OPTIONS, "B")
    contradiction_in(run, "FIB", [], "3")
    markup_in(run)
    assert time.thread_time() - began < 0.05
