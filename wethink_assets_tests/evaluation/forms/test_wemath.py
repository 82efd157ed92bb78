"""WeMath: points of a problem and its steps, worked out by hand."""

import pytest

from wethink_assets_tests.support.graded_rows import breakdown, headline


def wemath(problem: str, steps: list[int], multi: int | None) -> list[dict[str, object]]:
    keyed = [(f"{len(steps)}steps_{step}", hit) for step, hit in enumerate(steps, 1)]
    keyed += [] if multi is None else [(f"{len(steps)}steps_multi", multi)]
    return [{"index": f"{problem}{key}", "ID": problem, "key": key, "hit": hit} for key, hit in keyed]


@pytest.mark.parametrize(
    ("steps", "multi", "strict", "loose"),
    [
        ([1, 1], 1, 1, 1),  # complete mastery
        ([1, 1], 0, 0.5, 0.5),  # inadequate generalisation
        ([1, 0], 0, 0, 0),  # insufficient knowledge
        ([0, 0], 1, 0, 0),  # rote memorisation, both ways
        ([1, 0], 1, 0, 1),  # rote memorisation by the strict rule only
        ([1, 1, 1], 1, 1, 1),
        ([0, 1, 1], 1, 0, 1),
        ([0, 0, 0], 1, 0, 0),
    ],
)
def test_wemath_points_of_one_problem(steps: list[int], multi: int, strict: float, loose: float) -> None:
    parts = breakdown(wemath("a", steps, multi), "wemath")
    assert parts["score (strict)"] == 100 * strict and parts["score (loose)"] == 100 * loose
    assert headline(wemath("a", steps, multi), "wemath") == 100 * strict


def test_wemath_reports_steps_and_rates() -> None:
    rows = [*wemath("a", [1, 1], 1), *wemath("b", [1, 0], 1), *wemath("c", [1, 1, 0], 0)]
    parts = breakdown(rows, "wemath")
    assert parts["one step"] == pytest.approx(100 * 5 / 7)
    assert (parts["two steps"], parts["three steps"]) == (100, 0)
    assert parts["RM rate (strict)"] == 50 and parts["RM rate (loose)"] == 0
    assert headline(rows, "wemath") == pytest.approx(100 / 3)
