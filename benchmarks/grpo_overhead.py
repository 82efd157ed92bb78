"""Overhead of a GRPO step beside the same step in a plain TRL script with trivial rewards.

    python benchmarks/grpo_overhead.py --steps 6 --rounds 4 --json

Both train the embedded policy on the same drawn rows, in the same order, with the same settings and seed, and with a learning rate so small that
both write the very same completions. Ours reads rows and images from a version in a store, rewards by rule and format, records completions and
curves, and guards the run; the plain script holds prompts and images in memory and rewards by the parity of the completion's length. They
take turns in one process. Compared is the processor time of each step but the first of a turn, pair by pair, since the clock says little on a
machine that others use too; the clock's ratio stands beside it. With --judge ours also grades descriptive rows with the embedded judge, whose
own time then counts: a model's, not the platform's.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
BOUND = 1.03
Times = list[tuple[float, float]]


class Bench:
    """Both trainers over one drawn version."""

    def __init__(self, home: Path, steps: int, judge: bool) -> None:
        from wethink_assets.config import load_settings
        from wethink_assets.storage.store import Store
        from wethink_assets.training.data.prompts import RowPrompts
        from wethink_assets.training.data.rows import Rows, select_rows
        from wethink_assets.training.policies.base_model import load_base_processor
        from wethink_assets.training.runs.plan import plan_run
        from wethink_assets_tests.support.drawn_version import draw_version

        self.home, self.steps = home, steps
        self.store = Store.open(str(home / "data"))
        draw_version(self.store, train=150, validation=0)
        settings = load_settings(ROOT / "wethink.toml", {})
        changed = {
            "steps": steps,
            "learning_rate": 1e-15,
            "save_steps": 10_000,
            "accuracy": "hybrid" if judge else "rules",
        }
        self.recipe = settings.recipe("grpo").model_copy(update=changed)
        self.settings = settings.model_copy(update={"folder": str(home), "recipes": {"overhead": self.recipe}})
        self.base = plan_run(self.settings, self.store, "v0001.overhead").base_model
        select_rows(self.store, "v0001", "train", self.recipe, home / "train.arrow")
        self.rows, self.prompts = Rows(home / "train.arrow"), RowPrompts(self.settings, self.recipe)
        self.processor = load_base_processor(self.base)

    def image(self, row: Mapping[str, Any]) -> Any:
        from wethink_assets.storage.blobs import Blobs
        from wethink_assets.training.policies.base_model import image_for

        return image_for(self.base, Blobs(self.store).read(row["image_path"]))

    def run(self, make: Callable[..., Any]) -> Times:
        """Train for some steps; seconds of the clock and of the processor of each step."""
        from transformers import PrinterCallback, TrainerCallback

        from wethink_assets.training.policies.base_model import load_model
        from wethink_assets.training.trainers.arguments import grpo_config

        times: Times = []

        class Clock(TrainerCallback):
            def on_step_begin(self, *_: Any, **__: Any) -> None:
                self.started = time.perf_counter(), time.process_time()

            def on_log(self, *_: Any, **__: Any) -> None:
                times.append((time.perf_counter() - self.started[0], time.process_time() - self.started[1]))

        work = self.home / f"work-{time.monotonic_ns()}"
        trainer = make(
            work,
            model=load_model(self.base, "float32"),
            args=grpo_config(self.recipe, work, self.steps, 1),
            processing_class=self.processor,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(Clock())
        trainer.train()
        return times[1 : self.steps]

    def plain(self, work: Path, args: Any, **given: Any) -> Any:
        """TRL as its documentation shows it."""
        from datasets import Dataset
        from trl import GRPOTrainer

        from wethink_assets.training.data.rows import row_order

        def parity(completion_ids: list[Any], **_: Any) -> list[float]:
            return [float(len(ids) % 2) for ids in completion_ids]

        order = [
            int(index)
            for index in row_order(len(self.rows), self.steps * self.recipe.prompts_per_step, self.recipe.seed)
        ]
        held = {index: self.image(self.rows[index]) for index in set(order)}
        dataset = Dataset.from_list(
            [{"prompt": self.prompts.messages(self.rows[index]), "index": index} for index in order]
        )
        dataset = dataset.with_transform(
            lambda batch: {"prompt": batch["prompt"], "images": [[held[index]] for index in batch["index"]]}
        )
        args.reward_weights = None
        return GRPOTrainer(args=args, train_dataset=dataset, reward_funcs=parity, **given)

    def ours(self, rewarder: Any) -> Callable[..., Any]:
        """Our trainer with all that a run has around it."""

        def make(work: Path, **given: Any) -> Any:
            import numpy as np

            from wethink_assets.training.trainers.grpo import RowGRPOTrainer, StepCallback, prompt_dataset
            from wethink_assets.training.trainers.guards import Guard
            from wethink_assets.training.trainers.recorder import RunRecorder

            callback = StepCallback(RunRecorder(work), Guard(self.recipe), lambda _: None)
            usable = np.arange(len(self.rows), dtype=np.int32)
            rows = prompt_dataset(self.rows, usable, self.recipe, self.prompts, self.image, self.steps)
            trainer = RowGRPOTrainer(train_dataset=rows, callbacks=[callback], rewarder=rewarder, **given)
            callback.trainer = trainer
            return trainer

        return make


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=6, help="of a turn; the first one does not count")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--judge", action="store_true", help="ours also grades descriptive rows")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    import torch

    from wethink_assets.training.trainers.rewards import Rewarder

    ours: Times = []
    plain: Times = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), chosen.steps, chosen.judge)
        with Rewarder(bench.settings, bench.recipe) as rewarder:
            rewarder.load()
            torch.set_num_threads(1)
            for number in range(chosen.rounds):
                for own in (number % 2 == 0, number % 2 == 1):
                    (ours if own else plain).extend(bench.run(bench.ours(rewarder) if own else bench.plain))
    cpu = [mine[1] / theirs[1] for mine, theirs in zip(ours, plain, strict=True)]
    wall = [mine[0] / theirs[0] for mine, theirs in zip(ours, plain, strict=True)]
    figures = {
        "pairs": len(cpu),
        "ratio": round(statistics.median(cpu), 4),
        "ratio_of_sums": round(sum(t[1] for t in ours) / sum(t[1] for t in plain), 4),
        "ratio_by_the_clock": round(statistics.median(wall), 4),
        "step_cpu_seconds": {
            "ours": round(statistics.median(t[1] for t in ours), 3),
            "plain": round(statistics.median(t[1] for t in plain), 3),
        },
        "bound": BOUND,
        "reached": statistics.median(cpu) <= BOUND,
    }
    print(
        json.dumps(figures, indent=1)
        if chosen.json
        else "\n".join(f"{name}: {value}" for name, value in figures.items())
    )
    sys.exit(0 if figures["reached"] else 1)


if __name__ == "__main__":
    main()
