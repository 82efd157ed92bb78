"""A plan names what is missing or stale, why and at what price, and what then happens is what it said."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.planning.plan import PLAN, stale_stages, summary
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.rerun_marks import RerunMark, mark_for_rerun
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets.synthesis.budgets.allowance import BudgetSpent, allowance_of
from wethink_assets.synthesis.calls.non_replies import NON_REPLIES
from wethink_assets.synthesis.stages.agreement import ANSWERS_BY_TYPE
from wethink_assets.synthesis.stages.question_filters import HONEST_WORDS
from wethink_assets_tests.support.journals import without_one_call
from wethink_assets_tests.support.planned_store import Grown
from wethink_assets_tests.support.scripted_model import after, good_script, write_pack
from wethink_assets_tests.synthesis.conftest import models_of

STAGES = stage_names()

ONE, TWO, NEW = "coco.000001", "coco.000002", "coco.000003"
CALLS = {"descriptions": 6, "questions": 4, "answers": 4, "reasoning_paths": 2}  # of the script, for an image


def planned(grown: Grown, settings: Settings, **options: Any) -> pl.DataFrame:
    asked = grown.model.calls
    with models_of(settings, grown.model) as models:
        plan = stale_stages(grown.store, settings, models, **options)
    assert grown.model.calls == asked and plan.schema == PLAN
    return plan


def row(plan: pl.DataFrame, stage: str, batch: str = ONE) -> dict[str, Any]:
    return plan.row(by_predicate=(pl.col("stage") == stage) & (pl.col("batch") == batch), named=True)


@pytest.fixture
def grown(tmp_path: Path) -> Grown:
    """One batch of four images that went through all stages."""
    made = Grown(Store.open(str(tmp_path / "store")), tmp_path)
    made.ingest(ONE, 4)
    made.grow(ONE, made.settings())
    return made


def test_nothing_is_stale_after_all_stages_and_nothing_is_written(grown: Grown) -> None:
    files = grown.store.files("")
    assert planned(grown, grown.settings()).is_empty()
    assert summary(planned(grown, grown.settings())).is_empty()
    assert grown.store.files("") == files


def test_a_stage_that_is_marked_for_a_new_run_is_told_from_one_that_was_never_made(grown: Grown) -> None:
    grown.register(TWO, 6)
    files = ("tables/answers/coco.000001/x.parquet",)
    mark = RerunMark(asset="answers", batch=ONE, commit=1, files=files, created=datetime.now(UTC))
    mark_for_rerun(grown.store, mark)
    plan = planned(grown, grown.settings())
    assert row(plan, "answers")["detail"] == "lost or damaged, marked for a new run"
    assert row(plan, "answers", TWO)["detail"] == "never made"


def test_a_missing_batch_is_priced_by_those_before_it(grown: Grown) -> None:
    settings = grown.settings()
    grown.register(TWO, 6)
    plan = planned(grown, settings)
    assert plan["stage"].to_list() == list(STAGES) and set(plan["cause"]) == {"missing"}
    for stage, calls in CALLS.items():
        told = row(plan, stage, TWO)
        assert (told["calls"], told["at_least"], told["basis"]) == (6 * calls, 6 * calls, "source")
    asked = grown.model.calls
    grown.store.delete(f"batches/coco/{TWO[-6:]}.parquet")
    grown.ingest(TWO, 6)
    grown.grow(TWO, settings)
    assert grown.model.calls - asked == plan["calls"].sum()
    assert planned(grown, settings).is_empty()


def test_tokens_and_money_are_those_of_the_calls(grown: Grown) -> None:
    plan = planned(grown, grown.settings(seeds={"answers": 5}))
    told = row(plan, "answers")
    assert told["tokens"] == told["prompt_tokens"] + told["completion_tokens"] > 0
    money = 0.25 * told["calls"] + (told["prompt_tokens"] + 2 * told["completion_tokens"]) / 1e6
    assert told["money"] == pytest.approx(money, abs=1e-6)
    summed = summary(plan)
    assert summed.columns[:3] == ["stage", "cause", "batches"] and summed["money"][0] == told["money"]


@pytest.mark.parametrize(
    ("change", "stage", "cause", "detail", "redone"),
    [
        ({"seeds": {"questions": 1}}, "questions", "sampling", "seed 0 is now 1", ("question", "screen")),
        ({"seeds": {"answers": 1}}, "answers", "sampling", "seed 0 is now 1", ("answer_image", "answer_text")),
        (
            {"roles": {"adjudicator": {"max_tokens": 99}}},
            "answers",
            "sampling",
            "adjudicator: max_tokens 512 is now 99",
            (),
        ),
        ({"agreement_score": 0.5}, "answers", "settings", "agreement_score 0.75 is now 0.5", ()),
        ({"refinement_turns": 1}, "descriptions", "settings", "refinement_turns 3 is now 1", ()),
        ({"questions_per_image": 3}, "questions", "settings", "questions_per_image 2 is now 3", ("question", "screen")),
    ],
)
def test_one_change_redoes_one_stage(
    grown: Grown, change: dict[str, Any], stage: str, cause: str, detail: str, redone: tuple[str, ...]
) -> None:
    settings = grown.settings(**change)
    plan = planned(grown, settings)
    told = row(plan, stage)
    assert told["cause"] == cause and told["detail"].startswith(detail), told
    stale = set(plan.filter(pl.col("cause") != "upstream")["stage"])
    assert stage in stale and not stale & set(STAGES[: STAGES.index(stage)])
    before = grown.model.asked.copy()
    grown.grow(ONE, settings, stage)
    made = grown.model.asked - before
    assert set(made) == set(redone)
    assert told["at_least"] <= made.total() <= told["calls"]
    again = planned(grown, settings).filter(pl.col("stage") == stage)
    assert again.is_empty(), "what was refreshed is up to date"


def test_a_new_prompt_of_answers_reuses_everything_that_does_not_follow_from_it(grown: Grown) -> None:
    settings = grown.settings()
    prompt = grown.folder / "pack" / "answer_image.md"
    prompt.write_text(prompt.read_text().rstrip("\n") + " \n")
    told = row(planned(grown, settings), "answers")
    assert (told["cause"], told["detail"], told["calls"], told["held"]) == ("prompt", "new answer_image", 8, 8)
    before = grown.model.asked.copy()
    grown.grow(ONE, settings, "answers")
    assert grown.model.asked - before == {"answer_image": 8}


def test_a_prompt_that_says_what_it_said_asks_nothing(grown: Grown) -> None:
    pack = grown.folder / "pack"
    for name in ("answer_image", "describe"):
        (pack / f"{name}.md").write_text("{# a remark #}" + (pack / f"{name}.md").read_text())
    told = {row["stage"]: row for row in planned(grown, grown.settings()).iter_rows(named=True)}
    assert told["answers"]["cause"] == told["descriptions"]["cause"] == "prompt"
    assert all((row["calls"], row["at_least"], row["exact"]) == (0, 0, True) for row in told.values())
    assert told["answers"]["held"] == 16 and told["descriptions"]["held"] > 0


def test_asking_for_all_at_once_is_a_new_prompt_priced_by_the_calls_that_it_makes(grown: Grown) -> None:
    write_pack(grown.folder / "pack", grouped=True)
    settings = grown.settings()
    told = row(planned(grown, settings), "questions")
    assert told["cause"] == "prompt" and told["detail"].startswith("new questions, screenings;")
    assert (told["calls"], told["basis"]) == (8, "settings")
    before = grown.model.asked.copy()
    for stage in ("descriptions", "questions"):
        grown.grow(ONE, settings, stage)
    assert grown.model.asked - before == {"all_details": 4, "questions": 4, "screenings": 4}
    assert planned(grown, settings).filter(pl.col("stage").is_in(["descriptions", "questions"])).is_empty()
    more = row(planned(grown, grown.settings(questions_per_image=4)), "questions")
    assert (more["cause"], more["calls"], more["held"]) == ("settings", 8, 0)
    grown.register(TWO, 6)
    told = row(planned(grown, grown.settings(questions_per_image=4)), "questions", TWO)
    assert (told["calls"], told["basis"]) == (12, "source")
    single = planned(
        grown, grown.settings(questions_together="off", screenings_together="off", requests_together="off")
    )
    assert row(single, "questions")["detail"].startswith("new question, screen")


def published_by_an_earlier_release(store: Store, stage: str, batch: str) -> None:
    """The table in force once more, as a release whose logic had another version would have published it."""
    tables = Tables(store)
    commit = tables.current(stage, batch)
    assert commit is not None
    made = commit.model_dump(include=set(Provenance.model_fields)) | {"code_version": "0-123456789abc"}
    tables.publish(stage, batch, tables.load_commit(commit), Provenance(**made))


def test_a_new_model_a_new_revision_and_new_code(grown: Grown) -> None:
    settings = grown.settings()
    grown.model.revision = "2"
    plan = planned(grown, settings)
    assert (
        row(plan, "descriptions")["cause"] == "model"
        and "scripted @ 1, is scripted @ 2" in row(plan, "answers")["detail"]
    )
    assert row(plan, "questions")["at_least"] == 16
    grown.model.revision = "1"
    published_by_an_earlier_release(grown.store, "questions", ONE)
    told = row(planned(grown, settings), "questions")
    assert (told["cause"], told["detail"]) == ("code", f"logic 0 is now 3+shuffled: {NON_REPLIES}; {HONEST_WORDS}")
    assert (told["at_least"], told["calls"], told["held"], told["exact"]) == (0, 0, 16, True)
    told = row(planned(grown, settings, rehearse_seconds=0.0), "questions")
    assert (told["at_least"], told["calls"]) == (0, 16), (
        "without a look into the journal nobody knows what new code asks"
    )


def test_answers_judged_anew_ask_only_where_the_verdict_changed(grown: Grown) -> None:
    """Two of a batch's adjudications at least; one of them was never asked, since the rule of then called both answers the same."""
    settings = grown.settings()
    grown.model.script = after(
        good_script, answer_image=lambda asked, sample: "<answer>blue</answer>" if asked["kind"] == "FIB" else None
    )
    grown.ingest(TWO, 4)
    grown.grow(TWO, settings)
    adjudicated = grown.model.asked["adjudicate"]
    without_one_call(grown.store, "answers", TWO, "adjudicate")
    for stage in ("answers", "reasoning_paths"):
        published_by_an_earlier_release(grown.store, stage, TWO)
    plan = planned(grown, settings)
    told = row(plan, "answers", TWO)
    assert told["detail"] == f"logic 0 is now 3: {ANSWERS_BY_TYPE}; {NON_REPLIES}"
    assert (told["cause"], told["calls"], told["at_least"], told["exact"]) == ("code", 1, 1, True)
    assert told["held"] == 16 + adjudicated - 1 and told["money"] > 0.25
    paths = row(plan, "reasoning_paths", TWO)
    assert (paths["at_least"], paths["calls"], paths["held"], paths["exact"]) == (0, 1, 7, False)
    before = grown.model.asked.copy()
    grown.grow(TWO, settings, "answers", "reasoning_paths")
    assert adjudicated > 1 and grown.model.asked - before == {"adjudicate": 1}
    assert planned(grown, settings).is_empty()


def test_an_older_input_is_told_beside_other_causes(grown: Grown) -> None:
    settings = grown.settings(seeds={"descriptions": 3})
    grown.model.script = after(good_script, merge=lambda variables, sample: "Another circle.")
    grown.grow(ONE, settings, "descriptions")
    plan = planned(grown, settings)
    assert (
        row(plan, "questions")["cause"] == "inputs"
        and row(plan, "questions")["detail"] == "made from older descriptions"
    )
    assert row(plan, "answers")["causes"] == ["inputs", "upstream"]


def test_what_a_stopped_run_left_in_the_journal_is_found_call_by_call(grown: Grown) -> None:
    settings = grown.settings()
    grown.ingest(NEW, 8)
    with pytest.raises(BudgetSpent), allowance_of(grown.store, settings, "night") as allowance:
        grown.grow(NEW, settings, "descriptions", allowance=allowance)
    told = row(planned(grown, settings), "descriptions", NEW)
    assert (told["held"], told["calls"], told["exact"]) == (30, 8 * 6 - 30, True)
    assert 0 < told["at_least"] <= told["calls"]
    guessed = row(planned(grown, settings, rehearse_seconds=0.0), "descriptions", NEW)
    assert (guessed["held"], guessed["calls"], guessed["exact"]) == (30, 18, False)
    before = grown.model.calls
    grown.grow(NEW, settings, "descriptions")
    assert grown.model.calls - before == told["calls"]


def test_a_journal_of_other_prompts_is_worth_nothing_and_the_plan_knows(grown: Grown) -> None:
    settings = grown.settings()
    grown.ingest(NEW, 8)
    with pytest.raises(BudgetSpent), allowance_of(grown.store, settings, "night") as allowance:
        grown.grow(NEW, settings, "descriptions", allowance=allowance)
    prompt = grown.folder / "pack" / "describe.md"
    prompt.write_text(prompt.read_text().rstrip("\n") + " \n")
    told = row(planned(grown, settings), "descriptions", NEW)
    assert (told["held"], told["calls"], told["exact"]) == (0, 48, True)
    before = grown.model.calls
    grown.grow(NEW, settings, "descriptions")
    # The coarse descriptions come out as they were: what follows from them is found again, which nobody could know before.
    assert told["at_least"] <= grown.model.calls - before <= told["calls"]


def test_plans_of_some_batches_only(grown: Grown) -> None:
    grown.register(TWO, 2)
    assert planned(grown, grown.settings(), batches=[ONE]).is_empty()
    assert set(planned(grown, grown.settings(), batches=[ONE, TWO])["batch"]) == {TWO}
