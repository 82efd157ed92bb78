"""A run that goes wrong is stopped with the settings to change."""

import math
from typing import Any

import pytest

from wethink_assets.config import RecipeSettings
from wethink_assets.errors import TrainingError
from wethink_assets.training.trainers.guards import Guard, out_of_memory


def recipe(**settings: Any) -> RecipeSettings:
    return RecipeSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("figures", "what", "advice"),
    [
        ({"zero_variance": 0.96}, "3 steps of reward collapse", "difficulty"),
        ({"zero_variance": 0.95}, "3 steps of reward collapse", "temperature"),
        ({"kl": 1.2}, "3 steps of runaway KL", "raise `beta`"),
        ({"judge_failed": 0.21}, "3 steps of missing grades", "wethink config check --call judge"),
    ],
)
def test_bounds_must_be_passed_for_some_steps_in_a_row(figures: dict[str, float], what: str, advice: str) -> None:
    guard = Guard(recipe(stop={"patience": 3}))
    for step in (1, 2, 4, 5):
        guard.check(step, figures if step != 4 else {"zero_variance": 0.4, "kl": 0.1})
    guard.check(6, figures)
    with pytest.raises(TrainingError, match=what) as error:
        guard.check(7, figures)
    assert advice in str(error.value) and "stopped at step 7" in str(error.value)


def test_a_length_explosion_is_long_and_cut_off() -> None:
    guard = Guard(recipe(stop={"patience": 2}))
    for step in range(1, 4):
        guard.check(step, {"length": 100.0, "cut_off": 0.0})
    for step in range(4, 9):
        guard.check(step, {"length": 500.0, "cut_off": 0.1})  # long, but they end by themselves
    guard.check(9, {"length": 500.0, "cut_off": 0.9})
    with pytest.raises(TrainingError, match="length explosion"):
        guard.check(10, {"length": 500.0, "cut_off": 0.9})


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_at_once(value: float) -> None:
    with pytest.raises(TrainingError, match=r"stopped at step 5: loss is (nan|inf)\. .*lower `learning_rate`"):
        Guard(recipe()).check(5, {"loss": value})


def test_out_of_memory_names_the_settings_to_lower() -> None:
    message = out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert message is not None and "micro_batch_size" in message and "lora.rank" in message
    assert out_of_memory(MemoryError()) and out_of_memory(ValueError("no")) is None
