"""Dialogue of `synthesis.py`: photographs through the four stages that ask models, in batches that overlap, in this process."""

import json
import resource
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.photographs import draw_photographs
from wethink_assets.config import Settings
from wethink_assets.models.registry import Models
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets.synthesis.stages.answers import answer_questions
from wethink_assets.synthesis.stages.descriptions import describe_images
from wethink_assets.synthesis.stages.questions import write_questions
from wethink_assets.synthesis.stages.reasoning_paths import refine_paths

GROUPED = ("questions_together", "screenings_together", "requests_together")  # off: the calls that peers are given too
ROLES = ("describer", "reasoner", "adjudicator", "judge")
STAGES: tuple[tuple[str, Callable[..., StageOutput], tuple[str, ...]], ...] = (
    ("descriptions", describe_images, ("images",)),
    ("questions", write_questions, ("descriptions",)),
    ("answers", answer_questions, ("questions", "descriptions", "images")),
    ("reasoning_paths", refine_paths, ("answers", "questions", "images")),
)


def ingested(folder: Path, count: int) -> float:
    """A store at `folder/store` with one batch of `count` images, its table beside it; returns their mean size in bytes."""
    images = folder / "images"
    images.mkdir()
    size = draw_photographs(images, count)
    store = Store.open(str(folder / "store"))
    source = Source("bench", "benchmark", "photographs", "", "", "CC0-1.0", location=str(images))
    (key,) = register_source(store, source, batch_size=10_000).batches
    ingest_batch(store, source, key).results.write_parquet(folder / "images.parquet")
    return size


def dialogue(folder: Path, url: str, concurrency: int, journal: str, batches: int = 1) -> dict[str, Any]:
    """Take the images through the four stages in this process, in so many batches that overlap as in `wethink run`; figures of it.

    Batches are journaled under names that begin with `journal`.
    """
    import polars as pl

    import wethink_assets.models.endpoint
    import wethink_assets.rewards.equivalence.answer_types  # noqa: F401  (imports are start-up)
    from wethink_assets.commands.synthesis.overlap import work_overlapped
    from wethink_assets.models.call_gate import BATCHES_AT_ONCE

    role = {"provider": "endpoint", "url": url, "model": "scripted", "max_tokens": 1024}
    settings = Settings.model_validate(
        {
            "pipeline": {"prompt_pack": "standard", "concurrency": concurrency, **dict.fromkeys(GROUPED, "off")},
            "roles": dict.fromkeys(ROLES, role),
        }
    )
    store = Store.open(str(folder / "store"))
    images = pl.read_parquet(folder / "images.parquet")
    share = -(-images.height // batches)
    parts = {f"{journal}-{number}": images.slice(number * share, share) for number in range(batches)}
    stages: dict[str, Counter[str]] = {}
    began, used = time.perf_counter(), time.process_time()
    with Models.open(settings) as models:

        def through_stages(batch: str) -> dict[str, dict[str, int]]:
            done: dict[str, pl.DataFrame] = {"images": parts[batch]}
            figures = {}
            for stage, work, needs in STAGES:
                with Synthesis.open(settings, store, models, stage, batch) as synthesis:
                    output = work(*(done[name] for name in needs), synthesis)
                done[stage] = output.results
                made = int(synthesis.usage.as_dict()["calls"])
                figures[stage] = {
                    "calls": made,
                    "results": output.results.height,
                    "rejections": output.rejections.height,
                }
            return figures

        def ended(_: str, figures: dict[str, dict[str, int]]) -> bool:
            for stage, counts in figures.items():
                stages.setdefault(stage, Counter()).update(counts)
            return True

        sizes = {batch: part.height for batch, part in parts.items()}
        work_overlapped(sizes, through_stages, ended, BATCHES_AT_ONCE)
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    calls = sum(counts["calls"] for counts in stages.values())
    return {
        "calls": calls,
        "batches": batches,
        "seconds": round(wall, 2),
        "calls_per_second": round(calls / wall, 1),
        "cpu_ms_per_call": round(1000 * cpu / calls, 3),
        "cpu_share": round(cpu / wall, 2),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "stages": {stage: dict(counts) for stage, counts in stages.items()},
    }


def record(folder: Path, url: str) -> None:
    """Take the batch through the stages once, in this process, and note each call in `calls.jsonl`."""
    import polars as pl

    from wethink_assets.models.endpoint.openai_format import OpenAIFormat

    blobs = dict(pl.read_parquet(folder / "images.parquet").select("image_id", "blob").iter_rows())
    body_of = OpenAIFormat.request_body
    with (folder / "calls.jsonl").open("w") as file:

        async def noted(wire_format: OpenAIFormat, model: str, messages: Any, schema: Any, sampling: Any) -> bytes:
            system, user = messages
            image = str(folder / "store" / blobs[user.images[0].sha256]) if user.images else ""
            file.write(json.dumps({"system": system.text, "user": user.text, "image": image}) + "\n")
            return await body_of(wire_format, model, messages, schema, sampling)

        OpenAIFormat.request_body = noted
        dialogue(folder, url, 256, "bench.900000")
