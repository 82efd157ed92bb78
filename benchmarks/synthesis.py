"""Calls/s, CPU a call and memory of the four-stage dialogue against an endpoint of fixed latency and capacity, beside peers.

    python benchmarks/synthesis.py [--images 1720] [--batches 8] [--capacity 64 ...] [--peers [NAME ...]] [--json]

The endpoint (`support/scripted_endpoint.py`, a process of its own) serves 64 requests at once for 200 ms each and lets the others wait in line: so
320 calls/s at best. Batches of photographs of 512 x 384 pixels go through descriptions, questions, answers and reasoning paths: about
26,000 calls, two in five with an image, everything included that a run does for a call: prompts, images, journal on the store, parsing, checks,
the search for the right number of calls in flight. As in `wethink run` three batches are at work at a time. Wall and CPU time are those of the
process that works, from the first stage to the last, start-up and imports left out. A second round goes against a capacity of 256 (1,280 calls/s
at best). It takes about 3 minutes on 2 idle cores; on a busy machine the rates say little, and CPU a call more.

Exits with 1 where a bound is broken that was asked for: `--least-share` of the ideal rate, `--most-cpu` in ms a call, `--most-memory` in MB.

With `--peers` curator, NeMo Data Designer and distilabel make the same calls (see `support/synthesis_peers.py`; it needs a package index).
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from support.scripted_endpoint import endpoint
from support.synthesis_dialogue import dialogue, ingested, record

LATENCY = 0.2
CAPACITIES = (64, 256)


def recorded(folder: Path) -> Path:
    """A file with the calls that the dialogue makes, one a line."""
    with endpoint(0.0, 256) as served, multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(record, (folder, served.url))
    return folder / "calls.jsonl"


def measured(folder: Path, capacity: int, batches: int, latency: float = LATENCY) -> dict[str, Any]:
    """Figures of the dialogue in a process of its own against an endpoint of a process of its own."""
    with endpoint(latency, capacity) as served:
        spawn = multiprocessing.get_context("spawn")
        with spawn.Pool(1) as pool:
            figures = pool.apply(dialogue, (folder, served.url, 4 * capacity, f"bench.{capacity:06d}", batches))
        counts = served.counts()
        server_cpu = sum(os.sysconf("SC_CLK_TCK") ** -1 * int(n) for n in _stat(served.process.pid)[13:15])
    ideal = capacity / latency
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
        f"the dialogue: for {1 - full:.0%} of the time the endpoint was not full, mostly at the start and in the end, since the calls of an "
        f"item wait for each other; and by cores that are shared (load {figures['load']:.0f} on {os.cpu_count()}; this process took "
        f"{figures['cpu_share']:.0%} of one, the endpoint's {figures['endpoint_cpu_share']:.0%})"
    )


def in_words(figures: dict[str, Any]) -> str:
    """Figures of one round in words."""
    return (
        f"capacity {figures['capacity']}: {figures['calls']} calls of {figures['batches']} batches in {figures['seconds']} s, "
        f"{figures['calls_per_second']} calls/s, "
        f"{figures['share_of_ideal']:.3f} of the ideal {figures['ideal_calls_per_second']:g}; {figures['cpu_ms_per_call']} ms of CPU a call, "
        f"{figures['peak_memory_mb']} MB at most\n  bounded by {bound_of(figures)}\n"
        + "\n".join(
            f"  {name:16s} {stage['calls']:6d} calls, {stage['results']} rows, {stage['rejections']} rejections"
            for name, stage in figures["stages"].items()
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1720, help="number of images; 1,720 make about 26,000 calls")
    parser.add_argument("--batches", type=int, default=8, help="that the images make")
    parser.add_argument("--latency", type=float, default=LATENCY, help="seconds that a call takes")
    parser.add_argument("--capacity", type=int, action="append", help="of the endpoint; may be given several times")
    parser.add_argument(
        "--peers", nargs="*", metavar="NAME", help="let other programs make the same calls, all or those named"
    )
    parser.add_argument("--environments", type=Path, help="folder that keeps the peers' environments for the next time")
    parser.add_argument("--least-share", type=float, default=0.0, help="of the ideal rate, below which it exits with 1")
    parser.add_argument("--most-cpu", type=float, default=float("inf"), help="ms of CPU a call, above which it does")
    parser.add_argument("--most-memory", type=float, default=float("inf"), help="MB at the peak, above which it does")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    capacities = options.capacity or CAPACITIES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report: dict[str, Any] = {"images": options.images, "mean_bytes": round(ingested(folder, options.images))}
        report["ours"] = [measured(folder, each, options.batches, options.latency) for each in capacities]
        if options.peers is not None:
            from support.synthesis_peers import compared

            environments = options.environments or folder / "environments"
            calls = recorded(folder)
            report["peers"] = {
                each: compared(environments, calls, options.latency, each, options.peers) for each in capacities
            }
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        show(report, options)
    broken = [
        figures["capacity"]
        for figures in report["ours"]
        if figures["share_of_ideal"] < options.least_share
        or figures["cpu_ms_per_call"] > options.most_cpu
        or figures["peak_memory_mb"] > options.most_memory
    ]
    if broken:
        sys.exit(f"a bound is broken at capacity {', '.join(map(str, broken))}")


def show(report: dict[str, Any], options: argparse.Namespace) -> None:
    """Print a report for people."""
    print(
        f"{report['images']} JPEGs of 512 x 384, {report['mean_bytes']} bytes on average; latency {options.latency * 1000:g} ms"
    )
    for figures in report["ours"]:
        print(in_words(figures))
    if options.peers is not None:
        from support.synthesis_peers import table

        for figures in report["ours"]:
            print(f"the same calls at capacity {figures['capacity']}")
            print(table(figures, report["peers"][figures["capacity"]]))


if __name__ == "__main__":
    main()
