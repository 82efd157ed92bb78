"""What does scoring cost beside the model's time? 20,000 samples with pictures, through a model that answers at once.

    python benchmarks/scoring.py [samples] [latency in ms] [calls in flight]

Measures wall clock, CPU and memory of the whole scoring (files, prompts, journal, verdicts, bootstrap, tables), greedy and from nothing, then
again with every reply in the journal. With a latency it tells which share of the ideal rate (calls in flight / latency) was reached.
"""

import asyncio
import base64
import csv
import random
import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.config.data import PipelineSettings
from wethink_assets.config.evaluation import BenchmarkSettings, ScoringSettings
from wethink_assets.config.models import RoleSettings
from wethink_assets.evaluation.contenders import Contender
from wethink_assets.evaluation.files import benchmark_files
from wethink_assets.evaluation.scoring import score_model
from wethink_assets.models.chat import Completion, Message, Sampling
from wethink_assets.models.roles import Models
from wethink_assets.storage.store import Store

PARTS = 10
PICTURE = 20_000  # bytes of a picture


class InstantModel:
    """Thinks nothing and answers with an option after a fixed time."""

    model_id = "instant"
    revision = "1"

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.calls = 0

    async def chat(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, sampling: Sampling
    ) -> Completion:
        self.calls += 1
        for image in messages[-1].images:
            await asyncio.to_thread(image.read)
        if self.latency:
            await asyncio.sleep(self.latency)
        letter = "ABCD"[len(messages[-1].text) % 4]
        return Completion(
            f"<think>It is {letter}, I think, for many reasons.</think><answer>{letter}</answer>",
            300,
            30,
            "stop",
            "instant",
        )

    async def aclose(self) -> None:
        pass


def write_benchmark(path: Path, rows: int, seed: int) -> None:
    """A multiple-choice benchmark in VLMEvalKit's form with pictures of `PICTURE` bytes."""
    rng = random.Random(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["index", "image", "question", "A", "B", "C", "D", "answer", "category"])
        for index in range(rows):
            picture = base64.b64encode(b"\x89PNG" + rng.randbytes(PICTURE)).decode()
            asked = (
                f"Which of these is shown in picture {index}, on the {rng.choice(['left', 'right'])}?"
                + "x" * rng.randrange(4)
            )
            writer.writerow(
                [index, picture, asked, "red", "green", "blue", "black", rng.choice("ABCD"), rng.choice(["a", "b"])]
            )


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    latency = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0
    flight = int(sys.argv[3]) if len(sys.argv) > 3 else 64
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        keys = [f"part{number}" for number in range(PARTS)]
        for number, key in enumerate(keys):
            write_benchmark(root / f"{key}.tsv", samples // PARTS, number)
        settings = Settings(
            folder=folder,
            pipeline=PipelineSettings(concurrency=flight, prompt_pack="standard"),
            benchmarks={key: BenchmarkSettings(path=f"{key}.tsv") for key in keys},
            scoring=ScoringSettings(samples=False, seeds=(), benchmarks=tuple(keys)),
            roles={"judge": RoleSettings(provider="endpoint", url="http://127.0.0.1:1/v1", model="none")},
        )
        store = Store.open(str(root / "store"))
        model = InstantModel(latency)
        contender = Contender("instant", "0" * 64, {"model": "instant"}, False, RoleSettings)
        for what in ("from nothing", "from the journal"):
            wall, cpu = time.perf_counter(), time.process_time()
            files = benchmark_files(settings, keys)
            listed = time.perf_counter() - wall
            with Models(settings, {"policy": model, "judge": model}) as models:
                scores = score_model(store, settings, contender, files, models=models)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            print(
                f"{what}: {samples} samples, {model.calls} calls, {wall:.1f} s wall ({listed:.1f} s of it reading files), {cpu:.1f} s CPU,"
                f" {1e3 * cpu / samples:.2f} ms CPU a sample, peak {peak:.2f} GiB, mean score {sum(s.value or 0 for s in scores) / len(scores):.1f}"
            )
            if latency and what == "from nothing":
                ideal = samples * latency / flight
                print(
                    f"replies in {wall - listed:.1f} s, ideal {ideal:.1f} s: {ideal / (wall - listed):.3f} of the ideal rate"
                )
            for score in scores:
                store.fs.rm(store.path(score.folder), recursive=True)
            model.calls = 0


if __name__ == "__main__":
    main()
