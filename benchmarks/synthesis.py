"""Calls/s, CPU a call and memory of the four-stage dialogue against an endpoint of fixed latency and capacity, beside peers.

    python benchmarks/synthesis.py [--images 860] [--capacity 64 ...] [--peers] [--json]

The endpoint (`scripted_endpoint.py`, a process of its own) serves 64 requests at once for 200 ms each and lets the others wait in line: so
320 calls/s at best. One batch of photographs of 512 x 384 pixels goes through descriptions, questions, answers and reasoning paths: about
13,000 calls, two in five with an image, everything included that a run does for a call: prompts, images, journal on the store, parsing, checks,
the search for the right number of calls in flight. Wall and CPU time are those of the process that works, from the first stage to the last,
start-up and imports left out. A second round against a capacity of 256 (1,280 calls/s at best) shows what bounds the rate beyond. It
takes about 2 minutes on 2 idle cores; on a busy machine the rates say little, and CPU a call more.

With `--peers` distilabel and bespokelabs-curator make the same calls (see `synthesis_peers.py`; it needs a package index and takes about
8 minutes more).
"""

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from ingest import draw
from scripted_endpoint import endpoint

from wethink_assets.config import Settings
from wethink_assets.models.roles import Models
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.answers import answer_questions
from wethink_assets.synthesis.descriptions import describe_images
from wethink_assets.synthesis.questions import write_questions
from wethink_assets.synthesis.reasoning_paths import refine_paths
from wethink_assets.synthesis.session import Synthesis

LATENCY = 0.2
CAPACITIES = (64, 256)
ROLES = ("describer", "reasoner", "adjudicator", "judge")


def ingested(folder: Path, count: int) -> float:
    """A store at `folder/store` with one batch of `count` images, its table beside it; returns their mean size in bytes."""
    images = folder / "images"
    images.mkdir()
    size = draw(images, count)
    store = Store.open(str(folder / "store"))
    source = Source("bench", "benchmark", "photographs", "", "", "CC0-1.0", location=str(images))
    (key,) = register_source(store, source, batch_size=10_000).batches
    ingest_batch(store, source, key).results.write_parquet(folder / "images.parquet")
    return size


def dialogue(folder: Path, url: str, concurrency: int, journal: str) -> dict[str, Any]:
    """Take the batch through the four stages, journaled as batch `journal`, in this process; figures of it."""
    import polars as pl

    import wethink_assets.models.endpoint  # noqa: F401  (imports are start-up)

    role = {"provider": "endpoint", "url": url, "model": "scripted", "max_tokens": 1024}
    settings = Settings.model_validate(
        {"pipeline": {"prompt_pack": "standard", "concurrency": concurrency}, "roles": dict.fromkeys(ROLES, role)}
    )
    store = Store.open(str(folder / "store"))
    images = pl.read_parquet(folder / "images.parquet")
    calls = 0.0
    stages: dict[str, dict[str, float]] = {}
    began, used = time.perf_counter(), time.process_time()
    with Models.open(settings) as models:
        done: dict[str, pl.DataFrame] = {"images": images}
        for stage, work, needs in (
            ("descriptions", describe_images, ("images",)),
            ("questions", write_questions, ("descriptions",)),
            ("answers", answer_questions, ("questions", "descriptions", "images")),
            ("reasoning_paths", refine_paths, ("answers", "questions", "images")),
        ):
            at, cpu = time.perf_counter(), time.process_time()
            with Synthesis.open(settings, store, models, stage, journal) as synthesis:
                output = work(*(done[name] for name in needs), synthesis)  # type: ignore[operator]
            done[stage] = output.results
            made = synthesis.usage.as_dict()["calls"]
            calls += made
            stages[stage] = {
                "calls": int(made),
                "seconds": round(time.perf_counter() - at, 2),
                "cpu_ms": round(1000 * (time.process_time() - cpu) / made, 3),
                "results": output.results.height,
                "rejections": output.rejections.height,
            }
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    return {
        "calls": int(calls),
        "seconds": round(wall, 2),
        "calls_per_second": round(calls / wall, 1),
        "cpu_ms_per_call": round(1000 * cpu / calls, 3),
        "cpu_share": round(cpu / wall, 2),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "stages": stages,
    }


def record(folder: Path, url: str) -> None:
    """Take the batch through the stages once, in this process, and note each call in `calls.jsonl`."""
    import polars as pl

    from wethink_assets.models import endpoint as client

    blobs = dict(pl.read_parquet(folder / "images.parquet").select("image_id", "blob").iter_rows())
    body_of = client.request_body
    with (folder / "calls.jsonl").open("w") as file:

        async def noted(model: str, messages: Any, schema: Any, sampling: Any, pictures: Any) -> bytes:
            system, user = messages
            image = str(folder / "store" / blobs[user.images[0].sha256]) if user.images else ""
            file.write(json.dumps({"system": system.text, "user": user.text, "image": image}) + "\n")
            return await body_of(model, messages, schema, sampling, pictures)

        client.request_body = noted
        dialogue(folder, url, 256, "bench.900000")


def recorded(folder: Path) -> Path:
    """A file with the calls that the dialogue makes, one a line."""
    with endpoint(0.0, 256) as served, multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(record, (folder, served.url))
    return folder / "calls.jsonl"


def measured(folder: Path, capacity: int) -> dict[str, Any]:
    """Figures of the dialogue in a process of its own against an endpoint of a process of its own."""
    with endpoint(LATENCY, capacity) as served:
        spawn = multiprocessing.get_context("spawn")
        with spawn.Pool(1) as pool:
            figures = pool.apply(dialogue, (folder, served.url, 4 * capacity, f"bench.{capacity:06d}"))
        counts = served.counts()
        server_cpu = sum(os.sysconf("SC_CLK_TCK") ** -1 * int(n) for n in _stat(served.process.pid)[13:15])
    ideal = capacity / LATENCY
    return figures | {
        "capacity": capacity,
        "ideal_calls_per_second": ideal,
        "share_of_ideal": round(figures["calls_per_second"] / ideal, 3),
        "share_of_time_full": round(counts["full_ms"] / 1000 / figures["seconds"], 3),
        "load": os.getloadavg()[0],
        "endpoint_served": counts["served"],
        "endpoint_most_at_once": counts["most_in_service"],
        "endpoint_cpu_ms_per_call": round(1000 * server_cpu / max(1, counts["served"]), 3),
        "endpoint_cpu_share": round(server_cpu / figures["seconds"], 2),
    }


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().split()


def bound_of(figures: dict[str, Any]) -> str:
    """What keeps the rate below the ideal."""
    if figures["share_of_ideal"] >= 0.95:
        return "the endpoint's capacity"
    shares = {"this process": figures["cpu_share"], "the endpoint's process": figures["endpoint_cpu_share"]}
    busiest = max(shares, key=lambda name: shares[name])
    if shares[busiest] > 0.8:
        return f"{busiest}, which has one core ({shares[busiest]:.0%} of it used)"
    full = figures["share_of_time_full"]
    return (
        f"the dialogue: for {1 - full:.0%} of the time the endpoint was not full, at the start and where stages end, since the calls of an "
        f"item wait for each other; and by cores that are shared (load {figures['load']:.0f} on {os.cpu_count()}; this process took "
        f"{figures['cpu_share']:.0%} of one, the endpoint's {figures['endpoint_cpu_share']:.0%})"
    )


def told(figures: dict[str, Any]) -> str:
    """Figures of one round in words."""
    return (
        f"capacity {figures['capacity']}: {figures['calls']} calls in {figures['seconds']} s, {figures['calls_per_second']} calls/s, "
        f"{figures['share_of_ideal']:.3f} of the ideal {figures['ideal_calls_per_second']:g}; {figures['cpu_ms_per_call']} ms of CPU a call, "
        f"{figures['peak_memory_mb']} MB at most\n  bounded by {bound_of(figures)}\n"
        + "\n".join(
            f"  {name:16s} {stage['calls']:6d} calls {stage['seconds']:7.2f} s {stage['cpu_ms']:6.3f} ms a call"
            for name, stage in figures["stages"].items()
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=860, help="number of images; 860 make about 13,000 calls")
    parser.add_argument("--capacity", type=int, action="append", help="of the endpoint; may be given several times")
    parser.add_argument(
        "--peers", action="store_true", help="let distilabel and bespokelabs-curator make the same calls"
    )
    parser.add_argument("--environments", type=Path, help="folder that keeps the peers' environments for the next time")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    capacities = options.capacity or CAPACITIES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report: dict[str, Any] = {"images": options.images, "mean_bytes": round(ingested(folder, options.images))}
        report["ours"] = [measured(folder, capacity) for capacity in capacities]
        if options.peers:
            from synthesis_peers import compared

            environments = options.environments or folder / "environments"
            calls = recorded(folder)
            report["peers"] = {each: compared(environments, calls, LATENCY, each) for each in capacities}
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(
        f"{report['images']} JPEGs of 512 x 384, {report['mean_bytes']} bytes on average; latency {LATENCY * 1000:g} ms"
    )
    for figures in report["ours"]:
        print(told(figures))
    if options.peers:
        from synthesis_peers import table

        for figures in report["ours"]:
            print(f"the same calls at capacity {figures['capacity']}")
            print(table(figures, report["peers"][figures["capacity"]]))


if __name__ == "__main__":
    main()
