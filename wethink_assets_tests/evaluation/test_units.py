"""Official aggregations on predictions whose scores are worked out by hand, and properties that hold for any."""

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.registries import BENCHMARK_FORMS


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows).with_columns(pl.col("hit").cast(pl.Float64))


def score(rows: list[dict[str, object]], form: str) -> float:
    return 100 * BENCHMARK_FORMS[form].clusters(frame(rows)).headline()


def parts_of(verdicts: pl.DataFrame, form: str) -> dict[str, float]:
    return BENCHMARK_FORMS[form].breakdown(verdicts)


def hallusion(hits: dict[str, int]) -> list[dict[str, object]]:
    return [{"index": index, "category": "VD", "l2-category": "chart", "hit": hit} for index, hit in hits.items()]


def test_hallusionbench_is_the_mean_of_three_accuracies() -> None:
    # One set, two figures, two questions: figure 0 all right, figure 1 wrong on question 1.
    rows = hallusion({"VD_chart_1_0_0_0": 1, "VD_chart_1_0_0_1": 1, "VD_chart_1_0_1_0": 1, "VD_chart_1_0_1_1": 0})
    parts = parts_of(frame(rows), "yes_no")
    assert (parts["aAcc"], parts["fAcc"], parts["qAcc"]) == (75, 50, 50)
    assert score(rows, "yes_no") == pytest.approx((75 + 50 + 50) / 3)


def test_hallusionbench_keeps_sets_of_other_categories_apart() -> None:
    rows = hallusion({"VD_chart_1_0_0_0": 1, "VD_chart_1_0_1_0": 1})
    rows += [
        {**row, "index": str(row["index"]).replace("chart", "map"), "l2-category": "map", "hit": 0} for row in rows
    ]
    parts = parts_of(frame(rows), "yes_no")
    assert (parts["aAcc"], parts["fAcc"], parts["qAcc"]) == (50, 50, 50)
    assert parts["chart qAcc"] == 100 and parts["map qAcc"] == 0


def test_yes_no_without_hallusions_index_is_plain_accuracy() -> None:
    assert score([{"index": "1", "hit": 1}, {"index": "2", "hit": 0}], "yes_no") == 50


def test_dynamath_worst_case_needs_all_variants() -> None:
    rows = [
        {
            "index": f"{q}{v}",
            "qid": str(q),
            "varid": str(v),
            "subject": "algebra",
            "knowledge_level": "high school",
            "hit": hit,
        }
        for q, hits in ((0, (1, 1, 1)), (1, (1, 0, 1)))
        for v, hit in enumerate(hits, 1)
    ]
    parts = parts_of(frame(rows), "dynamath")
    assert parts["worst case"] == 50 and parts["average"] == pytest.approx(100 * 5 / 6)
    assert score(rows, "dynamath") == 50


def wemath(problem: str, steps: list[int], multi: int | None) -> list[dict[str, object]]:
    keyed = [(f"{len(steps)}steps_{place}", hit) for place, hit in enumerate(steps, 1)]
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
    parts = parts_of(frame(wemath("a", steps, multi)), "wemath")
    assert parts["score (strict)"] == 100 * strict and parts["score (loose)"] == 100 * loose
    assert score(wemath("a", steps, multi), "wemath") == 100 * strict


def test_wemath_reports_steps_and_rates() -> None:
    rows = [*wemath("a", [1, 1], 1), *wemath("b", [1, 0], 1), *wemath("c", [1, 1, 0], 0)]
    parts = parts_of(frame(rows), "wemath")
    assert parts["one step"] == pytest.approx(100 * 5 / 7)
    assert (parts["two steps"], parts["three steps"]) == (100, 0)
    assert parts["RM rate (strict)"] == 50 and parts["RM rate (loose)"] == 0
    assert score(rows, "wemath") == pytest.approx(100 / 3)


def test_circular_counts_a_question_only_when_every_rotation_is_right() -> None:
    hits = {0: 1, 1_000_000: 1, 1: 1, 1_000_001: 0, 2: 1}
    rows = [{"index": str(index), "category": "x", "hit": hit} for index, hit in hits.items()]
    assert score(rows, "circular") == pytest.approx(200 / 3)
    assert parts_of(frame(rows), "circular")["each rotation by itself"] == 80


def test_circular_leaves_out_rotations_without_their_question() -> None:
    assert score([{"index": "3", "hit": 1}, {"index": "1000004", "hit": 0}], "circular") == 100


def test_mmmu_is_the_validation_split() -> None:
    rows = [
        {"index": str(i), "split": split, "hit": hit}
        for i, (split, hit) in enumerate([("validation", 1), ("validation", 0), ("dev", 0)])
    ]
    assert score(rows, "mmmu") == 50
    assert parts_of(frame(rows), "mmmu")["split dev"] == 0


def test_mmvet_adds_grades_by_capability() -> None:
    rows = [{"index": "1", "category": "rec,ocr", "hit": 0.5}, {"index": "2", "category": "rec", "hit": 1.0}]
    parts = parts_of(frame(rows), "mmvet")
    assert score(rows, "mmvet") == 75 and (parts["rec"], parts["ocr"]) == (75, 50)


def test_ocrbench_adds_up_its_five_groups() -> None:
    told = [
        ("Digit String Recognition", 1),
        ("Handwriting Recognition", 1),
        ("Doc-oriented VQA", 0),
        ("Doc-oriented VQA", 1),
    ]
    rows = [{"index": str(i), "category": category, "hit": hit} for i, (category, hit) in enumerate(told)]
    assert parts_of(frame(rows), "ocr") == {"points: Doc-oriented VQA": 1, "points: Text Recognition": 2}
    assert score(rows, "ocr") == 75


def test_logicvista_and_mathvista_count_a_sample_for_each_of_its_skills() -> None:
    logic = frame(
        [{"index": "1", "skill": "inductive, spatial", "hit": 1}, {"index": "2", "skill": "spatial", "hit": 0}]
    )
    assert parts_of(logic, "logicvista") == {"inductive": 100, "spatial": 50}
    vista = frame([{"index": "1", "task": "geometry", "skills": "['algebra', 'logic']", "hit": 1}])
    assert parts_of(vista, "mathvista") == {"geometry": 100, "algebra": 100, "logic": 100}


def test_without_samples_there_is_no_score() -> None:
    assert math.isnan(
        BENCHMARK_FORMS["choice"].clusters(pl.DataFrame(schema={"index": pl.String, "hit": pl.Float64})).headline()
    )


HITS = st.lists(st.integers(0, 1), min_size=1, max_size=24)


@settings(max_examples=40)
@given(HITS)
def test_headlines_lie_between_nothing_and_everything(hits: list[int]) -> None:
    rows = [
        {"index": f"VD_chart_1_{i // 4}_{i // 2 % 2}_{i % 2}", "l2-category": "chart", "qid": str(i // 3), "hit": hit}
        for i, hit in enumerate(hits)
    ]
    for form in ("choice", "yes_no", "dynamath"):
        value = score(rows, form)
        assert 0 <= value <= 100
        assert all(hits) == (value == 100) and (any(hits) or value == 0)
    assert score(rows, "dynamath") <= 100 * sum(hits) / len(hits) + 34  # groups of three at most: uneven last group


@settings(max_examples=40)
@given(HITS, st.integers(0, 23))
def test_one_more_right_answer_never_lowers_a_score(hits: list[int], place: int) -> None:
    better = list(hits)
    better[place % len(hits)] = 1
    for form in ("choice", "yes_no", "dynamath"):
        before, after = (
            score(
                [
                    {"index": f"VD_c_1_{i // 4}_{i // 2 % 2}_{i % 2}", "qid": str(i // 3), "hit": hit}
                    for i, hit in enumerate(given)
                ],
                form,
            )
            for given in (hits, better)
        )
        assert after >= before - 1e-9
