"""Stability of scores: the judge asked again, and other wordings."""

from collections import Counter
from pathlib import Path

import pytest

from wethink_assets.errors import ConfigError
from wethink_assets.evaluation.benchmarks.files import benchmark_files
from wethink_assets.evaluation.runs.score import score_model
from wethink_assets.evaluation.runs.stability import WORDINGS, Stability, measure_stability
from wethink_assets.models.chat import Sampling
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.answering_model import Answering
from wethink_assets_tests.support.benchmark_files import evaluated_model, scoring_settings, write_tsv


def test_a_fickle_judge_and_a_wording_that_matters_are_seen(tmp_path: Path) -> None:
    """Of ten rows the judge decides all; it changes its mind about one, and one wording loses the model three."""
    store, settings = Store.open(str(tmp_path / "store")), scoring_settings(tmp_path)
    asked = {"A": "a red dot", "B": "a blue dot", "answer": "B"}
    write_tsv(tmp_path / "mine.tsv", [{"index": n, "question": f"What is in picture {n}?", **asked} for n in range(10)])
    seen: Counter[str] = Counter()

    def answer(text: str, _: Sampling) -> str:
        lost = WORDINGS[1] in text and any(f"picture {n}?" in text for n in (1, 2, 3))
        return "that of the sky, I would not say the other" if not lost else "that of blood, I would not say the other"

    def verdict(text: str, _: Sampling) -> str:
        seen[text] += 1
        return "A" if "blood" in text or ("picture 7?" in text and seen[text] == 2) else "B"

    policy, judge = Answering(answer), Answering(verdict, "judge")
    with Models(settings, {"policy": policy, "judge": judge}) as models:
        (score,) = score_model(store, settings, evaluated_model(), benchmark_files(settings), models=models)
        calls = len(policy.asked)

        def measured(**more: int) -> list[Stability]:
            files = benchmark_files(settings)
            return measure_stability(store, settings, evaluated_model(), files, models=models, **more)

        (by_judge,) = measured(judge_repeats=2)
        assert score.value == 100 and by_judge.values == (100, 90, 100) and by_judge.changed == 0.1
        assert by_judge.deviation == pytest.approx(10 / 3**0.5) and len(policy.asked) == calls
        (again, by_wording) = measured(judge_repeats=2, wordings=2)
        assert again == by_judge and len(policy.asked) == calls + 20
        assert (by_wording.source, by_wording.values, by_wording.changed) == ("wording", (100, 100, 70), 0.3)
        before = len(policy.asked) + len(judge.asked)
        assert measured(judge_repeats=2, wordings=2) == [again, by_wording]
        assert len(policy.asked) + len(judge.asked) == before
        with pytest.raises(ConfigError, match="there are 5"):
            measured(wordings=6)
