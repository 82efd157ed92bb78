"""Plan of a scoring: the judge's part of it, by what judges were asked about the model's replies before."""

from pathlib import Path

import pytest

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.evaluation.benchmarks.files import benchmark_files
from wethink_assets.evaluation.runs.plan import PlannedScore, plan_scores
from wethink_assets.evaluation.runs.score import score_model
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.answering_model import Answering
from wethink_assets_tests.support.benchmark_files import choice_rows, evaluated_model, scoring_settings, write_tsv


def planned(store: Store, settings: Settings) -> list[PlannedScore]:
    return plan_scores(store, settings, [evaluated_model()], benchmark_files(settings, list(settings.benchmarks)))


def test_the_plan_tells_calls_time_and_money_of_the_judge(tmp_path: Path) -> None:
    store, settings = Store.open(str(tmp_path / "store")), scoring_settings(tmp_path)
    write_tsv(tmp_path / "mine.tsv", choice_rows(8))
    (before,) = planned(store, settings)
    assert (before.judge_calls, before.usual_judge_calls, before.judge_seconds, before.judge_money) == (
        8,
        None,
        None,
        None,
    )
    half = Answering(
        lambda text, _: "the dot is like the sky" if any(f"picture {n}?" in text for n in range(4)) else "B"
    )
    judge = Answering(lambda text, sampling: "B", "judge")
    with Models(settings, {"policy": half, "judge": judge}) as models:
        files = benchmark_files(settings, list(settings.benchmarks))
        score_model(store, settings, evaluated_model(), files, models=models)
    assert len(judge.asked) == 4
    priced = RoleSettings(provider="endpoint", url="http://127.0.0.1:9/v1", model="judge", price_call=0.5)
    seeds = settings.scoring.model_copy(update={"seeds": (1,)})
    *_, after = planned(store, settings.model_copy(update={"scoring": seeds, "roles": {"judge": priced}}))
    assert (after.decoding, after.judge_calls, after.usual_judge_calls) == ("seed 1", 8, 4)
    assert after.judge_money == pytest.approx(2.0) and after.judge_seconds is not None and after.judge_seconds >= 0
