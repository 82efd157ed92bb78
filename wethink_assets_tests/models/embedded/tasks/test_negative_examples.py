"""Negative examples: the judge learns to grade them 0, and a good answer in other dress by its content."""

import json
import random

from wethink_assets.models.embedded.tasks.examples import training_scene
from wethink_assets.models.embedded.tasks.negative_examples import negative_example
from wethink_assets.models.embedded.training.batches import examples_at
from wethink_assets.models.embedded.training.recipe import REASONER


def parts_of(prompt: str) -> tuple[str, str, str]:
    """Question, reference and candidate of a judge's prompt."""
    question, reference, candidate = prompt.splitlines()
    return (
        question.removeprefix("Grade: "),
        reference.removeprefix("Reference: "),
        candidate.removeprefix("Candidate: "),
    )


def test_no_negative_example_is_the_true_one_and_each_earns_nothing() -> None:
    rng = random.Random(3)
    earned = 0
    for _ in range(2000):
        example = negative_example(training_scene(rng, 0.25), rng)
        _, reference, candidate = parts_of(example.prompt)
        score = json.loads(example.reply.partition("<answer>")[2].removesuffix("</answer>"))["score"]
        assert score == example.gold["score"] and candidate.strip()
        if score:
            earned += 1
            assert candidate == f"The {reference}." and score == 1
        else:
            assert candidate.casefold() != reference.casefold()
            assert " none no 0;" in example.reply or candidate.startswith("The ")
    assert 50 < earned < 150  # 15% of the short ones, which are a good third


def test_the_last_stage_mixes_them_with_all_other_tasks() -> None:
    examples = [one for step in range(8) for one in examples_at(REASONER, "hardening", step)]
    tasks = [one.task for one in examples]
    assert 0.4 < tasks.count("judge") / len(tasks) < 0.7
    assert {"answer_text", "question", "screen", "judge", "refine"} == set(tasks)
    nothing = [one for one in examples if one.task == "judge" and " none no 0;" in one.reply]
    assert 0.25 < len(nothing) / len(examples) < 0.4
