"""Peers of `synthesis.py`: the calls of a file made by distilabel, bespokelabs-curator and NeMo Data Designer, each in an environment of its own.

All get the calls of the dialogue as one flat list, so they need not wait for one call's reply to write the next, and no more is
asked of them than the replies' texts. All get the concurrency that suits them best of those tried, and their rate counts from the first call
that the endpoint finished to the last, without their start-up. What cannot be installed or run is named with the reason, and left out.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.environments import environment
from support.scripted_endpoint import endpoint

BENCHMARKS = Path(__file__).parents[1]
# Packages, script, and concurrencies to try as multiples of the endpoint's capacity.
PEERS: dict[str, tuple[tuple[str, ...], str, tuple[float, ...]]] = {
    "distilabel": (("distilabel[openai]==1.5.3", "requests", "pillow"), "peers/distilabel_calls.py", (1, 4, 16)),
    "bespokelabs-curator": (("bespokelabs-curator==0.1.31",), "peers/curator_calls.py", (1, 1.5, 4)),
    "data-designer": (("data-designer==0.9.7",), "peers/data_designer_calls.py", (1, 1.5, 4)),
}
# None needs them for an endpoint; each would be gigabytes.
LEFT_OUT = "torch<0\ntorchvision<0\nvllm<0\n"
LONGEST = 240.0
TRIAL = 1500  # calls
MOST = 1024  # at once


def run(python: Path, script: str, calls: Path, latency: float, capacity: int, concurrency: int) -> dict[str, Any]:
    """Figures of one peer over the calls of a file. Raises `RuntimeError` with what it printed."""
    with tempfile.TemporaryDirectory() as home:
        log = Path(home, "served.jsonl")
        with endpoint(latency, capacity, log) as served:
            command = [str(python), str(BENCHMARKS / script), str(calls), served.url, str(concurrency)]
            quiet = {"HOME": home, "HF_HOME": home, "PATH": os.environ["PATH"], "HF_HUB_OFFLINE": "1"}
            try:
                done = subprocess.run(command, capture_output=True, text=True, env=quiet, timeout=LONGEST, cwd=home)
            except subprocess.TimeoutExpired:
                raise RuntimeError(f"not done after {LONGEST:g} s") from None
        results = [line.removeprefix("RESULT ") for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if done.returncode or not results:
            raise RuntimeError(f"failed: {(done.stderr or done.stdout).strip()[-600:]}")
        figures: dict[str, Any] = json.loads(results[-1])
        finished = [json.loads(line)["finished"] for line in log.read_text().splitlines()]
    rate = (len(finished) - 1) / (max(finished) - min(finished) + latency)
    return {
        "concurrency": concurrency,
        "calls": figures["calls"],
        "calls_per_second": round(rate, 1),
        "share_of_ideal": round(rate * latency / capacity, 3),
        "seconds_with_start_up": round(figures["seconds"], 1),
        "cpu_ms_per_call": round(1000 * figures["cpu_seconds"] / max(1, figures["calls"]), 2),
        "peak_memory_mb": figures["peak_memory_mb"],
    }


def best_of(
    python: Path, script: str, calls: Path, latency: float, capacity: int, tried: tuple[float, ...]
) -> dict[str, Any]:
    """Figures over all calls at the concurrency that was quickest over the first of them."""
    with tempfile.TemporaryDirectory() as folder:
        some = Path(folder, "some.jsonl")
        some.write_text("".join(f"{line}\n" for line in calls.read_text().splitlines()[:TRIAL]))
        levels = sorted({min(MOST, round(each * capacity)) for each in tried})
        rates = {each: run(python, script, some, latency, capacity, each)["calls_per_second"] for each in levels}
    return run(python, script, calls, latency, capacity, max(rates, key=lambda each: rates[each])) | {"tried": rates}


def compared(
    environments: Path, calls: Path, latency: float, capacity: int, names: Sequence[str] = ()
) -> dict[str, Any]:
    """Figures of peers by name, or why there are none; of all of them where none is named."""
    figures: dict[str, Any] = {}
    for name in names or PEERS:
        packages, script, tried = PEERS[name]
        try:
            python = environment(environments / name, packages, LEFT_OUT)
            figures[name] = best_of(python, script, calls, latency, capacity, tried)
        except (RuntimeError, OSError) as error:
            figures[name] = {"why_not": str(error)}
    return figures


def table(ours: dict[str, Any], peers: dict[str, Any]) -> str:
    """Ours and theirs side by side."""
    lines = [f"{'':20s} {'calls/s':>8s} {'of ideal':>9s} {'ms CPU a call':>14s} {'MB':>6s}  ours/theirs"]
    for name, figures in {"ours": ours, **peers}.items():
        if "why_not" in figures:
            lines.append(f"{name:20s} {figures['why_not']}")
            continue
        ratio = ours["calls_per_second"] / figures["calls_per_second"]
        lines.append(
            f"{name:20s} {figures['calls_per_second']:8.1f} {figures['share_of_ideal']:9.3f} {figures['cpu_ms_per_call']:14.2f} "
            f"{figures['peak_memory_mb']:6d}  {ratio:.2f}"
        )
    return "\n".join(lines)
