"""Questions: both filters, and the order within an image."""

import json
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.identity import row_id
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.schemas import DESCRIPTIONS
from wethink_assets.synthesis.stages.option_order import drawn_order
from wethink_assets.synthesis.stages.questions import STAGE, write_questions
from wethink_assets_tests.support.closed_stages import require_stage_closed
from wethink_assets_tests.support.scripted_model import ScriptedModel, after, good_script, scripted_settings

Run = Callable[..., StageOutput]


def described(count: int) -> pl.DataFrame:
    rows = [
        {"image_id": f"{n:064x}", "coarse": "c", "dialogue": [], "turns": 0, "fine": f"A circle, number {n:04d}.", "calls": [], "schema_version": 1}
        for n in range(count)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=DESCRIPTIONS)


@pytest.fixture
def settings(pack: str) -> Settings:
    return scripted_settings(pack, questions_per_image=3)


def test_questions_of_an_image_are_written_in_turn(run_stage: Run, settings: Settings) -> None:
    seen: list[list[str]] = []

    def watch(variables: dict[str, Any], sample: int) -> None:
        seen.append(variables["asked"])
        assert variables["abilities"][0] == "Reasoning"

    output = run_stage(write_questions, ScriptedModel(after(good_script, question=watch)), described(4))
    assert output.results.height == 12, output.rejections
    assert sorted(len(asked) for asked in seen) == [0] * 4 + [1] * 4 + [2] * 4
    for row in output.results.iter_rows(named=True):
        written = ["blue", "red", "green"] if row["kind"] == "MC" else []
        assert row["row_id"] == row_id(row["image_id"], row["kind"], row["question"], written)
        assert row["options"] == [written[index] for index in drawn_order(row["row_id"], written)]
        assert row["slot"] == f"{row['image_id']}:{row['kind']}:{row['ordinal']}"
        right = "ABC"[row["options"].index("red")] if written else ""
        assert row["proposed_answer"] == {"MC": right, "FIB": "red", "DES": "A red circle, alone."}[row["kind"]]
        assert row["abilities"] == ["Reasoning", "Recognition"] and len(row["calls"]) == 2
    assert output.results["slot"].is_sorted()


@pytest.mark.parametrize(
    ("prompt", "reply", "reason", "detail"),
    [
        ("question", "no json", "malformed_reply", "question: not_json"),
        ("question", '{"question": "Which one?", "options": [], "answer": "", "category": "c", "abilities": ["OCR"]}', "not_wellformed",
         "abilities are not Reasoning and one more"),
        ("screen", '{"answerable": false, "verifiable": true, "reason": "two circles fit"}', "not_answerable", "two circles fit"),
        ("screen", '{"answerable": true, "verifiable": false, "reason": "taste"}', "not_verifiable", "taste"),
        ("screen", '{"answerable": "yes"}', "malformed_reply", "screen: wrong_shape"),
    ],
)  # fmt: skip
def test_each_filter_has_its_reason(
    run_stage: Run, settings: Settings, prompt: str, reply: str, reason: str, detail: str
) -> None:
    script = after(good_script, **{prompt: lambda v, n: reply if v["kind"] == "FIB" else None})
    upstream = described(6)
    output = run_stage(write_questions, ScriptedModel(script), upstream)
    require_stage_closed("questions", upstream, output, settings)
    assert set(output.rejections["reason"]) == {reason}
    assert output.rejections["item"].str.contains(":FIB:").all() and "FIB" not in output.results["kind"]
    expected = "FIB question has options" if detail == "" else detail
    assert output.rejections["detail"].str.starts_with(expected).all(), output.rejections["detail"].to_list()


def test_a_repeated_question_is_refused(run_stage: Run, settings: Settings) -> None:
    def same(variables: dict[str, Any], sample: int) -> str:
        options = ["red", "blue"] if variables["kind"] == "MC" else []
        question = {"question": "Which colour has it?", "options": options, "answer": "red", "category": "c"}
        return json.dumps(question | {"abilities": ["Reasoning", "Recognition"]})

    output = run_stage(write_questions, ScriptedModel(after(good_script, question=same)), described(5))
    assert output.results.height == 5
    assert output.reasons() == {"repeated_question": 10}


def test_nothing_described_is_nothing_asked(run_stage: Run) -> None:
    output = run_stage(write_questions, ScriptedModel(good_script), described(0))
    assert output.results.is_empty() and output.rejections.is_empty()


def test_options_stay_as_written_where_they_are_not_shuffled(run_stage: Run, pack: str) -> None:
    settings = scripted_settings(pack, shuffle_options=False)
    output = run_stage(write_questions, ScriptedModel(good_script), described(4), settings=settings)
    rows = output.results.filter(kind="MC")
    assert rows.height and set(rows["proposed_answer"]) == {"B"}
    assert all(row == ["blue", "red", "green"] for row in rows["options"].to_list())
    assert (STAGE.variant(settings), STAGE.variant(Settings())) == ("", "+shuffled")
