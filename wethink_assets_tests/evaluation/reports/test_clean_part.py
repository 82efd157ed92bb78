"""Scores on the clean part: what a version shows of a benchmark is known by how both were made."""

import base64
import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.config import Settings
from wethink_assets.config.evaluation import ScoringSettings
from wethink_assets.evaluation.benchmarks.contamination import compare_with_benchmarks
from wethink_assets.evaluation.benchmarks.files import benchmark_files
from wethink_assets.evaluation.reports.clean_part import CleanPart, clean_parts, clean_parts_of_all, clean_text
from wethink_assets.evaluation.reports.leaderboard_text import run_rows
from wethink_assets.evaluation.runs.models import base_model_of, trained_model
from wethink_assets.evaluation.runs.score import score_model
from wethink_assets.evaluation.runs.training_runs import kept_scores
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets.models.chat import ChatModel, Role
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets_tests.evaluation.reports.test_categories import WEMATH
from wethink_assets_tests.support.answering_model import Answering
from wethink_assets_tests.support.benchmark_files import ENDPOINT, write_tsv
from wethink_assets_tests.support.graded_rows import graded
from wethink_assets_tests.support.image_pairs.copies import COPIES, as_jpeg, encoded
from wethink_assets_tests.support.image_pairs.scenes import DRAWN
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.scored_training_run import published_policy
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built

SEED = 7300
RNG = random.Random(SEED)
PAGE, PLOT, SCENE = (DRAWN[kind][0](SEED) for kind in ("document", "chart", "photograph"))


def file_of(folder: Path, key: str, pictures: Sequence[bytes]) -> None:
    """A file of questions about these pictures, of which each names its number; the right answer is A."""
    rows = [
        {
            "index": n,
            "image": base64.b64encode(data).decode(),
            "question": f"Picture {n}?",
            "A": "yes",
            "B": "no",
            "answer": "A",
        }
        for n, data in enumerate(pictures)
    ]
    write_tsv(folder / "LMUData" / f"{key}.tsv", rows)


KEYS = ("MMStar", "RealWorldQA", "AI2D_TEST")


@pytest.mark.slow
def test_what_the_version_shows_is_left_out_and_what_was_not_compared_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(str(tmp_path / "store"))
    Grower(store).grow("coco.000001", [(encoded(PAGE, "PNG"), [COLOUR]), (encoded(PLOT, "PNG"), [CHOICE])])
    scoring = ScoringSettings(samples=False, seeds=(), resamples=200, scorer="own")
    settings = Settings(folder=str(tmp_path), scoring=scoring, roles={"judge": ENDPOINT})
    (tmp_path / "LMUData").mkdir()
    # The version keeps the plot, of which MMStar has one with another year, and the page, which a benchmark that comes later shows mirrored, twice.
    other = as_jpeg(DRAWN["chart"][0](SEED + 1), RNG)
    file_of(tmp_path, "MMStar", [as_jpeg(DRAWN["chart"][0](SEED, "year"), RNG), other, as_jpeg(SCENE, RNG)])
    compare_with_benchmarks(store, settings)
    assert built(store).rows == 2
    mirrored = COPIES["mirrored"](PAGE, RNG)
    file_of(tmp_path, "RealWorldQA", [other, mirrored, mirrored, as_jpeg(SCENE, RNG)])
    compare_with_benchmarks(store, settings)
    file_of(tmp_path, "AI2D_TEST", [other])
    policy = published_policy(store, tmp_path / "p")
    for model, right in (
        (base_model_of(settings, policy), ()),
        (trained_model(settings, store, policy), ("1", "2", "3")),
    ):

        def answer(text: str, _: object, right: tuple[str, ...] = right) -> str:
            return "A" if text.partition("Picture ")[2][:1] in right else "B"

        roles: dict[Role, ChatModel] = {"policy": Answering(answer), "judge": Answering(lambda text, _: "Z", "judge")}
        with Models(settings, roles) as given:
            score_model(store, settings, model, benchmark_files(settings, KEYS), models=given)
    run = kept_scores(store, settings, policy)
    parts = clean_parts(store, settings, run)
    mmstar, real = parts["MMStar"], parts["RealWorldQA"]
    assert (mmstar.units, mmstar.whole, mmstar.shown, mmstar.value, mmstar.base) == (2, 3, 1, 100, 0)
    assert mmstar.against_base is not None and mmstar.against_base.units == 2
    assert (real.units, real.whole, real.shown) == (2, 4, 2), "both rows of the picture go"
    assert parts["AI2D_TEST"].unknown.startswith("v0001 was not compared with this file")
    rows = {row["benchmark"]: row["clean part"] for row in run_rows(run, parts)}
    assert rows["MMStar"].startswith("100.0 (") and rows["MMStar"].endswith(" on 2 of 3, base 0.0")
    assert clean_parts_of_all(store, settings) == {"v0001.grpo": parts}
    (tmp_path / "wethink.toml").write_text(
        f'[store]\nurl = "{store.url}"\n[scoring]\nsamples = false\nresamples = 200\n'
    )
    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
    board = CliRunner().invoke(app, ["leaderboard"], catch_exceptions=False).stdout
    assert "v0001.grpo on the clean part of MMStar: 100.0 (" in board and "AI2D_TEST: v0001 was not compared" in board
    records = json.loads(CliRunner().invoke(app, ["leaderboard", "--json"], catch_exceptions=False).stdout)["rows"]
    assert records[-1]["clean_part"]["MMStar"]["units"] == 2 and records[0]["clean_part"] == {}
    assert rows["AI2D_TEST"] == "not known" and clean_text(CleanPart(units=3, whole=3)) == "all of it"


def test_a_group_goes_as_a_whole_where_any_of_its_samples_is_shown() -> None:
    units = {
        name: BENCHMARK_FORMS["wemath"].units_of(graded(WEMATH), [index])
        for name, index in (("step", "0"), ("whole", "6"))
    }
    assert units == {"step": {"1"}, "whole": {"2"}}, "a problem is known by its last row alone, too"
    variants = [{"index": str(i), "qid": str(i // 2), "hit": 1.0} for i in range(4)]
    assert BENCHMARK_FORMS["dynamath"].units_of(graded(variants), ["1"]) == {"0"}
