"""Calls of a scoring: their sampling seeds, and room for what a model thinks."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.config.evaluation import ScoredModelSettings
from wethink_assets.config.servers import ServerSettings
from wethink_assets.evaluation.benchmarks.files import benchmark_files
from wethink_assets.evaluation.runs.calls import scope_of
from wethink_assets.evaluation.runs.jobs import decodings
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.runs.records import Score, read_replies
from wethink_assets.evaluation.runs.score import score_model
from wethink_assets.models.chat import CallFailed, Completion, Sampling
from wethink_assets.models.registry import Models
from wethink_assets.storage.journal.files import part_names, write_part
from wethink_assets.storage.journal.journal import journal_folder, journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.answering_model import Answering
from wethink_assets_tests.support.benchmark_files import choice_rows, evaluated_model, scoring_settings, write_tsv


def test_sampling_seeds_are_within_31_bits() -> None:
    from wethink_assets.evaluation.runs.calls import sampling_seed

    assert Sampling(seed=sampling_seed(1, "x", "y")).seed < 2**31 and sampling_seed(1, "x", "y") != sampling_seed(
        2, "x", "y"
    )


def asked_of(settings: Settings, store: Store, model: EvaluatedModel, policy: Answering) -> Score:
    with Models(settings, {"policy": policy}) as models:
        (score,) = score_model(store, settings, model, benchmark_files(settings), models=models)
    return score


def thinking(**table: object) -> EvaluatedModel:
    own = ScoredModelSettings.model_validate(
        {"provider": "endpoint", "model": "m", "url": "http://127.0.0.1:1/v1", **table}
    )
    return replace(evaluated_model(), own=own)


def test_models_that_think_have_room_for_it(tmp_path: Path) -> None:
    settings = scoring_settings(tmp_path)
    assert [decodings(settings, one)[0].max_tokens for one in (
        evaluated_model(), thinking(), thinking(thinking="high"), thinking(thinking="off"), thinking(thinking="high", max_tokens=900),
    )] == [2048, 2048, 32_768, 2048, 900]  # fmt: skip
    stated = scoring_settings(tmp_path, max_tokens=700)
    assert decodings(stated, thinking(thinking="high"))[0].max_tokens == 700
    served = settings.model_copy(update={"servers": {"s": ServerSettings(model="m", max_model_len=16_384)}})
    assert decodings(served, thinking(thinking="high", server="s", url="", model=""))[0].max_tokens == 8192


@pytest.mark.parametrize("named", [True, False])
def test_more_room_asks_again_only_what_was_cut(tmp_path: Path, named: bool) -> None:
    """Also where the journal is one of before calls named what they ask whatever their bound."""
    store, settings = Store.open(str(tmp_path / "store")), scoring_settings(tmp_path)
    write_tsv(tmp_path / "mine.tsv", choice_rows(6))
    cut = Completion("<think>B would be", 9, 2048, "length", "m")
    policy = Answering(lambda text, sampling: cut if "picture 3?" in text and sampling.max_tokens < 9000 else "B")
    model = evaluated_model()
    assert asked_of(settings, store, model, policy).value == pytest.approx(100 * 5 / 6, abs=1e-4)
    scope = scope_of("mine", model.digest)
    frame = journaled_calls(store, "scores", scope)
    assert len(policy.asked) == 6 and all(frame["request"]) and set(frame["max_tokens"]) == {2048}
    if not named:
        folder = journal_folder("scores", scope)
        (part,) = part_names(store, folder)
        (tmp_path / "store" / folder / part).unlink()
        write_part(store, folder, frame.with_columns(request=pl.lit(""), max_tokens=pl.lit(0, pl.Int64)))
    score = asked_of(scoring_settings(tmp_path, max_tokens=32_768), store, model, policy)
    assert score.value == 100 and score.cut == 0
    assert len(policy.asked) == 7 and "picture 3?" in policy.asked[-1]


def test_a_context_without_room_for_the_reply_is_told_with_its_remedy(tmp_path: Path) -> None:
    store, settings = Store.open(str(tmp_path / "store")), scoring_settings(tmp_path)
    write_tsv(tmp_path / "mine.tsv", choice_rows(3))
    refusal = "400: This model's maximum context length is 8192 tokens. However, you requested 32868 tokens"
    score = asked_of(settings, store, evaluated_model(), Answering(lambda *_: CallFailed(refusal)))
    assert score.flags == (
        "100.0% of calls failed: the model's context has no room for a reply as long, lower max_tokens",
    )
    assert "has no room for a reply of 2048 tokens beside this question" in read_replies(store, score)["fault"][0]
