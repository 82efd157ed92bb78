"""Checks of questions by models: false premises fall first and cost one call; questions that need no image fall last."""

from collections.abc import Callable
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.stages.answers import STAGE, answer_questions
from wethink_assets_tests.support.asked_batch import asked_batch
from wethink_assets_tests.support.scripted_model import ScriptedModel, after, good_script, scripted_settings

Run = Callable[..., StageOutput]


def answered(store: Store, run_stage: Run, pack: str, kind: str, model: ScriptedModel, **pipeline: Any) -> StageOutput:
    settings = scripted_settings(pack, **pipeline)
    return run_stage(answer_questions, model, *asked_batch(store, kind), settings=settings)


def guessing(reply: Callable[[dict[str, Any]], str], **more: Any) -> ScriptedModel:
    """A model that answers so without the image."""
    return ScriptedModel(after(good_script, blind=lambda v, n: f"<answer>{reply(v)}</answer>", **more))


def test_a_false_premise_costs_one_call(store: Store, run_stage: Run, pack: str) -> None:
    model = ScriptedModel(after(good_script, premise=lambda v, n: '{"holds": false, "reason": "no circle is there"}'))
    output = answered(store, run_stage, pack, "FIB", model, premise_check=True)
    assert output.reasons() == {"false_premise": 1} and output.rejections["detail"].to_list() == ["no circle is there"]
    assert model.asked == {"premise": 1}


def test_a_premise_that_holds_is_asked_of_the_image_first(store: Store, run_stage: Run, pack: str) -> None:
    seen: list[dict[str, Any]] = []
    model = ScriptedModel(after(good_script, premise=lambda v, n: seen.append(v)))
    output = answered(store, run_stage, pack, "MC", model, premise_check=True)
    assert output.results.height == 1 and len(output.results["calls"][0]) == 3
    assert seen[0].keys() == {"question", "kind", "options", "pixels"}


@pytest.mark.parametrize("kind", ["MC", "FIB"])
def test_a_question_that_is_answered_right_without_the_image_is_rejected(
    store: Store, run_stage: Run, pack: str, kind: str
) -> None:
    model = guessing(lambda v: "red")
    output = answered(store, run_stage, pack, kind, model, blind_samples=3)
    assert output.reasons() == {"answerable_blind": 1} and model.asked["blind"] == 3
    assert "3 of 3 times" in output.rejections["detail"][0]


@pytest.mark.parametrize(
    ("reply", "calls"), [("blue", 1), ("unknown", 1), ("It cannot be determined from the question.", 1), ("", 2)]
)
def test_a_wrong_guess_or_none_ends_it(store: Store, run_stage: Run, pack: str, reply: str, calls: int) -> None:
    for kind in ("MC", "FIB"):
        model = guessing(lambda v: reply)
        output = answered(store, run_stage, pack, kind, model, blind_samples=4)
        assert output.results.height == 1 and model.asked["blind"] == calls


def test_a_guess_by_place_is_wrong_in_some_order(store: Store, run_stage: Run, pack: str) -> None:
    for letter in "ABC":
        orders: list[list[str]] = []

        def guess(variables: dict[str, Any], letter: str = letter, orders: list[list[str]] = orders) -> str:
            orders.append(variables["options"])
            return letter

        output = answered(store, run_stage, pack, "MC", guessing(guess), blind_samples=3, seed=ord(letter))
        assert output.results.height == 1 and 1 <= len(orders) <= 2


def test_sentences_are_compared_by_the_judge(store: Store, run_stage: Run, pack: str) -> None:
    for score, kept in ((1, 0), (0.5, 1)):
        model = guessing(lambda v: "A red one.", judge=lambda v, n, score=score: f'{{"score": {score}}}')
        output = answered(store, run_stage, pack, "DES", model, blind_samples=2, seed=int(score))
        assert output.results.height == kept and model.asked["blind"] == 2 - kept


def test_whoever_guesses_gets_the_question_alone(store: Store, run_stage: Run, pack: str) -> None:
    seen: list[dict[str, Any]] = []
    model = ScriptedModel(after(good_script, blind=lambda v, n: seen.append(v)))
    answered(store, run_stage, pack, "FIB", model, blind_samples=1)
    assert [v.keys() for v in seen] == [{"question", "kind", "options"}]


def test_checks_that_are_on_are_part_of_the_logic() -> None:
    on = {"premise_check": True, "blind_samples": 3, "samples_temperature": 0.5}
    assert STAGE.variant(Settings.model_validate({"pipeline": on})) == "+premise+blind3t0.5"
    assert STAGE.asked_prompts(Settings())[-1] == "adjudicate"
    assert STAGE.asked_prompts(Settings.model_validate({"pipeline": on}))[-2:] == ("premise", "blind")
