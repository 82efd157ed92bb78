"""Seeded sampling: it samples the softmax, per request, and depends on nothing else."""

import pytest
import torch

from wethink_assets.models.chat import Sampling
from wethink_assets.models.embedded.sampling import OwnLimits, Probabilities, SeededGumbel

SHARES = [0.6, 0.3, 0.1]
SCORES = torch.log(torch.tensor(SHARES))
END = 0
NO_IDS = torch.zeros(1, 1, dtype=torch.long)


def seen(scores: torch.Tensor) -> Probabilities:
    probabilities = Probabilities()
    assert probabilities(NO_IDS, scores) is scores
    return probabilities


def draws(sampling: Sampling, count: int) -> list[int]:
    noise = SeededGumbel([sampling])
    return [int(noise(NO_IDS, SCORES[None]).argmax()) for _ in range(count)]


def test_frequencies_follow_the_softmax() -> None:
    drawn = draws(Sampling(temperature=1.0, seed=1), 4000)
    shares = [drawn.count(token) / len(drawn) for token in range(3)]
    assert all(abs(share - wanted) < 0.03 for share, wanted in zip(shares, (0.6, 0.3, 0.1), strict=True))


def test_a_lower_temperature_sharpens_and_top_p_cuts() -> None:
    assert draws(Sampling(temperature=0.3, seed=1), 1000).count(0) > 850
    assert set(draws(Sampling(temperature=1.0, top_p=0.8, seed=1), 1000)) == {0, 1}
    assert set(draws(Sampling(temperature=0.0, seed=1), 20)) == {0}


def test_a_request_draws_the_same_alone_and_among_others() -> None:
    alone = draws(Sampling(temperature=1.0, seed=7), 50)
    among = SeededGumbel([Sampling(temperature=0.5, seed=1), Sampling(), Sampling(temperature=1.0, seed=7)])
    together = [int(among(NO_IDS, SCORES.repeat(3, 1)).argmax(-1)[2]) for _ in range(50)]
    assert together == alone
    assert draws(Sampling(temperature=1.0, seed=8), 50) != alone


def test_each_request_ends_at_its_own_limit() -> None:
    limits = OwnLimits(10, [1, 3], END, seen(SCORES.repeat(2, 1)))
    assert limits(torch.zeros(2, 11, dtype=torch.long), SCORES).tolist() == [True, False]
    assert limits(torch.zeros(2, 13, dtype=torch.long), SCORES).tolist() == [True, True]


def test_the_least_probability_of_a_reply_counts_up_to_its_end() -> None:
    """What is chosen after a request's own limit, or after its end, is none of its reply."""
    replies = [(1, 2, 2), (END, 2, 2), (1, 1, 2)]
    limits = OwnLimits(1, [1, 3, 3], END, seen(SCORES.repeat(3, 1)))
    for step in range(3):
        limits(torch.tensor([[9, *reply[: step + 1]] for reply in replies]), SCORES)
    assert limits.certainties == pytest.approx([SHARES[1], SHARES[END], SHARES[2]])
