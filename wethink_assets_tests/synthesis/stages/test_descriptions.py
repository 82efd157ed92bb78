"""Information refinement: how the dialogue goes, when it ends, and what becomes of images whose calls go wrong."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed, Completion
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.stages.descriptions import describe_images
from wethink_assets_tests.support.scripted_model import (
    ScriptedModel,
    after,
    cut_off,
    drawn_images,
    good_script,
    scripted_settings,
)

Run = Callable[..., StageOutput]


def only(output: StageOutput) -> dict[str, Any]:
    assert output.rejections.is_empty(), output.rejections
    return output.results.row(0, named=True)


def test_a_complete_description_is_not_merged(store: Store, run_stage: Run) -> None:
    model = ScriptedModel(after(good_script, refine=lambda v, n: '{"complete": true, "requests": []}'))
    row = only(run_stage(describe_images, model, drawn_images(store, 1)))
    assert row["turns"] == 0 and row["dialogue"] == [] and row["fine"] == row["coarse"] and len(row["calls"]) == 2
    assert model.asked == {"describe": 1, "refine": 1}


def test_refinement_ends_after_the_configured_turns(store: Store, run_stage: Run, pack: str) -> None:
    def more(variables: dict[str, Any], sample: int) -> str:
        return json.dumps({"complete": False, "requests": [f"Request {len(variables['dialogue'])}?"]})

    images = drawn_images(store, 1)
    model = ScriptedModel(after(good_script, refine=more))
    row = only(run_stage(describe_images, model, images, settings=scripted_settings(pack, refinement_turns=3)))
    assert row["turns"] == 3 and [turn["request"] for turn in row["dialogue"]] == [
        "Request 0?",
        "Request 1?",
        "Request 2?",
    ]
    assert len(row["calls"]) == 1 + 3 * 2 + 1

    model = ScriptedModel(after(good_script, refine=more))
    row = only(run_stage(describe_images, model, images, settings=scripted_settings(pack, refinement_turns=0)))
    assert row["turns"] == 0 and model.calls == 0, "the coarse description was journaled"


def test_a_reasoner_that_repeats_itself_has_nothing_more_to_ask(store: Store, run_stage: Run) -> None:
    model = ScriptedModel(
        after(good_script, refine=lambda v, n: '{"complete": false, "requests": ["What colour?", "WHAT COLOUR?"]}')
    )
    row = only(run_stage(describe_images, model, drawn_images(store, 1)))
    assert row["turns"] == 1 and len(row["dialogue"]) == 2


@pytest.mark.parametrize(
    ("prompt", "reply", "reason"),
    [
        ("describe", "<think>nothing to see</think>", "empty_description"),
        ("describe", " \n\n ", "empty_description"),
        ("merge", "", "empty_description"),
        ("describe", "<think>on and on", "malformed_reply"),
        ("describe", "x" * 12_001, "malformed_reply"),
        ("describe", cut_off("A circle and"), "cut_off"),
        ("refine", "Looks complete to me!", "malformed_reply"),
        ("refine", '{"complete": false, "requests": []}', "malformed_reply"),
        ("refine", cut_off('{"complete": fal'), "cut_off"),
        ("details", "", "malformed_reply"),
        ("details", CallFailed("refused the request"), "endpoint_error"),
    ],
)
def test_faults_become_rejections(store: Store, run_stage: Run, prompt: str, reply: Any, reason: str) -> None:
    images = drawn_images(store, 6)
    bad = images["image_id"].to_list()[2]
    # The picture whose calls go wrong is told by its pixels, or by the description made from them.
    model = ScriptedModel(after(good_script, **{prompt: lambda v, n: reply if bad[:8] in json.dumps(v) else None}))
    output = run_stage(describe_images, model, images)
    assert output.rejections["reason"].to_list() == [reason]
    assert output.rejections["item"].to_list() == [bad]
    assert output.results.height == 5
    assert prompt in output.rejections["detail"][0] or reason == "endpoint_error"


def test_a_malformed_reply_is_asked_for_once_more(store: Store, run_stage: Run) -> None:
    model = ScriptedModel(after(good_script, refine=lambda v, n: "hm" if n == 0 else None))
    row = only(run_stage(describe_images, model, drawn_images(store, 1)))
    assert model.asked["refine"] == 4, "two turns, each asked twice"
    assert len(row["calls"]) == len(set(row["calls"])) == 1 + 4 + 2 + 1
    assert len(set(model.seeds)) == 2, "a second sample has a seed of its own"


def sure(certainty: float | None) -> ScriptedModel:
    """A model that is so certain of its coarse descriptions."""

    def describe(variables: dict[str, Any], sample: int) -> Completion:
        return Completion("A red circle on white.", 1, 1, "stop", "scripted", certainty=certainty)

    return ScriptedModel(after(good_script, describe=describe))


def test_an_image_that_the_describer_is_unsure_of_is_rejected(store: Store, run_stage: Run, pack: str) -> None:
    settings = scripted_settings(pack, description_certainty=0.5)
    images = drawn_images(store, 1)
    model = sure(0.4)
    [rejection] = run_stage(describe_images, model, images, settings=settings).rejections.to_dicts()
    assert (rejection["reason"], model.calls) == ("unsure", 1) and "probability 0.40" in rejection["detail"]


def test_a_reply_without_its_certainty_is_asked_for_again_once_it_counts(
    store: Store, run_stage: Run, pack: str
) -> None:
    images = drawn_images(store, 1)
    only(run_stage(describe_images, sure(None), images))
    model, settings = sure(0.6), scripted_settings(pack, description_certainty=0.5)
    only(run_stage(describe_images, model, images, settings=settings))
    assert model.asked["describe"] == 1 and model.calls == 1
    again = sure(0.1)
    only(run_stage(describe_images, again, images, settings=settings))
    assert again.calls == 0, "certainties are journaled"


def test_a_service_that_tells_no_certainty_stops_the_stage(store: Store, run_stage: Run, pack: str) -> None:
    settings = scripted_settings(pack, description_certainty=0.5)
    with pytest.raises(ModelError, match=r"logprobs = true.*\[roles.describer\]"):
        run_stage(describe_images, sure(None), drawn_images(store, 1), settings=settings)
