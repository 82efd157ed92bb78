"""pass@k and maj@k: the estimator by all subsets, the vote by hand, and a scoring through scripted models."""

import math
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.evaluation.benchmarks.files import benchmark_files
from wethink_assets.evaluation.reports.newest import newest
from wethink_assets.evaluation.reports.repeats import answer_key, pass_at_k, repeat_rows, repeats_of
from wethink_assets.evaluation.runs.records import scores_of
from wethink_assets.evaluation.runs.score import score_model
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.models.chat import Sampling
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.answering_model import Answering
from wethink_assets_tests.support.benchmark_files import choice_rows, evaluated_model, scoring_settings, write_tsv
from wethink_assets_tests.support.scored_training_run import scored_by


@given(st.lists(st.booleans(), min_size=1, max_size=9), st.data())
def test_the_estimate_is_the_share_of_all_ways_to_choose_k_replies(right: list[bool], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(right)))
    ways = list(combinations(right, k))
    (estimate,) = pass_at_k([sum(right)], len(right), k)
    assert estimate == pytest.approx(sum(any(way) for way in ways) / len(ways))


@pytest.mark.parametrize(("right", "replies", "k"), [([1], 2, 3), ([3], 2, 1), ([0], 2, 0)])
def test_what_is_not_defined_is_refused(right: list[int], replies: int, k: int) -> None:
    with pytest.raises(ValueError, match="is not defined"):
        pass_at_k(right, replies, k)


def test_answers_are_the_same_as_rewards_take_them() -> None:
    free = {"question": "How much?", "prediction": "x", "kind": "FIB"}
    keys = [answer_key(BENCHMARK_FORMS["free"], {**free, "extracted": text}) for text in ("0.5", "1/2", "0.6")]
    assert keys[0] == keys[1] != keys[2]
    choice = {"question": "Which?", "A": "red", "B": "blue", "prediction": "x"}
    letters = [answer_key(BENCHMARK_FORMS["choice"], {**choice, "extracted": text}) for text in ("B", "blue", "A")]
    assert letters[0] == letters[1] != letters[2]
    assert answer_key(BENCHMARK_FORMS["choice"], {**choice, "extracted": "", "prediction": ""}) == ""


def test_sampled_replies_are_voted_on_and_passed(tmp_path: Path) -> None:
    """Of question i (0 to 3) i of the four sampled replies are right, B; the wrong ones are A, but of the last, which are two that differ."""
    store, settings = Store.open(str(tmp_path / "store")), scoring_settings(tmp_path, seeds=(1, 2, 3, 4), greedy=True)
    write_tsv(tmp_path / "mine.tsv", choice_rows(4))
    given: dict[str, list[str]] = {
        "0": ["A", "A", "A", "A"],
        "1": ["A", "A", "A", "B"],
        "2": ["B", "A", "C", "B"],
        "3": ["A", "B", "B", "B"],
    }
    asked: dict[tuple[str, int], int] = {}

    def reply(text: str, sampling: Sampling) -> str:
        number = text.partition("picture ")[2][:1]
        if not sampling.temperature:
            return "B"
        place = asked.setdefault((number, sampling.seed), sum(key[0] == number for key in asked))
        return given[number][place]

    scored_by(store, settings, evaluated_model(), reply)
    (group,) = newest(scores_of(store, "a" * 64)).values()
    repeats = repeats_of(store, settings, group)
    assert repeats is not None and (repeats.replies, repeats.temperature) == (4, 0.7)
    passed = {k: value for k, (value, _, _) in repeats.passed.items()}
    assert passed == {
        1: pytest.approx(25 * (0 + 1 + 2 + 3) / 4, abs=1e-4),
        2: pytest.approx(25 * sum(1 - math.comb(4 - c, 2) / 6 for c in range(4)), abs=1e-4),
        4: pytest.approx(75),
    }
    assert repeats.voted[4][0] == 50, "of the third and the last question B has most votes"
    assert repeats.passed[4][1] < 75 < repeats.passed[4][2]
    assert [row["k"] for row in repeat_rows([repeats])] == ["1 of 4 at 0.7", "2 of 4 at 0.7", "4 of 4 at 0.7"]
    assert repeats_of(store, settings, [score for score in group if score.decoding in ("greedy", "seed 1")]) is None


def test_grades_are_voted_on_but_nothing_is_passed(tmp_path: Path) -> None:
    store, settings = Store.open(str(tmp_path / "store")), scoring_settings(tmp_path, seeds=(1, 2), greedy=False)
    settings.benchmarks["mine"] = settings.benchmarks["mine"].model_copy(update={"form": "mmvet"})
    write_tsv(tmp_path / "mine.tsv", [{"index": i, "question": "How is it?", "answer": "red"} for i in range(3)])
    judge = Answering(lambda text, _: "0.5", "judge")
    with Models(settings, {"policy": Answering(lambda text, _: "reddish"), "judge": judge}) as models:
        files = benchmark_files(settings, ["mine"])
        scores = score_model(store, settings, evaluated_model(), files, models=models)
    repeats = repeats_of(store, settings, scores)
    assert repeats is not None and not repeats.passed and repeats.voted[2][0] == 50
    assert repeat_rows([repeats])[0]["pass@k"] == "not defined"
