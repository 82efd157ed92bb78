"""Coverage of the intervals of scores and differences, and stars on boards without a difference.

    python benchmarks/score_intervals.py [--draws 400] [--sizes 8 16 48] [--boards 300]

Draws benchmarks of a known accuracy: plain ones, grades, means over two sampling seeds, WeMath's points, HallusionBench's mean of three, with
questions alike within a group or not; asks the platform's own functions for their intervals, and counts how often those hold the truth: of a
headline, of the difference of two equally good models, and of the difference to one that is a tenth worse. `possible` says whether the values that
came out could be parted so that an interval holds .93 to .97: few groups that are nearly all right have too few outcomes. Then boards of fourteen
benchmarks on which two models are equally good: the share of boards with a star is to be about 5% at most; and of boards on which one is a
tenth worse how often the interval of the average, and of the average difference, holds the truth. Seeds are fixed. Prints a line of JSON for
each case, then for each headline and size what its cases come to; .93 to .97 is counted with two standard errors of the draws.
"""

import argparse
import itertools
import json
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from wethink_assets.evaluation.grading.averages import average
from wethink_assets.evaluation.grading.clusters import Clusters
from wethink_assets.evaluation.grading.intervals import Interval, compare, holm, interval

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


def seeds(rng: np.random.Generator, units: int, accuracy: float, alike: float, models: int) -> list[Clusters]:
    """Right or wrong, the mean of two sampled replies."""
    easy = _bases(rng, units, accuracy, alike)
    return [_clusters(right.mean(1)[:, None], [1]) for right in _answers(rng, easy, (2,), models)]


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


HEADLINES = {"plain": plain, "grades": grades, "seeds": seeds, "wemath": wemath, "hallusion": hallusion}


BOARD = (*("plain",) * 11, "grades", "wemath", "hallusion")
"""Headlines of the fourteen benchmarks, about."""
WHAT = ("headline", "equal models", "a tenth worse")


def coverage(name: str, units: int, accuracy: float, alike: float, draws: int) -> dict[str, object]:
    """Share of intervals that hold the truth, and whether any could: of a headline, and of differences to an equal and to a worse model."""
    draw, rng = HEADLINES[name], np.random.default_rng(7)
    truth = draw(rng, 200_000, accuracy, alike, 1)[0].headline()
    worse = 0.9 * accuracy
    truths = (truth, 0.0, truth - draw(rng, 200_000, worse, alike, 1)[0].headline())
    held, values = [0, 0, 0], np.zeros((3, draws))
    for number in range(draws):
        one, other = draw(rng, units, accuracy, alike, 2)
        weaker = draw(rng, units, worse, alike, 1)[0]
        bounds, equal, better = interval(one), compare(one, other), compare(weaker, one)
        assert equal is not None and better is not None
        values[:, number] = bounds.value, equal.difference, better.difference
        for kind, (low, high) in enumerate(
            ((bounds.low, bounds.high), (equal.low, equal.high), (better.low, better.high))
        ):
            held[kind] += low - 1e-12 <= truths[kind] <= high + 1e-12
    return {
        "case": name, "units": units, "accuracy": accuracy, "alike": alike, "draws": draws,
        **{what: round(count / draws, 3) for what, count in zip(WHAT, held, strict=True)},
        "possible": [possible(seen) for seen in values],
    }  # fmt: skip


def possible(values: np.ndarray) -> bool:
    """Whether neighbouring values make up .93 to .97 of all."""
    _, counts = np.unique(np.round(values, 9), return_counts=True)
    sums = np.concatenate([[0], counts.cumsum()]) / len(values)
    ends = np.searchsorted(sums, sums + 0.93 - 1e-12)
    inside = ends < len(sums)
    return bool((sums[ends[inside]] - sums[inside] <= 0.97 + 1e-12).any())


def summaries(cases: Sequence[dict[str, object]]) -> Iterator[dict[str, object]]:
    """Of each headline and size: least, mean and greatest coverage, and the share of cases within .93 to .97 and of those where that is possible."""
    for (name, units), group in itertools.groupby(cases, key=lambda case: (case["case"], case["units"])):
        rows = list(group)
        for number, what in enumerate(WHAT):
            held = np.array([row[what] for row in rows], dtype=float)
            slack = 2 * np.sqrt(0.95 * 0.05 / float(str(rows[0]["draws"])))
            within = (held >= 0.93 - slack) & (held <= 0.97 + slack)
            can = np.mean([row["possible"][number] for row in rows])  # type: ignore[index]
            yield {"case": name, "units": units, "of": what, "least": held.min(), "mean": round(held.mean(), 3), "greatest": held.max(),
                   "within": round(float(within.mean()), 2), "too seldom": round(float((held < 0.93 - slack).mean()), 2),
                   "possible": round(float(can), 2)}  # fmt: skip


def starred_boards(boards: int, units: int) -> float:
    """Share of boards of fourteen benchmarks, two equally good models each, with at least one star."""
    rng, starred = np.random.default_rng(11), 0
    for _ in range(boards):
        p_values = {}
        for number, kind in enumerate(BOARD):
            one, other = HEADLINES[kind](rng, units, ACCURACIES[number % len(ACCURACIES)], 0.2, 2)
            comparison = compare(one, other)
            assert comparison is not None
            p_values[str(number)] = comparison.p
        starred += min(holm(p_values).values()) < 0.05
    return starred / boards


def averages_held(boards: int, units: int) -> dict[str, float]:
    """Share of boards of fourteen benchmarks whose average, and average difference to a model that is a tenth worse, lies in its interval."""
    rng, held = np.random.default_rng(13), {"average": 0, "average difference": 0}
    drawn = [(kind, ACCURACIES[number % len(ACCURACIES)]) for number, kind in enumerate(BOARD)]
    truths = [
        [HEADLINES[kind](rng, 200_000, share * accuracy, 0.2, 1)[0].headline() for kind, accuracy in drawn]
        for share in (1, 0.9)
    ]
    better, worse = (sum(one) / len(one) for one in truths)
    for _ in range(boards):
        models = [
            [HEADLINES[kind](rng, units, share * accuracy, 0.2, 1)[0] for kind, accuracy in drawn] for share in (1, 0.9)
        ]
        mean = average([interval(clusters) for clusters in models[0]])
        compared = [compare(low, high) for high, low in zip(*models, strict=True)]
        gain = average([Interval(one.difference, one.low, one.high) for one in compared if one is not None])
        held["average"] += mean.low <= better <= mean.high
        held["average difference"] += gain.low <= better - worse <= gain.high
    return {what: count / boards for what, count in held.items()}


def main() -> None:
    """Print coverage and stars."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 16, 48])
    parser.add_argument("--boards", type=int, default=300)
    options = parser.parse_args()
    cases: list[dict[str, object]] = []
    for name, units, accuracy in itertools.product(HEADLINES, options.sizes, ACCURACIES):
        for alike in ALIKE[: 1 if name == "plain" else None]:
            cases.append(coverage(name, units, accuracy, alike, options.draws))
            print(json.dumps(cases[-1]), flush=True)
    for summary in summaries(cases):
        print(json.dumps(summary), flush=True)
    for units in options.sizes:
        print(
            json.dumps(
                {
                    "units": units,
                    "boards with a star": starred_boards(options.boards, units),
                    **averages_held(options.boards, units),
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
