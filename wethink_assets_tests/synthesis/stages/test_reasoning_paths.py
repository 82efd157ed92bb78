"""Reasoning paths: which raw thought is taken, and which refined paths are refused."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import ANSWERS
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.stages.reasoning_paths import refine_paths
from wethink_assets_tests.support.asked_batch import asked_batch
from wethink_assets_tests.support.scripted_model import ScriptedModel, after, good_script

Run = Callable[..., StageOutput]


def answered(questions: pl.DataFrame, answer: str, verdict: str) -> pl.DataFrame:
    rows = [
        {
            **{name: row[name] for name in ("slot", "row_id", "image_id", "kind")},
            "image_answer": answer,
            "image_thought": "seen in the image",
            "text_answer": answer,
            "text_thought": "read in the text",
            "agreed": verdict == "none",
            "agreement": "letter",
            "score": None,
            "verdict": verdict,
            "answer": answer,
            "calls": [],
            "schema_version": 1,
        }
        for row in questions.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=ANSWERS)


def refined(
    store: Store, run_stage: Run, kind: str, answer: str, reply: str | None, verdict: str = "none", **more: Any
) -> StageOutput:
    questions, _, images = asked_batch(store, kind)
    script = after(good_script, rewrite=lambda v, n: reply, **more)
    return run_stage(refine_paths, ScriptedModel(script), answered(questions, answer, verdict), questions, images)


@pytest.mark.parametrize(
    ("verdict", "raw"), [("none", "read in the text"), ("first", "seen in the image"), ("second", "read in the text")]
)
def test_the_raw_thought_is_that_of_the_side_that_was_right(
    store: Store, run_stage: Run, verdict: str, raw: str
) -> None:
    row = refined(store, run_stage, "MC", "B", None, verdict).results.row(0, named=True)
    assert row["raw_cot"] == raw and row["refined_cot"] == "I see a red circle, so it is B." and row["answer"] == "B"


LONG = " ".join(f"Then {number} and one more make {number + 1}." for number in range(200))


@pytest.mark.parametrize(
    ("kind", "answer", "reply", "reason"),
    [
        ("MC", "B", "<think>It is red.</think><answer>A</answer>", "path_misses_answer"),
        ("MC", "B", "<think>So the answer is option C.</think><answer>B</answer>", "path_misses_answer"),
        ("MC", "B", "<think>It is red.</think><answer>either</answer>", "malformed_reply"),
        ("MC", "B", "<answer>B</answer>", "path_empty"),
        ("MC", "B", "<think> </think><answer>B</answer>", "path_empty"),
        ("FIB", "7", "<think>3 and 4 make 7.</think><answer>8</answer>", "path_misses_answer"),
        ("FIB", "7", "<think>The answer is 8.</think><answer>seven</answer>", "path_misses_answer"),
        ("FIB", "7", f"<think>{LONG}</think><answer>7</answer>", "path_too_long"),
        ("FIB", "7", "<think>The description says seven.</think><answer>7</answer>", "leaks_prompt"),
        ("FIB", "7", "<think>The final answer given is 7.</think><answer>7</answer>", "leaks_prompt"),
        ("FIB", "7", "", "malformed_reply"),
    ],
)
def test_bad_paths_are_refused(store: Store, run_stage: Run, kind: str, answer: str, reply: str, reason: str) -> None:
    output = refined(store, run_stage, kind, answer, reply)
    assert output.reasons() == {reason: 1}, output


def test_a_descriptive_path_may_end_in_other_words_if_the_judge_agrees(store: Store, run_stage: Run) -> None:
    reply = "<think>The circle is red.</think><answer>Its colour is red.</answer>"
    assert refined(store, run_stage, "DES", "It is red.", reply).results.height == 1
    output = refined(store, run_stage, "DES", "It is blue.", reply, judge=lambda v, n: '{"score": 0}')
    assert output.reasons() == {"path_misses_answer": 1}
