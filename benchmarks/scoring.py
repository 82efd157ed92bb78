"""Cost of scoring beside the model's time: 20,000 samples with images, through a model that answers at once or an endpoint of fixed latency.

    python benchmarks/scoring.py [--samples 20000] [--latency MS] [--concurrency 64] [--scorer own|vlmevalkit]

Measures wall clock, CPU and memory of the whole scoring (files, prompts, journal, verdicts, bootstrap, tables), greedy and from nothing, then
again with every reply in the journal. With a latency the model is an endpoint in a process of its own that serves so many calls at once, each for
that long; shown is the share of its ideal rate (calls in flight / latency), from the first call to the last. With `--scorer vlmevalkit` that
builds the prompts and scores the replies, in its own process, whose CPU is given apart.
"""

import argparse
import asyncio
import base64
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.slow_endpoint import reply_to

from wethink_assets.config import Settings
from wethink_assets.config.data import PipelineSettings
from wethink_assets.config.evaluation import BenchmarkSettings, ScoringSettings
from wethink_assets.config.models import RoleSettings
from wethink_assets.evaluation.benchmarks.files import benchmark_files
from wethink_assets.evaluation.runs.models import EvaluatedModel
from wethink_assets.evaluation.runs.score import score_model
from wethink_assets.models.chat import ChatModel, Completion, Message, Sampling
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store

PARTS = 10
IMAGE_BYTES = 20_000
SLOW_ENDPOINT = Path(__file__).parent / "support/slow_endpoint.py"


class InstantModel:
    """Thinks nothing and answers with an option at once."""

    model_id = "instant"
    revision = "1"

    def __init__(self) -> None:
        self.calls = 0

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        self.calls += 1
        for image in messages[-1].images:
            await asyncio.to_thread(image.read)
        return Completion(reply_to(messages[-1].text), 300, 30, "stop", "instant")

    async def aclose(self) -> None:
        pass


def write_benchmark(path: Path, rows: int, seed: int) -> None:
    """A multiple-choice benchmark in VLMEvalKit's form with images of `IMAGE_BYTES` bytes."""
    rng = random.Random(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["index", "image", "question", "A", "B", "C", "D", "answer", "category"])
        for index in range(rows):
            image = base64.b64encode(b"\x89PNG\r\n\x1a\n" + rng.randbytes(IMAGE_BYTES)).decode()
            asked = (
                f"Which of these is shown in picture {index}, on the {rng.choice(['left', 'right'])}?"
                + "x" * rng.randrange(4)
            )
            writer.writerow(
                [index, image, asked, "red", "green", "blue", "black", rng.choice("ABCD"), rng.choice(["a", "b"])]
            )


def settings_of(folder: Path, keys: Sequence[str], flight: int, scorer: str) -> Settings:
    """Choice benchmarks of one's own, and a judge that nobody needs."""
    scoring = {"samples": False, "seeds": [], "benchmarks": list(keys), "scorer": scorer}
    return Settings(
        folder=str(folder),
        pipeline=PipelineSettings(concurrency=flight, prompt_pack="standard"),
        benchmarks={key: BenchmarkSettings(path=f"{key}.tsv") for key in keys},
        scoring=ScoringSettings.model_validate(scoring),
        roles={"judge": RoleSettings(provider="endpoint", url="http://127.0.0.1:1/v1", model="none")},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=20_000, help=f"questions, over {PARTS} benchmarks")
    parser.add_argument(
        "--latency", type=float, default=0, help="milliseconds that a call takes; 0: a model that answers at once"
    )
    parser.add_argument("--concurrency", type=int, default=64, help="calls in flight, and served at once")
    parser.add_argument("--scorer", choices=["own", "vlmevalkit"], default="own", help="who builds prompts and decides")
    options = parser.parse_args()
    samples, latency = options.samples, options.latency / 1000
    with tempfile.TemporaryDirectory() as folder:
        keys = [f"part{number}" for number in range(PARTS)]
        for number, key in enumerate(keys):
            write_benchmark(Path(folder) / f"{key}.tsv", samples // PARTS, number)
        settings = settings_of(Path(folder), keys, options.concurrency, options.scorer)
        if not latency:
            for what in ("from nothing", "from the journal"):
                measure(settings, keys, what, InstantModel(), samples)
            return
        command = [sys.executable, str(SLOW_ENDPOINT), str(latency), str(options.concurrency)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as served:
            assert served.stdout is not None
            model = EndpointModel(served.stdout.readline().strip(), "slow", max_concurrency=options.concurrency)
            measure(settings, keys, "from nothing", model, samples)
            counts = json.loads(served.communicate()[0])
        took, ideal = counts["last"] - counts["first"], samples * latency / options.concurrency
        print(
            f"{counts['calls']:.0f} replies in {took:.1f} s, ideal {ideal:.1f} s: {ideal / took:.3f} of the ideal rate"
        )


def measure(settings: Settings, keys: Sequence[str], what: str, model: ChatModel, samples: int) -> None:
    """Score everything once, print what it took, and forget the scores but not the replies."""
    store = Store.open(str(Path(settings.folder) / "store"))
    evaluated = EvaluatedModel("instant", "0" * 64, {"kind": "policy", "model": "instant"}, False, RoleSettings)
    began, cpu, others = time.perf_counter(), time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN)
    files = benchmark_files(settings, keys)
    listed = time.perf_counter() - began
    judge = InstantModel()
    with Models(settings, {"policy": model, "judge": judge}) as models:
        scores = score_model(store, settings, evaluated, files, models=models)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    kit = resource.getrusage(resource.RUSAGE_CHILDREN)
    apart = kit.ru_utime + kit.ru_stime - others.ru_utime - others.ru_stime
    print(
        f"{what}: {samples} samples, {wall:.1f} s wall ({listed:.1f} s of it reading files), {cpu:.1f} s CPU, {1e3 * cpu / samples:.2f} ms CPU a"
        f" sample, peak {peak:.2f} GiB; VLMEvalKit {apart:.1f} s CPU, {kit.ru_maxrss / 2**20:.2f} GiB;"
        f" mean score {sum(s.value or 0 for s in scores) / len(scores):.1f}"
    )
    for score in scores:
        store.fs.rm(store.path(score.folder), recursive=True)


if __name__ == "__main__":
    main()
