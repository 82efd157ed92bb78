"""Votes: the outcome is that of all samples however early they stop; second orders; what each costs in calls."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.collector import Rejected, Waiting
from wethink_assets.synthesis.stages.answers import STAGE, answer_questions
from wethink_assets.synthesis.stages.votes import image_calls, needed_votes, voted, votes_suffix
from wethink_assets_tests.support.asked_batch import asked_batch
from wethink_assets_tests.support.scripted_model import ScriptedModel, after, good_script, scripted_settings

Run = Callable[..., StageOutput]


def vote(samples: str, needed: int) -> tuple[str, int]:
    """Outcome of a vote on these samples (`-` is none), and how many were asked."""
    asked = 0

    async def ask(number: int) -> tuple[str, str]:
        nonlocal asked
        asked += 1
        if samples[number] == "-":
            raise Rejected("malformed_reply")
        return f"thought {number}", samples[number]

    async def same(first: str, second: str) -> bool:
        return first.lower() == second.lower()

    try:
        _, outcome = asyncio.run(voted("image", ask, same, len(samples), needed))
    except Rejected as fate:
        outcome = fate.reason
    return outcome, asked


def full_count(samples: str, needed: int) -> str:
    """The outcome once every sample was counted."""
    if samples[0] == "-":
        return "malformed_reply"
    [(answer, votes)] = Counter(samples.lower().replace("-", "")).most_common(1)
    return answer if votes >= needed else "no_majority"


@pytest.mark.parametrize("count", range(1, 6))
def test_stopping_early_never_changes_the_outcome(count: int) -> None:
    for needed in range(count // 2 + 1, count + 1):
        for samples in map("".join, itertools.product("abA-", repeat=count)):
            outcome, asked = vote(samples, needed)
            assert outcome.lower() == full_count(samples, needed), (samples, needed)
            assert needed <= asked <= count or outcome in ("no_majority", "malformed_reply")


@pytest.mark.parametrize(
    ("samples", "needed", "outcome", "asked"),
    [
        ("aaaaaaa", 7, "a", 7),
        ("ab-----", 7, "no_majority", 2),
        ("aaaaaab", 5, "a", 5),
        ("abababa", 5, "no_majority", 6),
        ("a--aaaa", 5, "a", 7),
        ("-aaaaaa", 5, "malformed_reply", 1),
    ],
)
def test_no_sample_is_asked_once_the_outcome_stands(samples: str, needed: int, outcome: str, asked: int) -> None:
    assert vote(samples, needed) == (outcome, asked)


def test_a_sample_that_waits_for_a_batch_job_is_no_lost_vote() -> None:
    async def ask(number: int) -> tuple[str, str]:
        if number:
            raise Waiting("key")
        return "", "a"

    async def same(first: str, second: str) -> bool:
        return first == second

    with pytest.raises(Waiting):
        asyncio.run(voted("image", ask, same, 5, 3))


def test_more_than_half_must_agree() -> None:
    assert [needed_votes(count, 0.5001) for count in range(1, 8)] == [1, 2, 2, 3, 3, 4, 4]
    assert [needed_votes(count, 1.0) for count in (1, 3, 7)] == [1, 3, 7] and needed_votes(7, 5 / 7) == 5
    with pytest.raises(ValueError, match=r"greater than 0\.5"):
        Settings.model_validate({"pipeline": {"samples_agree": 0.5}})


def replying(image: list[str], text: str = "red", **more: Any) -> ScriptedModel:
    """A model whose answers from the image are these, in turn."""
    samples = iter(image)

    def answer(variables: dict[str, Any], sample: int) -> str:
        return f"<think>because</think><answer>{next(samples)}</answer>"

    return ScriptedModel(
        after(good_script, answer_image=answer, answer_text=lambda v, n: f"<answer>{text}</answer>", **more)
    )


def answered(
    store: Store, run_stage: Run, pack: str, model: ScriptedModel, kind: str = "FIB", **pipeline: Any
) -> StageOutput:
    settings = scripted_settings(pack, **pipeline)
    return run_stage(answer_questions, model, *asked_batch(store, kind), settings=settings)


def test_a_side_answers_what_most_of_its_samples_say(store: Store, run_stage: Run, pack: str) -> None:
    model = replying(["blue", "red", "Red!", "the red"])
    output = answered(store, run_stage, pack, model, image_samples=4, samples_agree=0.75)
    row = output.results.row(0, named=True)
    assert (row["image_answer"], row["answer"], row["agreed"]) == ("red", "red", True)
    assert model.asked == {"answer_image": 4, "answer_text": 1} and len(row["calls"]) == 5
    assert len(set(model.seeds)) >= 4, "each sample has a seed of its own"


def test_a_vote_that_is_lost_ends_at_once_and_asks_the_other_side_nothing(
    store: Store, run_stage: Run, pack: str
) -> None:
    model = replying(["blue", "red"])
    output = answered(store, run_stage, pack, model, image_samples=7)
    assert output.reasons() == {"no_majority": 1} and model.asked == {"answer_image": 2}
    assert "1 x 'blue', 1 x 'red' after 2 of 7 samples, of which 7 must agree" in output.rejections["detail"][0]


def test_sentences_vote_by_the_judge(store: Store, run_stage: Run, pack: str) -> None:
    model = replying(["It is red.", "A red one.", "Red."], "It is red.", judge=lambda v, n: '{"score": 1}')
    output = answered(store, run_stage, pack, model, "DES", image_samples=3)
    assert output.results["image_answer"].to_list() == ["It is red."] and model.asked["judge"] == 2


def test_the_description_has_its_vote_too(store: Store, run_stage: Run, pack: str) -> None:
    samples = iter(["red", "blue"])
    model = ScriptedModel(after(good_script, answer_text=lambda v, n: f"<answer>{next(samples)}</answer>"))
    output = answered(store, run_stage, pack, model, text_samples=3)
    assert output.reasons() == {"no_majority": 1} and output.rejections["detail"][0].startswith("description: ")


def test_a_vote_begins_with_the_call_that_was_made_without_one(store: Store, run_stage: Run, pack: str) -> None:
    answered(store, run_stage, pack, replying(["red"]))
    model = replying(["red", "red"])
    answered(store, run_stage, pack, model, image_samples=3)
    assert model.asked == {"answer_image": 2}, "one of three stands in the journal"
    again = replying([])
    answered(store, run_stage, pack, again, image_samples=3)
    assert again.calls == 0


def by_text(text: str) -> Callable[[dict[str, Any], int], str]:
    """Answers with the letter of this option, wherever it stands."""
    return lambda v, n: f"<answer>{'ABC'[v['options'].index(text)]}</answer>"


def test_an_answer_must_survive_a_second_order(store: Store, run_stage: Run, pack: str) -> None:
    seen: list[list[str]] = []

    def watch(variables: dict[str, Any], sample: int) -> str:
        seen.append(variables["options"])
        return by_text("red")(variables, sample)

    model = ScriptedModel(after(good_script, answer_image=watch))
    output = answered(store, run_stage, pack, model, "MC", second_order=True)
    assert output.results["answer"].to_list() == ["B"] and model.asked == {"answer_image": 2, "answer_text": 1}
    assert all(first != second for first, second in zip(*seen, strict=True)), "each option stands elsewhere"

    always = ScriptedModel(after(good_script, answer_image=lambda v, n: "<answer>B</answer>"))
    output = answered(store, run_stage, pack, always, "MC", second_order=True, seed=1)
    assert output.reasons() == {"order_dependent": 1} and always.asked["answer_text"] == 0


def test_questions_without_options_have_no_second_order(store: Store, run_stage: Run, pack: str) -> None:
    model = replying(["red"])
    assert answered(store, run_stage, pack, model, second_order=True).results.height == 1
    assert model.asked == {"answer_image": 1, "answer_text": 1}


def test_settings_that_are_off_leave_the_logic_as_it_was() -> None:
    assert STAGE.variant(Settings()) == "" == votes_suffix(Settings())
    on = {"image_samples": 7, "samples_agree": 0.7, "samples_temperature": 1, "second_order": True, "text_samples": 2}
    settings = Settings.model_validate({"pipeline": on})
    assert STAGE.variant(settings) == "+image5of7+text2of2t1+orders"
    assert image_calls(settings) == pytest.approx(5.4) and image_calls(Settings()) == 1
