"""Training runs beside their base, the leaderboard, and the page of flipped samples, on scores of scripted models."""

import html.parser
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.evaluation.benchmarks.catalog import ACADEMIC, REASONING
from wethink_assets.evaluation.benchmarks.files import benchmark_files
from wethink_assets.evaluation.reports.comparison import against_base, flipped_samples
from wethink_assets.evaluation.reports.leaderboard import Cell, averages_of, leaderboard, newest
from wethink_assets.evaluation.reports.leaderboard_text import board_rows, run_rows
from wethink_assets.evaluation.reports.plots import bars, radar
from wethink_assets.evaluation.reports.regressions import regressions_report, rows_to_show
from wethink_assets.evaluation.runs.models import EvaluatedModel, base_model_of, trained_model
from wethink_assets.evaluation.runs.records import Score, scores_of
from wethink_assets.evaluation.runs.score import score_model
from wethink_assets.evaluation.runs.training_runs import kept_scores, missing
from wethink_assets.models.chat import Sampling
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import Policy, publish_policy
from wethink_assets_tests.support.benchmark_files import Answering, choice_rows, project, write_tsv

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)> & "quoted"'


def publish(store: Store, folder: Path, key: str, digest: str) -> Policy:
    (folder / "model").mkdir(parents=True, exist_ok=True)
    (folder / "model" / "config.json").write_text("{}")
    version, recipe = key.split(".")
    policy = Policy(
        digest=digest * 64, key=key, version=version, manifest="m", recipe=recipe, settings={}, files={}, created=datetime.now(UTC),
        base_model={"model": "base-7b", "revision": "main"}, model_digest=digest * 64,
    )  # fmt: skip
    return publish_policy(store, policy, folder)


def score(
    store: Store, settings: Settings, model: EvaluatedModel, script: Callable[[str, Sampling], str]
) -> list[Score]:
    policy, judge = Answering(script), Answering(lambda text, sampling: "Z", "judge")
    with Models(settings, {"policy": policy, "judge": judge}) as models:
        return score_model(store, settings, model, benchmark_files(settings, list(settings.benchmarks)), models=models)


@pytest.fixture
def scored(tmp_path: Path) -> tuple[Store, Settings, Policy]:
    """A store with a base that gets the even pictures right, and a policy that gets all but two."""
    store, settings = Store.open(str(tmp_path / "store")), project(tmp_path)
    rows = choice_rows(20)
    rows[3]["question"] += HOSTILE
    write_tsv(tmp_path / "mine.tsv", rows)
    policy = publish(store, tmp_path / "p", "v0001.grpo", "c")

    def number(text: str) -> int:
        return int(text.partition("picture ")[2].partition("?")[0])

    score(
        store,
        settings,
        base_model_of(settings, policy),
        lambda text, _: "B" if number(text) % 2 == 0 else f"<think>{HOSTILE}</think>A",
    )
    score(
        store,
        settings,
        trained_model(settings, store, policy),
        lambda text, _: "B" if number(text) not in (0, 1) else "C",
    )
    return store, settings, policy


def test_a_training_run_beside_its_base(scored: tuple[Store, Settings, Policy]) -> None:
    store, settings, policy = scored
    found = kept_scores(store, settings, policy)
    comparison = found.comparisons["mine"]
    assert (comparison.units, comparison.better, comparison.worse) == (20, 9, 1)
    assert comparison.difference == pytest.approx(0.4) and comparison.p_mcnemar == pytest.approx(22 / 1024)
    (row,) = run_rows(found)
    assert (
        row["base"].startswith("50.0 (")
        and row["policy"].startswith("90.0 (")
        and row["difference"].startswith("+40.0*")
    )
    assert (
        missing(store, settings, "v0001.grpo", ["mine"]) == 0
        and found.data_version == kept_scores(store, settings, policy).data_version
    )


def test_the_board_holds_published_base_and_policy_rows_apart(scored: tuple[Store, Settings, Policy]) -> None:
    store, settings, _ = scored
    board = leaderboard(store, settings)
    assert [(line.kind, line.name) for line in board.lines][2:] == [("base", "base-7b"), ("policy", "v0001.grpo")]
    assert all(line.kind == "published" and "arXiv" in line.source for line in board.lines[:2])
    told = board.as_json()
    assert told["rows"][3]["cells"]["MMStar"] == "not run" and told["rows"][3]["cells"]["mine"]["value"] == 90
    assert told["rows"][1]["cells"]["WeMath"]["value"] == 48.0 and "mine" in told["rows"][1]["cells"]
    rows = {row["benchmark"]: row for row in board_rows(board)}
    assert rows["MMStar"]["v0001.grpo"] == "not run" and rows["mine"]["WeThink-7B (published)"] == "-"
    assert rows["average, reasoning six"]["WeThink-7B (published)"] == "44.3"
    assert rows["average, reasoning six"]["v0001.grpo"] == "incomplete"
    assert bars(board) is not None and radar(board) is None  # one benchmark has no radar


def test_averages_need_all_their_benchmarks_and_put_ocrbench_out_of_100() -> None:
    cells = {key: Cell(800.0 if key == "OCRBench" else 60.0) for key in (*REASONING, *ACADEMIC)}
    assert averages_of(cells) == {"reasoning six": 60, "academic eight": (7 * 60 + 80) / 8}
    del cells["OCRBench"]
    assert averages_of(cells)["academic eight"] is None
    stand_ins = {f"sample_{key}": Cell(50.0) for key in REASONING}
    assert averages_of(stand_ins) == {"reasoning six": None, "academic eight": None, "sample_reasoning six": 50}


def test_newer_settings_take_the_place_of_older_ones(scored: tuple[Store, Settings, Policy]) -> None:
    store, settings, policy = scored
    changed = settings.model_copy(update={"scoring": settings.scoring.model_copy(update={"system_prompt": "Answer."})})
    score(store, changed, trained_model(changed, store, policy), lambda text, _: "B")
    groups = newest(scores_of(store, policy.model_digest))
    assert groups["mine"][0].value == 100 and len(list(scores_of(store, policy.model_digest))) == 2
    base = newest(scores_of(store, base_model_of(settings, policy).digest))["mine"]
    assert against_base(store, settings, base, groups["mine"]) is None  # other prompts: not comparable


class Tags(html.parser.HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_flipped_samples_are_shown_with_hostile_text_as_text(
    scored: tuple[Store, Settings, Policy], tmp_path: Path
) -> None:
    store, settings, policy = scored
    before = newest(scores_of(store, base_model_of(settings, policy).digest))["mine"][0]
    after = newest(scores_of(store, policy.model_digest))["mine"][0]
    rows = flipped_samples(store, before, after)
    assert sorted(int(index) for index in rows["index"]) == [0, *range(3, 20, 2)]
    assert rows_to_show(rows, 1)["index"].to_list() == ["0"]  # what became wrong comes first
    page = regressions_report(
        before,
        after,
        (HOSTILE, "v0001.grpo"),
        rows,
        tmp_path / "mine.tsv",
        against_base(store, settings, [before], [after]),
    )
    tags = Tags(page)
    names = {tag for tag, _ in tags.found}
    assert "script" not in names and not any(
        name.startswith("on") for _, attributes in tags.found for name in attributes
    )
    pictures = [attributes["src"] or "" for tag, attributes in tags.found if tag == "img"]
    assert len(pictures) == 10 and all(source.startswith("data:image/png;base64,") for source in pictures)
    assert not any(
        "http" in (value or "") for tag, attributes in tags.found for value in attributes.values() if tag != "meta"
    )
    assert HOSTILE in tags.text and "10 of 20 samples flipped: 9 better" in tags.text and "McNemar" in tags.text


def test_a_page_without_its_file_says_so(scored: tuple[Store, Settings, Policy], tmp_path: Path) -> None:
    store, settings, policy = scored
    before = newest(scores_of(store, base_model_of(settings, policy).digest))["mine"][0]
    after = newest(scores_of(store, policy.model_digest))["mine"][0]
    page = regressions_report(
        before, after, ("a", "b"), flipped_samples(store, before, after), tmp_path / "gone.tsv", None
    )
    assert page.count("picture not available") == 10 and "<img" not in page


def test_replies_keep_the_question_so_that_a_score_can_be_read_without_its_file(
    scored: tuple[Store, Settings, Policy],
) -> None:
    store, _, policy = scored
    after = newest(scores_of(store, policy.model_digest))["mine"][0]
    frame = store.read_parquet(f"{after.folder}/replies.parquet")
    assert frame.filter(pl.col("index") == "3")["question"].item().endswith(HOSTILE)
    assert f"scores/{'c' * 64}/mine/{after.settings_digest}" == after.folder
