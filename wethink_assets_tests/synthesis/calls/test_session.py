"""The session: calls are bounded, journaled, paid for once, and survive dead endpoints and second runs."""

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.identity import data_version
from wethink_assets.models.chat import ROLES, CallFailed
from wethink_assets.models.registry import Models
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance
from wethink_assets.synthesis.budgets.usage import Usage
from wethink_assets.synthesis.calls.session import Synthesis, sampling_seed
from wethink_assets.synthesis.stages.descriptions import describe_images
from wethink_assets_tests.support.described_batch import describe
from wethink_assets_tests.support.scripted_model import (
    ScriptedModel,
    after,
    drawn_images,
    good_script,
    scripted_settings,
)
from wethink_assets_tests.synthesis.conftest import BATCH, models_of


def test_calls_in_flight_are_bounded_and_busy(store: Store, pack: str) -> None:
    model = ScriptedModel(good_script, delay=0.01)
    output = describe(scripted_settings(pack, concurrency=5), store, model, drawn_images(store, 40))
    assert output.results.height == 40
    assert model.most_in_flight == 5


def test_batches_at_work_at_a_time_share_the_calls_in_flight_and_the_first_goes_first(store: Store, pack: str) -> None:
    model = ScriptedModel(good_script, delay=0.01)
    settings = scripted_settings(pack, concurrency=5)
    images = drawn_images(store, 30)
    ended = list[str]()
    with models_of(settings, model) as models:

        def work(batch: str) -> None:
            with Synthesis.open(settings, store, models, "descriptions", batch) as synthesis:
                began.wait(30)
                assert describe_images(images, synthesis).results.height == 30
            ended.append(batch)

        began = threading.Barrier(3)
        for batch in ("old.000001", "new.000001", "newer.000001"):
            models.gate.rank(batch)
        threads = [
            threading.Thread(target=work, args=[batch]) for batch in ("newer.000001", "old.000001", "new.000001")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ended == ["old.000001", "new.000001", "newer.000001"]
    assert model.most_in_flight == 5


def test_results_do_not_depend_on_order_or_speed(tmp_path: Path, pack: str) -> None:
    versions = set()
    for number, concurrency in enumerate((1, 7, 64)):
        store = Store.open(str(tmp_path / str(number)))
        images = drawn_images(store, 30).sample(fraction=1, shuffle=True, seed=number)
        output = describe(
            scripted_settings(pack, concurrency=concurrency), store, ScriptedModel(good_script, 0.001), images
        )
        versions.add(data_version(output.results, output.rejections))
    assert len(versions) == 1


def test_sampling_seeds_follow_from_the_item_alone() -> None:
    seeds = {sampling_seed(*key) for key in [(0, "answers", "a", 0), (1, "answers", "a", 0), (0, "questions", "a", 0), (0, "answers", "b", 0),
             (0, "answers", "a", 1)]}  # fmt: skip
    assert len(seeds) == 5 and all(0 <= seed < 2**31 for seed in seeds)
    assert sampling_seed(0, "answers", "a", 0) == sampling_seed(0, "answers", "a", 0)


def test_a_dead_endpoint_stops_the_stage_and_finished_calls_are_kept(store: Store, settings: Settings) -> None:
    images = drawn_images(store, 30)
    left = 20

    def dying(variables: dict[str, Any], sample: int) -> Any:
        nonlocal left
        left -= 1
        return None if left >= 0 else ModelError("qwen at http://gpu:8000 is not reachable")

    with pytest.raises(ModelError, match="http://gpu:8000"):
        describe(settings, store, ScriptedModel(after(good_script, describe=dying)), images)
    kept = journaled_calls(store, "descriptions", BATCH)
    assert kept.filter(pl.col("prompt") == "describe").height == 20
    model = ScriptedModel(good_script)
    assert describe(settings, store, model, images).results.height == 30
    assert model.asked["describe"] == 10


def test_one_failed_call_is_one_rejection_and_is_tried_again_by_the_next_run(store: Store, settings: Settings) -> None:
    images = drawn_images(store, 10)
    fault = CallFailed("refused the request (HTTP 400: image too large)")
    bad = images["image_id"][3]
    model = ScriptedModel(after(good_script, describe=lambda v, n: fault if v["pixels"] == bad else None))
    output = describe(settings, store, model, images)
    assert output.rejections.rows() == [(bad, "descriptions", "endpoint_error", str(fault))]
    again = ScriptedModel(good_script)
    assert describe(settings, store, again, images).results.height == 10
    assert again.asked["describe"] == 1


def test_replies_with_lone_surrogates_are_stored_and_found_as_they_were_used(store: Store, settings: Settings) -> None:
    images = drawn_images(store, 3)
    model = ScriptedModel(
        after(good_script, describe=lambda v, n: "a \ud800 \x00 circle \ud83d\ude00", merge=lambda v, n: "more\udfff")
    )
    first = describe(settings, store, model, images)
    assert first.results["coarse"].to_list() == ["a \ufffd  circle \U0001f600"] * 3
    silent = ScriptedModel(lambda *_: ModelError("not to be asked"))
    assert describe(settings, store, silent, images).results.equals(first.results)


def test_two_runs_at_once_pay_each_call_once(store: Store, settings: Settings) -> None:
    images = drawn_images(store, 12)
    model = ScriptedModel(good_script, delay=0.01)
    outputs: list[StageOutput] = []
    threads = [
        threading.Thread(target=lambda: outputs.append(describe(settings, store, model, images))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(outputs) == 2 and outputs[0].results.equals(outputs[1].results)
    assert model.calls == journaled_calls(store, "descriptions", BATCH).height == 12 * 6


def test_it_works_inside_a_running_loop_and_in_a_thread(store: Store, settings: Settings) -> None:
    images = drawn_images(store, 2)

    async def inside() -> StageOutput:
        return describe(settings, store, ScriptedModel(good_script), images)

    assert asyncio.run(inside()).results.height == 2

    with models_of(settings, ScriptedModel(good_script)) as models:
        # One set of models serves stage after stage, from different threads, on one loop.
        outputs: list[StageOutput] = []

        def stage(batch: str) -> None:
            with Synthesis.open(settings, store, models, "descriptions", batch) as synthesis:
                outputs.append(describe_images(images, synthesis))

        threads = [threading.Thread(target=stage, args=(f"coco.{number:06d}",)) for number in range(10, 14)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(outputs) == 4


def test_progress_is_told_in_the_callers_thread(store: Store, settings: Settings) -> None:
    told: list[tuple[int, int, str]] = []

    def progress(done: int, total: int, usage: Usage | None = None) -> None:
        told.append((done, total, threading.current_thread().name))
        assert usage is not None and usage.calls >= 6 * done

    describe(settings, store, ScriptedModel(good_script, delay=0.15), drawn_images(store, 20), progress=progress)
    assert told[-1][:2] == (20, 20) and len(told) > 1
    assert {name for _, _, name in told} == {threading.current_thread().name}


def test_usage_counts_calls_by_role_and_provenance_fits(store: Store, settings: Settings) -> None:
    images = drawn_images(store, 4)
    with models_of(settings, ScriptedModel(good_script)) as models:
        for made, cached in ((24.0, 0.0), (0.0, 24.0)):
            with Synthesis.open(settings, store, models, "descriptions", BATCH) as synthesis:
                describe_images(images, synthesis)
            provenance = Provenance(**synthesis.provenance())
            assert provenance.calls["calls"] == made and provenance.calls["cached_calls"] == cached
            assert provenance.calls.get("reasoner.calls", 0) == made / 3
        assert set(provenance.prompts) == {"describe", "refine", "details", "merge"}
        assert provenance.models["describer"]["model"] == "scripted" and provenance.started is not None


def test_a_missing_checkpoint_or_prompt_stops_before_anything_is_asked(store: Store, tmp_path: Path, pack: str) -> None:
    settings = Settings.model_validate({"pipeline": {"prompt_pack": pack}, "roles": {"reasoner": {"model": "nothing"}}})
    with (
        Models.open(settings) as models,
        pytest.raises(ModelError, match="nothing"),
        Synthesis.open(settings, store, models, "questions", BATCH),
    ):
        raise AssertionError("not reached")
    assert set(ROLES) >= {"reasoner"}


def test_nothing_is_logged_on_a_clean_run(store: Store, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        describe(settings, store, ScriptedModel(good_script), drawn_images(store, 3))
    assert [record for record in caplog.records if record.name.startswith(("wethink", "asyncio"))] == []
