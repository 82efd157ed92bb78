"""Coverage of the intervals of scores and differences, and stars on boards without a difference.

    python benchmarks/score_intervals.py [--draws 400] [--sizes 8 16 48] [--boards 300]

Draws benchmarks of a known accuracy: plain ones, grades, WeMath's points, HallusionBench's mean of three, with questions alike within a group or
not; asks the platform's own functions for their intervals, and counts how often those hold the truth. Then boards of fourteen benchmarks on which two
models are equally good: the share of boards with a star is to be at most 5%. Seeds are fixed. Prints one line of JSON for each table's row.
"""

import argparse
import itertools
import json
from collections.abc import Callable, Sequence

import numpy as np

from wethink_assets.evaluation.grading.clusters import Clusters
from wethink_assets.evaluation.grading.intervals import compare, holm, interval

ACCURACIES = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
ALIKE = (0.05, 0.4)
"""Correlation within a group of questions, or spread of the grades."""
Draw = Callable[[np.random.Generator, int, float, float, int], Clusters]


def _bases(rng: np.random.Generator, units: int, accuracy: float, alike: float) -> np.ndarray:
    """How easy each unit is: beta-distributed about the accuracy."""
    weight = (1 - alike) / alike
    return rng.beta(accuracy * weight, (1 - accuracy) * weight, units)


def _clusters(top: np.ndarray, bottom: Sequence[float]) -> Clusters:
    bottoms = np.broadcast_to(np.array(bottom, dtype=float), top.shape)
    return Clusters(tuple(map(str, range(len(top)))), top.astype(float), bottoms.copy())


def _answers(
    rng: np.random.Generator, easy: np.ndarray, shape: tuple[int, ...], models: int, shared: float = 0.5
) -> list[np.ndarray]:
    """Right answers of so many models, which share half of the chance."""
    size = (len(easy), *shape)
    common, pick = rng.random(size), rng.random(size) < shared
    chance = easy.reshape(-1, *(1 for _ in shape))
    return [np.where(pick, common, rng.random(size)) < chance for _ in range(models)]


def plain(rng: np.random.Generator, units: int, accuracy: float, alike: float, models: int) -> list[Clusters]:
    """Right or wrong."""
    easy = np.full(units, accuracy)
    return [_clusters(right[:, None], [1]) for right in _answers(rng, easy, (), models)]


def grades(rng: np.random.Generator, units: int, accuracy: float, alike: float, models: int) -> list[Clusters]:
    """Grades in tenths: MM-Vet."""
    easy = _bases(rng, units, accuracy, alike)
    return [_clusters(right.mean(1)[:, None], [1]) for right in _answers(rng, easy, (10,), models)]


def wemath(rng: np.random.Generator, units: int, accuracy: float, alike: float, models: int) -> list[Clusters]:
    """1, 1/2 or 0 for a problem and its two steps."""
    easy = _bases(rng, units, accuracy, alike)
    return [
        _clusters((right[:, :2].all(1) * (1 + right[:, 2]) / 2)[:, None], [1])
        for right in _answers(rng, easy, (3,), models)
    ]


def hallusion(rng: np.random.Generator, units: int, accuracy: float, alike: float, models: int) -> list[Clusters]:
    """Sets of two figures by two questions."""
    easy = _bases(rng, units, accuracy, alike)
    return [
        _clusters(np.stack([right.sum((1, 2)), right.all(2).sum(1), right.all(1).sum(1)], 1), [4, 2, 2])
        for right in _answers(rng, easy, (2, 2), models)
    ]


HEADLINES = {"plain": plain, "grades": grades, "wemath": wemath, "hallusion": hallusion}


def coverage(name: str, units: int, accuracy: float, alike: float, draws: int) -> dict[str, object]:
    """Share of intervals that hold the headline, and of those that hold the difference to a model that is a tenth worse."""
    draw, rng = HEADLINES[name], np.random.default_rng(7)
    truth = draw(rng, 200_000, accuracy, alike, 1)[0].headline()
    worse = 0.9 * accuracy
    gap = truth - draw(rng, 200_000, worse, alike, 1)[0].headline()
    held = held_difference = 0
    for _ in range(draws):
        one, other = draw(rng, units, accuracy, alike, 2)
        bounds = interval(one)
        held += bounds.low <= truth <= bounds.high
        weaker = draw(rng, units, worse, alike, 1)[0]
        for pair, true in ((compare(one, other), 0.0), (compare(weaker, one), gap)):
            assert pair is not None
            held_difference += pair.low - 1e-12 <= true <= pair.high + 1e-12
    return {
        "headline": name, "units": units, "accuracy": accuracy, "alike": alike, "coverage": round(held / draws, 3),
        "of differences": round(held_difference / draws / 2, 3),
    }  # fmt: skip


def starred_boards(boards: int, units: int) -> float:
    """Share of boards of fourteen benchmarks, two equally good models each, with at least one star."""
    rng, starred = np.random.default_rng(11), 0
    kinds = [*("plain",) * 11, "grades", "wemath", "hallusion"]
    for _ in range(boards):
        p_values = {}
        for number, kind in enumerate(kinds):
            one, other = HEADLINES[kind](rng, units, ACCURACIES[number % len(ACCURACIES)], 0.2, 2)
            comparison = compare(one, other)
            assert comparison is not None
            p_values[str(number)] = comparison.p
        starred += min(holm(p_values).values()) < 0.05
    return starred / boards


def main() -> None:
    """Print coverage and stars."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 16, 48])
    parser.add_argument("--boards", type=int, default=300)
    options = parser.parse_args()
    for name, units, accuracy in itertools.product(HEADLINES, options.sizes, ACCURACIES):
        for alike in ALIKE[: 1 if name == "plain" else None]:
            print(json.dumps(coverage(name, units, accuracy, alike, options.draws)), flush=True)
    for units in options.sizes:
        print(json.dumps({"units": units, "boards with a star": starred_boards(options.boards, units)}), flush=True)


if __name__ == "__main__":
    main()
