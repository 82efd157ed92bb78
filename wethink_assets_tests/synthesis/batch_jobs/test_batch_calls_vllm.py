"""A round of the stage `descriptions` as a job that vLLM works off (`run-batch`, on a CPU): its reading of our file, and ours of its output."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.models.servers.spec import replicas_of
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.batch_jobs.batch_calls import JobsPending
from wethink_assets_tests.support.batch_rounds import BATCH, IMAGES, one_run
from wethink_assets_tests.support.services import served_as
from wethink_assets_tests.support.services.batches import BatchDouble
from wethink_assets_tests.support.vllm_environment import vllm_python

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MODEL = "embedded/describer"


def run_batch(requests: bytes, folder: Path) -> bytes:
    """Work a file of requests off with vLLM, started as a server of ours is, and return its output."""
    table = {
        "model": MODEL,
        "max_model_len": 1024,
        "images": 1,
        "kv_cache": 1,
        "python": vllm_python(),
        "device": "cpu",
    }
    settings = Settings.model_validate({"servers": {"eyes": table}, "roles": {"describer": {"server": "eyes"}}})
    [spec] = replicas_of(settings, "eyes", [])
    python, option, _, *arguments = spec.command
    arguments.remove("--disable-uvicorn-access-log")
    given, made = folder / "requests.jsonl", folder / "output.jsonl"
    given.write_bytes(requests)
    command = [python, option, "vllm.entrypoints.openai.run_batch", "-i", str(given), "-o", str(made), *arguments]
    done = subprocess.run(command, env={**os.environ, **spec.env}, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stderr[-3000:]
    return made.read_bytes()


def settings_of(describer: dict[str, Any]) -> Settings:
    return Settings.model_validate(
        {
            "pipeline": {"prompt_pack": "embedded", "refinement_turns": 0},
            "roles": {"describer": describer},
            "budgets": {"night": {}},
        }
    )


def test_vllm_works_a_job_off_and_its_replies_are_those_of_the_engine_in_process(tmp_path: Path) -> None:
    batched, live = (Store.open(str(tmp_path / name)) for name in ("batched", "live"))
    with served_as(BatchDouble, "vllm", model=MODEL) as service:
        service.execute = lambda requests: run_batch(requests, tmp_path)
        settings = settings_of(service.role(dialect="plain", mode="batch", max_tokens=160))
        with pytest.raises(JobsPending, match="waits for 1 batch job"):
            one_run(settings, batched)
        rejected = one_run(settings, batched).rejections
    calls = journaled_calls(batched, "descriptions", BATCH)
    assert calls.height == IMAGES and not service.requests, "every line was answered, and none by a live call"
    assert (calls["prompt_tokens"] > 0).all() and not calls["counted"].any()
    expected = one_run(settings_of({"provider": "embedded", "max_tokens": 160}), live)
    texts, ours = (
        dict(journaled_calls(store, "descriptions", BATCH).select("item", "text").iter_rows())
        for store in (batched, live)
    )
    assert sum(texts[item] == ours[item] for item in ours) >= IMAGES - 1, "same weights, same replies, but for rounding"
    assert rejected.height <= expected.rejections.height + 1
