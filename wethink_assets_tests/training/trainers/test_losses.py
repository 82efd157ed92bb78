"""Each loss of a recipe trains the embedded policy, otherwise than the default does, and senseless combinations are refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from wethink_assets.config import RecipeSettings
from wethink_assets.training.runs.process import execute
from wethink_assets.training.runs.progress import ProgressReporter
from wethink_assets_tests.support.training_outcomes import curves, weights
from wethink_assets_tests.training.conftest import Plan

LOSSES: dict[str, dict[str, Any]] = {
    "clip-higher": {"epsilon": 1e-4, "epsilon_high": 0.3},
    "cispo": {"loss_type": "cispo", "epsilon_high": 5.0},
    "gspo": {"loss_type": "grpo", "importance_sampling_level": "sequence", "epsilon": 3e-4, "epsilon_high": 4e-4},
    "batch": {"scale_rewards": "batch"},
    "none": {"scale_rewards": "none"},
}


@pytest.mark.slow
def test_each_loss_trains_the_embedded_policy_in_its_own_way(plan: Plan) -> None:
    sizes = {"model": "policy", "max_completion_length": 80, "learning_rate": 1e-4, "prompts_per_step": 2, "steps": 2}
    sizes |= {
        "num_generations": 4,
        "micro_batch_size": 8,
        "validation_rows": 1,
        "num_iterations": 2,
        "temperature": 1.3,
        "epsilon": 1e-4,
    }
    learnt = {}
    for name, changed in {"plain": {}, **LOSSES}.items():
        planned = plan(f"v0001.{name}", **{**sizes, **changed})
        assert execute(planned, ProgressReporter()) is not None
        learnt[name] = weights(planned)
        figures = curves(planned)
        assert figures["loss"].is_finite().all() and figures["grad_norm"].max() > 0, name
        assert figures["clipped"].is_not_null().all(), name
    plain = learnt.pop("plain")
    for name, other in learnt.items():
        assert any(not value.equal(plain[weight]) for weight, value in other.items()), name


@pytest.mark.slow
def test_completions_that_were_cut_off_teach_nothing(plan: Plan) -> None:
    """Eight tokens hold no answer of the embedded policy: all are cut off, and no gradient is left."""
    planned = plan(model="policy", mask_truncated_completions=True, temperature=1.5, steps=1)
    assert execute(planned, ProgressReporter()) is not None
    assert curves(planned)["cut_off"].to_list() == [1.0] and curves(planned)["grad_norm"].to_list() == [0.0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"loss_type": "cispo"}, "would shrink every step"),
        ({"loss_type": "cispo", "epsilon_high": 0.28}, "would shrink every step"),
        ({"importance_sampling_level": "sequence"}, 'needs loss_type = "grpo"'),
    ],
)
def test_senseless_combinations_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RecipeSettings.model_validate(changed)
