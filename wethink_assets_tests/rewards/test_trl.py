"""Reward functions for TRL, called as its trainer calls them."""

import asyncio
import time
from typing import Any

import pytest

from wethink_assets.errors import ArgumentError
from wethink_assets.rewards import Judge
from wethink_assets.rewards.trl import AccuracyFunction, reward_functions, texts_of
from wethink_assets_tests.support.scripted_judge import Answering, Scripted, said


def test_trl_calling_convention() -> None:
    functions, weights = reward_functions(Judge(Scripted('{"score": 0.5}')))
    assert weights == [0.7, 0.3]
    logged: dict[str, Any] = {}
    messages: list[list[dict[str, Any]]] = [
        [{"role": "assistant", "content": said("B")}],
        [{"role": "assistant", "content": [{"type": "text", "text": said("A cat.")}]}],
    ]
    assert texts_of(messages) == [said("B"), said("A cat.")]
    columns = {
        "prompts": ["p", "p"], "completions": messages, "completion_ids": [[1], [2]], "answer": ["B", "A dog."], "kind": ["MC", "DES"],
        "options": [["x", "y"], []], "question": ["Which?", "What?"], "reward": ["rule", "judge"], "trainer_state": None,
        "log_metric": lambda name, value: logged.update({name: value}), "log_extra": lambda name, values: logged.update({name: values}),
    }  # fmt: skip
    accuracy, form = functions
    assert asyncio.run(accuracy(**columns)) == [1.0, 0.5]
    assert asyncio.run(form(**columns)) == [1.0, 1.0]
    assert logged["accuracy/MC"] == 1.0 and logged["accuracy/DES"] == 0.5 and logged["graded_by"] == ["rule", "judge"]
    trainer = pytest.importorskip("trl.trainer.utils")
    assert trainer.is_async_callable(accuracy) and trainer.is_async_callable(form)
    assert not trainer.is_async_callable(reward_functions()[0][1])
    assert [trainer.get_callable_name(function) for function in functions] == ["accuracy_reward", "format_reward"]


@pytest.mark.parametrize("together", [True, False])
def test_what_has_no_grade_is_given_no_component_and_the_judge_is_asked_once(together: bool) -> None:
    judge = Answering(lambda asked: "Bananas are yellow." if "A horse." in asked else '{"score": 0.5}')
    accuracy, form = reward_functions(Judge(judge))[0]
    columns: dict[str, Any] = {"answer": ["A dog.", "A cow."], "kind": ["DES"] * 2, "reward": ["judge"] * 2}

    async def called(texts: list[str]) -> tuple[list[float | None], list[float | None]]:
        if together:
            one, other = await asyncio.gather(form(texts, **columns), accuracy(texts, **columns))
            return other, one
        return await accuracy(texts, **columns), await form(texts, **columns)

    texts = [said("A cat."), said("A horse.")]
    assert asyncio.run(called(texts)) == ([0.5, None], [1.0, None])
    asked = len(judge.asked)
    assert asyncio.run(called(texts)) == ([0.5, None], [1.0, None]), "the same texts in a later step are graded again"
    assert len(judge.asked) == 2 * asked


def accuracies(completions: list[Any], **columns: Any) -> list[float | None]:
    return asyncio.run(AccuracyFunction()(completions, **columns))


def test_columns_of_what_a_question_allows() -> None:
    columns = {
        "answer": ["sofa", "sofa", "sofa"],
        "kind": ["FIB"] * 3,
        "accepted_answers": [["couch", "settee"], [], None],
        "tolerance": [None, 0.0, float("nan")],
        "edit_distance": [0.0, None, 0.0],
    }
    assert accuracies([said("couch")] * 3, **columns) == [1.0, 0.0, 0.0]


def test_a_column_is_named_that_is_none() -> None:
    with pytest.raises(ArgumentError, match=r"accepted_answers\[0\]: .*one text"):
        accuracies([said("x")], answer=["x"], kind=["FIB"], accepted_answers=["couch"])
    with pytest.raises(ArgumentError, match="tolerance: 2 values for 1 responses"):
        accuracies([said("x")], answer=["x"], kind=["FIB"], tolerance=[0.1, 0.1])
    with pytest.raises(ArgumentError, match=r"completions\[0\]"):
        accuracies([[5]], answer=["x"], kind=["FIB"])


def test_the_prompts_tell_that_the_template_opened_the_thought() -> None:
    accuracy, form = reward_functions()[0]
    columns = {"prompts": ["<|im_start|>assistant\n<think>\n"] * 2, "answer": ["B"] * 2, "kind": ["FIB"] * 2}
    completions = ["hm</think><answer>B</answer><|im_end|>", "hm <answer>B</answer>"]
    assert form(completions=completions, **columns) == [1.0, 0.0]
    assert asyncio.run(accuracy(completions=completions, **columns)) == [1.0, 0.0]
    opened = reward_functions(prefilled=True)[0]
    conversational = {**columns, "prompts": [[{"role": "user", "content": "?"}]] * 2}
    assert opened[1](completions=completions, **conversational) == [1.0, 0.0]
    assert form(completions=completions, **conversational) == [0.0, 0.0]


HOSTILE = [f"\\sqrt{{x+\\sqrt{{x+{number}}}}}^{{9{number}}}-(x+{number})^{{99}}" for number in range(148)]


def test_comparing_blocks_no_event_loop() -> None:
    """The loop's heart goes on beating while hostile expressions are compared, in two batches at once.

    Time is what the processor spent on this process: on a busy machine all its threads wait, which says nothing of what holds the loop.
    """

    async def beats(work: Any) -> tuple[float, float]:
        """Most work between two beats, and the work in all."""
        longest, done = 0.0, asyncio.ensure_future(work)
        began = last = time.process_time()
        while not done.done():
            await asyncio.sleep(0.001)
            longest, last = max(longest, time.process_time() - last), time.process_time()
        await done
        return longest, last - began

    async def both() -> None:
        columns = {"answer": ["x+1"] * 148, "kind": ["FIB"] * 148}
        batches = (AccuracyFunction()([said(text) for text in HOSTILE], **columns) for _ in range(2))
        rewards = await asyncio.gather(*batches)
        assert rewards == [[0.0] * 148] * 2

    accuracies([said("\\sqrt{8}")], answer=["2\\sqrt{2}"], kind=["FIB"])  # imports what mathematics needs
    longest, seconds = asyncio.run(beats(both()))
    # Where comparing blocked the loop, all work would be done between two beats.
    assert longest < max(0.05, seconds / 3), f"{longest:.3f} s of {seconds:.1f} s of work between two beats"
