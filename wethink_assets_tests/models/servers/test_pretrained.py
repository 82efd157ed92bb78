"""All four stages with real models behind the real vLLM: a pretrained text model on the pack `standard`, the embedded describer on its own.

The pretrained model is small (135 million parameters), so many of its questions are rejected: what counts is that every reply of it either parses
or is a counted rejection. The rates are printed (`pytest -s`).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.models.roles import Models
from wethink_assets.sources.catalog import sources_of
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.known_sources import KNOWN_SOURCES
from wethink_assets.sources.registration import register_source
from wethink_assets.sources.sample import draw_samples
from wethink_assets.stages import StageOutput, require_closed
from wethink_assets.storage.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets.synthesis import answers, descriptions, questions, reasoning_paths
from wethink_assets.synthesis.prompt_packs import PROMPTS
from wethink_assets.synthesis.session import Synthesis
from wethink_assets_tests.models.servers.environment import vllm_python
from wethink_assets_tests.models.servers.pretrained import smollm2

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
BATCH = "mixed.000001"
PICTURES = 54
EMBEDDED = {"provider": "embedded", "prompt_pack": "embedded", "max_tokens": 160}


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Store, dict[str, Any], pl.DataFrame]:
    """A store with 54 ingested pictures of 18 sources; the sources' settings; the images table."""
    monkeypatch.setenv("WETHINK_SERVERS_DIR", str(tmp_path / "servers"))
    draw_samples(tmp_path / "drawn", PICTURES, seed=8, hard_share=0.0)
    located = {
        one.name: {"location": str(tmp_path / "drawn" / "images" / one.name), "licence": "CC0-1.0"}
        for one in KNOWN_SOURCES
    }
    settings = Settings.model_validate({"sources": located})
    store = Store.open(str(tmp_path / "store"))
    tables = []
    for source in (sources_of(settings)[one.name] for one in KNOWN_SOURCES):
        tables += [ingest_batch(store, source, key).results for key in register_source(store, source, 64).batches]
    images = pl.concat(tables)
    assert images.height == PICTURES
    return store, located, images


def settings_with(located: dict[str, Any], roles: dict[str, Any], servers: dict[str, Any], **pipeline: Any) -> Settings:
    common = {"python": vllm_python(), "device": "cpu"}
    return Settings.model_validate(
        {
            "sources": located,
            "servers": {name: common | table for name, table in servers.items()},
            "roles": roles,
            "pipeline": {"questions_per_image": 1, "refinement_turns": 1, **pipeline},
        }
    )


def all_stages(settings: Settings, store: Store, images: pl.DataFrame) -> dict[str, StageOutput]:
    """Outputs of the four stages; each closes over its input."""
    made: dict[str, StageOutput] = {}
    with Models.open(settings) as models:

        @contextmanager
        def session(stage: str) -> Iterator[Synthesis]:
            began = time.monotonic()
            with Synthesis.open(settings, store, models, stage, BATCH) as synthesis:
                yield synthesis
            print(f"{stage}: {time.monotonic() - began:.0f} s")

        with session("descriptions") as work:
            described = made["descriptions"] = descriptions.describe_images(images, work)
        require_closed("descriptions", descriptions.expected_items(images), described, "image_id")
        with session("questions") as work:
            asked = made["questions"] = questions.write_questions(described.results, work)
        require_closed("questions", questions.expected_items(described.results, settings), asked, "slot")
        with session("answers") as work:
            answered = made["answers"] = answers.answer_questions(asked.results, described.results, images, work)
        require_closed("answers", answers.expected_items(asked.results), answered, "slot")
        with session("reasoning_paths") as work:
            refined = reasoning_paths.refine_paths(answered.results, asked.results, images, work)
        made["reasoning_paths"] = refined
        require_closed("reasoning_paths", reasoning_paths.expected_items(answered.results), refined, "slot")
        models.servers.close(wait=60)
    return made


def rates(store: Store, made: dict[str, StageOutput]) -> dict[str, dict[str, int]]:
    """By prompt: items asked, those whose first reply was of no use, replies cut off, items rejected for their replies; printed."""
    found: dict[str, dict[str, int]] = {}
    for stage, output in made.items():
        calls = journaled_calls(store, stage, BATCH)
        unusable = output.rejections.filter(pl.col("reason").is_in(["malformed_reply", "length"]))
        for (prompt,), group in calls.group_by("prompt", maintain_order=True):
            mine = unusable.filter(pl.col("detail").str.starts_with(f"{prompt}:"))
            cell = found.setdefault(str(prompt), {"asked": 0, "asked again": 0, "cut off": 0, "rejected": 0})
            cell["asked"] += group.filter(pl.col("sample") == 0).height
            cell["asked again"] += group.filter(pl.col("sample") > 0).height
            cell["cut off"] += group.filter(pl.col("finish_reason") == "length").height
            cell["rejected"] += mine.height
        reasons = dict(output.rejections.group_by("reason").len().sort("reason").iter_rows())
        print(f"{stage}: {output.results.height} results, rejections {reasons}")
    for prompt, cell in found.items():
        first = 1 - cell["asked again"] / cell["asked"]
        print(f"{prompt} ({PROMPTS[prompt].role}): {cell}; first reply parses in {first:.0%}")
    return found


def test_a_pretrained_model_in_the_text_roles_on_the_standard_pack(
    drawn: tuple[Store, dict[str, Any], pl.DataFrame],
) -> None:
    store, located, images = drawn
    words = {"model": str(smollm2()), "max_model_len": 4096, "kv_cache": 2}
    text = {"server": "words", "prompt_pack": "standard", "timeout": 1800}
    roles = {
        "describer": EMBEDDED,
        "adjudicator": EMBEDDED,
        "reasoner": text | {"max_tokens": 128},
        "judge": text | {"max_tokens": 64},
    }
    settings = settings_with(located, roles, {"words": words}, concurrency=32)
    made = all_stages(settings, store, images)
    found = rates(store, made)
    assert found["describe"]["asked"] == PICTURES >= 50
    asked = sum(
        found[name]["asked"] for name in ("refine", "question", "screen", "answer_text", "judge") if name in found
    )
    assert found["refine"]["asked"] >= 50 and found["question"]["asked"] >= 20 and asked >= 100
    for name in ("refine", "question", "screen"):
        if name in found:
            cell = found[name]
            whole = cell["asked"] + cell["asked again"] - cell["cut off"]
            malformed = cell["asked again"] + cell["rejected"] - cell["cut off"]
            assert malformed <= 0.2 * max(whole, 1) + 2, f"{name}: the schema binds what is not cut off: {cell}"


def test_the_vision_roles_on_a_server_do_what_they_do_in_process(
    drawn: tuple[Store, dict[str, Any], pl.DataFrame], tmp_path: Path
) -> None:
    store, located, images = drawn
    eyes = {"model": "embedded/describer", "max_model_len": 1024, "images": 1, "kv_cache": 1}
    seeing = {"server": "eyes", "prompt_pack": "embedded", "max_tokens": 160}
    text = {"reasoner": EMBEDDED, "judge": EMBEDDED}
    served = settings_with(located, {"describer": seeing, "adjudicator": seeing, **text}, {"eyes": eyes})
    made = all_stages(served, store, images)
    rates(store, made)
    in_process = settings_with(located, {"describer": EMBEDDED, "adjudicator": EMBEDDED, **text}, {})
    other = Store.open(str(tmp_path / "other"))
    for path in store.names("blobs"):
        for blob in store.names(f"blobs/{path}"):
            other.publish(f"blobs/{path}/{blob}", store.read(f"blobs/{path}/{blob}"))
    expected = all_stages(in_process, other, images)
    ours, theirs = (one["descriptions"].results.drop("calls") for one in (expected, made))
    same = ours.join(theirs, on=["image_id", "coarse", "fine"], how="semi").height
    print(f"of {ours.height} pictures {same} have the same descriptions as from the engine in process")
    assert made["descriptions"].results.height >= 50 and made["reasoning_paths"].results.height > 0
