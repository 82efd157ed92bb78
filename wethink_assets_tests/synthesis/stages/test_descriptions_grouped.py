"""Requests of a refinement turn in one call."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.models.chat import CallFailed
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.stages.descriptions import describe_images
from wethink_assets_tests.support.closed_stages import require_stage_closed
from wethink_assets_tests.support.scripted_model import ScriptedModel, after, drawn_images, good_script, write_pack

Run = Callable[..., StageOutput]


@pytest.fixture
def pack(tmp_path: Path) -> str:
    return write_pack(tmp_path / "pack", grouped=True)


def test_a_turn_takes_one_call(run_stage: Run, store: Store) -> None:
    model, images = ScriptedModel(good_script), drawn_images(store, 3)
    output = run_stage(describe_images, model, images)
    require_stage_closed("descriptions", images, output)
    assert dict(model.asked) == {"describe": 3, "refine": 6, "all_details": 3, "merge": 3}
    for row in output.results.iter_rows(named=True):
        assert [turn["reply"] for turn in row["dialogue"]] == ["Red.", "Small."] and row["turns"] == 1
        assert len(row["calls"]) == 5


@pytest.mark.parametrize("detail", ["", 7.5e999, "I'm sorry, but I can't assist with that request."])
def test_a_detail_that_never_comes_is_left_out(run_stage: Run, store: Store, detail: Any) -> None:
    def second_unusable(variables: dict[str, Any], sample: int) -> str:
        entries = json.loads(good_script("all_details", variables, sample))["details"]
        return json.dumps(
            {"details": [each if each["detail"] == "Red." else {**each, "detail": detail} for each in entries]}
        )

    model, images = ScriptedModel(after(good_script, all_details=second_unusable)), drawn_images(store, 2)
    output = run_stage(describe_images, model, images)
    assert output.results.height == 2 and model.asked["all_details"] == 4
    assert [turn["reply"] for row in output.results["dialogue"] for turn in row] == ["Red.", "Red."]


def test_a_turn_without_any_detail_rejects_the_image(run_stage: Run, store: Store) -> None:
    script = after(good_script, all_details=lambda variables, sample: '{"details": []}')
    output = run_stage(describe_images, ScriptedModel(script), drawn_images(store, 2))
    assert output.results.is_empty() and output.reasons() == {"malformed_reply": 2}


def test_a_service_that_fails_rejects_the_image_and_is_not_left_out(run_stage: Run, store: Store) -> None:
    def second_call_fails(variables: dict[str, Any], sample: int) -> Any:
        if len(variables["entries"]) == 1:
            return CallFailed("503 for ten minutes")
        return json.dumps({"details": json.loads(good_script("all_details", variables, sample))["details"][:1]})

    output = run_stage(
        describe_images, ScriptedModel(after(good_script, all_details=second_call_fails)), drawn_images(store, 2)
    )
    assert output.results.is_empty() and output.reasons() == {"endpoint_error": 2}
