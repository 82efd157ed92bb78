"""A whole scoring through scripted models: what is asked, kept, scored, and asked again after a crash."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.evaluation.benchmarks.files import benchmark_files
from wethink_assets.evaluation.runs.records import Score, read_replies, scores_of
from wethink_assets.evaluation.runs.score import score_model
from wethink_assets.models.chat import CallFailed, Completion, Sampling
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.answering_model import Answering, Script
from wethink_assets_tests.support.benchmark_files import choice_rows, evaluated_model, scoring_settings, write_tsv


def run(
    store: Store, settings: Settings, policy: Answering, judge: Answering | None = None, **options: Any
) -> list[Score]:
    judge = judge or Answering(lambda text, sampling: "Z", "judge")
    with Models(settings, {"policy": policy, "judge": judge}) as models:
        return score_model(
            store,
            settings,
            evaluated_model(),
            benchmark_files(settings, list(settings.benchmarks)),
            models=models,
            **options,
        )


def right(text: str, sampling: Sampling) -> str:
    return "<think>A is red, so not A.</think><answer>B</answer>"


def test_what_counts_is_the_answer_without_its_thought(store: Store, tmp_path: Path) -> None:
    write_tsv(tmp_path / "mine.tsv", choice_rows(5))
    policy = Answering(right)
    (score,) = run(store, scoring_settings(tmp_path), policy)
    assert (score.value, score.high) == (100, 100) and 50 < (score.low or 0) < 60
    assert (score.samples, score.judged, score.flags, score.decoding) == (5, 0, (), "greedy")
    replies = read_replies(store, score)
    assert replies["prediction"].to_list() == ["B"] * 5 and replies["reply"][0] == right("", Sampling())
    assert {"question", "category", "images", "hit"} <= set(replies.columns)
    messages = policy.messages[0]
    assert messages[0].role == "system" and "<answer>" in messages[0].text
    assert messages[1].text == (
        "Question: What is in picture 0?\nOptions:\nA. a red dot\nB. a blue dot\nC. nothing\n"
        "Please select the correct answer from the options above. \n"
    )
    assert len(messages[1].images) == 1


def test_only_what_is_missing_runs(store: Store, tmp_path: Path) -> None:
    write_tsv(tmp_path / "mine.tsv", choice_rows(4))
    settings, policy = scoring_settings(tmp_path), Answering(right)
    first = run(store, settings, policy)
    assert run(store, settings, policy) == first and len(policy.asked) == 4
    write_tsv(tmp_path / "other.tsv", choice_rows(3))
    added = scoring_settings(tmp_path, own=("mine", "other"))
    assert [score.samples for score in run(store, added, policy)] == [4, 3] and len(policy.asked) == 7
    sampled = scoring_settings(tmp_path, own=("mine", "other"), seeds=(1, 2))
    scores = run(store, sampled, policy)
    assert [score.decoding for score in scores] == ["greedy", "seed 1", "seed 2"] * 2 and len(policy.asked) == 21
    assert len(list(scores_of(store, "a" * 64))) == 6


def test_seeds_differ_by_sample_and_repeat_by_seed(store: Store, tmp_path: Path) -> None:
    write_tsv(tmp_path / "mine.tsv", choice_rows(3))
    seeds: list[int] = []

    def note(text: str, sampling: Sampling) -> str:
        seeds.append(sampling.seed)
        return "B"

    run(store, scoring_settings(tmp_path, greedy=False, seeds=(1, 2)), Answering(note))
    assert len(set(seeds)) == 6


def test_a_killed_run_asks_only_for_what_it_did_not_finish(store: Store, tmp_path: Path) -> None:
    write_tsv(tmp_path / "mine.tsv", choice_rows(30))
    settings, answered = scoring_settings(tmp_path), 0

    def dies(text: str, sampling: Sampling) -> str | Exception:
        nonlocal answered
        answered += 1
        return ModelError("the server is gone") if answered > 12 else "B"

    with pytest.raises(ModelError, match="the server is gone"):
        run(store, settings, Answering(dies))
    assert not list(scores_of(store, "a" * 64))
    policy = Answering(right)
    (score,) = run(store, settings, policy)
    assert len(policy.asked) == 18 and score.value == 100


def test_failed_calls_are_wrong_counted_flagged_and_can_be_tried_again(store: Store, tmp_path: Path) -> None:
    write_tsv(tmp_path / "mine.tsv", choice_rows(10))
    settings = scoring_settings(tmp_path)
    failing = Answering(lambda text, sampling: CallFailed("refused") if "picture 3?" in text else "B")
    (score,) = run(store, settings, failing)
    assert score.value == 90 and score.failed_inference == 0.1 and score.flags == ("10.0% of calls failed",)
    assert read_replies(store, score).filter(pl.col("status") == "failed")["fault"].to_list() == ["refused"]
    healed = Answering(right)
    assert run(store, settings, healed)[0].value == 90 and not healed.asked
    (again,) = run(store, settings, healed, again=True)
    assert again.value == 100 and again.flags == () and len(healed.asked) == 1


def test_the_judge_reads_what_no_rule_can(store: Store, tmp_path: Path) -> None:
    write_tsv(tmp_path / "mine.tsv", choice_rows(4))
    judge = Answering(lambda text, sampling: "B", "judge")
    (score,) = run(
        store, scoring_settings(tmp_path), Answering(lambda text, sampling: "the dot is like the sky"), judge
    )
    assert score.value == 100 and score.judged == 1 and len(judge.asked) == 4
    assert "the dot is like the sky" in judge.asked[0] and "B. a blue dot" in judge.asked[0]


def test_a_judge_that_talks_nonsense_is_asked_twice_then_counted(store: Store, tmp_path: Path) -> None:
    write_tsv(tmp_path / "mine.tsv", choice_rows(4))
    judge = Answering(lambda text, sampling: "I would rather not say which", "judge")
    (score,) = run(
        store, scoring_settings(tmp_path), Answering(lambda text, sampling: "the dot is like the sky"), judge
    )
    assert score.value == 0 and score.failed_judging == 1 and len(judge.asked) == 8
    assert score.flags == ("100.0% of verdicts failed",)


@pytest.mark.parametrize(
    ("reply", "prediction"),
    [
        ("<think>it never ends", ""),
        ("", ""),
        ("<think>B?</think>", ""),
        ("<answer>B</answer><answer>C</answer>", ""),
        ("<think>no tags of answer</think> B ", "B"),
        ("plain B", "plain B"),
    ],
)
def test_replies_without_an_answer_are_wrong_and_no_failure(tmp_path: Path, reply: str, prediction: str) -> None:
    write_tsv(tmp_path / "mine.tsv", choice_rows(2))
    store = Store.open(str(tmp_path / "store"))
    (score,) = run(store, scoring_settings(tmp_path), Answering(lambda text, sampling: reply))
    assert read_replies(store, score)["prediction"].to_list() == [prediction] * 2
    assert score.value == (100 if prediction else 0) and score.no_answer == (0 if prediction else 1)
    flags = () if prediction else ("100.0% of replies ended without an answer",)
    assert score.failed_inference == 0 and score.flags == flags and score.cut == 0


def test_replies_that_were_cut_off_are_seen(tmp_path: Path) -> None:
    write_tsv(tmp_path / "mine.tsv", choice_rows(10))
    cut = Completion("<think>B would be", 9, 9, "length", "cut")
    policy = Answering(lambda text, _: cut if "picture 3?" in text else "B")
    (score,) = run(Store.open(str(tmp_path / "store")), scoring_settings(tmp_path), policy)
    assert (score.value, score.cut, score.no_answer, score.answered) == (90, 0.1, 0.1, 100)
    assert score.flags == ("10.0% of replies were cut off: raise scoring.max_tokens",)


def test_what_failed_earns_nothing_whatever_the_judge_says(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store"))
    rows = [{"index": i, "question": f"What is in picture {i}?", "answer": "yes"} for i in range(40)]
    forms = ("choice", "free", "yes_no", "mmvet", "mathverse", "logicvista")
    kinds = [CallFailed("refused"), "", "<think>B, so", Completion("<answer>B</answer>", 9, 9, "length", "cut")]
    settings = scoring_settings(tmp_path, own=forms)
    for form in forms:
        right = {"yes_no": "Yes", "logicvista": "A"}.get(form, "yes")
        answered = [{**row, "answer": right} for row in rows]
        write_tsv(tmp_path / f"{form}.tsv", choice_rows(40) if form == "choice" else answered)
        settings.benchmarks[form] = settings.benchmarks[form].model_copy(update={"form": form})
    policy = Answering(lambda text, _: kinds[len(policy.asked) % len(kinds)])
    judge = Answering(lambda text, _: "1", "judge")
    scores = run(store, settings, policy, judge)
    assert len(policy.asked) == 240 and not judge.asked and len(scores) == len(forms)
    for score in scores:
        assert score.value == 0 and read_replies(store, score)["hit"].sum() == 0, score.benchmark


@pytest.mark.parametrize("form", ["mathvista", "mathvision", "dynamath", "yes_no", "mathverse", "logicvista", "mmvet"])
def test_a_judge_that_talks_nonsense_is_flagged_in_every_form(tmp_path: Path, form: str) -> None:
    store = Store.open(str(tmp_path / "store"))
    row = {
        "question": "How many?",
        "answer": {"yes_no": "Yes", "logicvista": "A"}.get(form, "7"),
        "answer_type": "float",
        "qid": 1,
        "choices": "[]",
    }
    write_tsv(tmp_path / "mine.tsv", [{"index": i, **row} for i in range(4)])
    settings = scoring_settings(tmp_path)
    settings.benchmarks["mine"] = settings.benchmarks["mine"].model_copy(update={"form": form})
    judge = Answering(lambda text, _: "I would rather not say which", "judge")
    (score,) = run(store, settings, Answering(lambda text, _: "a great many dots"), judge)
    assert (score.value, score.failed_judging, score.flags) == (0, 1, ("100.0% of verdicts failed",))


SCRIPTS: dict[str, tuple[dict[str, Any], Script, float]] = {
    "extracted by the judge": (
        {"answer": "0.5", "question": "How much?"},
        lambda text, sampling: "one half of it",
        100,
    ),
    "by rule": ({"answer": "1/2", "question": "How much?"}, lambda text, sampling: "<answer>0.5</answer>", 100),
    "one of several": ({"answer": "['two', 'three']", "question": "How many?"}, lambda text, sampling: "3", 100),
    "wrong": ({"answer": "7", "question": "How many?"}, lambda text, sampling: "8", 0),
}


@pytest.mark.parametrize("case", SCRIPTS)
def test_a_free_form_benchmark_of_ones_own(tmp_path: Path, case: str) -> None:
    row, script, value = SCRIPTS[case]
    write_tsv(tmp_path / "mine.tsv", [{"index": 1, **row}])
    judge = Answering(lambda text, sampling: "1" if "one half" in text else "0", "judge")
    (score,) = run(Store.open(str(tmp_path / "store")), scoring_settings(tmp_path), Answering(script), judge)
    assert score.form == "free" and score.value == value
