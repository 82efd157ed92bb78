"""Calls of a scoring: their sampling seeds."""

from wethink_assets.models.chat import Sampling


def test_sampling_seeds_are_within_31_bits() -> None:
    from wethink_assets.evaluation.runs.calls import sampling_seed

    assert Sampling(seed=sampling_seed(1, "x", "y")).seed < 2**31 and sampling_seed(1, "x", "y") != sampling_seed(
        2, "x", "y"
    )
