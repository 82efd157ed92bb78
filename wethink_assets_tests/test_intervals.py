"""Intervals hold the truth as often as they say, counted over all draws that there are."""

from math import comb

import pytest

from wethink_assets.intervals import sampled_share


@pytest.mark.parametrize("files, read", [(1, 1), (9, 1), (40, 13), (41, 40), (200, 30)])
def test_the_interval_of_a_sample_holds_the_truth_in_95_of_100_draws(files: int, read: int) -> None:
    bounds = [sampled_share(found, read, files) for found in range(read + 1)]
    assert [low for low, _ in bounds] == pytest.approx([1 - high for _, high in bounds[::-1]])
    for altered in range(files + 1):
        ways = [comb(altered, found) * comb(files - altered, read - found) for found in range(read + 1)]
        held = sum(way for way, (low, high) in zip(ways, bounds, strict=True) if low <= altered / files <= high)
        assert held >= 0.95 * comb(files, read)


def test_of_all_files_and_of_none() -> None:
    assert [sampled_share(found, 10, 10) for found in (0, 4, 10)] == [(0, 0), (0.4, 0.4), (1, 1)]
    assert sampled_share(0, 0, 10) == (0, 1)


@pytest.mark.parametrize("found", [0, 1, 700, 5_000])
def test_of_a_million_files(found: int) -> None:
    low, high = sampled_share(found, 5_000, 1_000_000)
    assert low <= found / 5_000 <= high and high - low < 0.03
    assert low >= found / 1_000_000
