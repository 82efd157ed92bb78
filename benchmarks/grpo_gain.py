"""Gain of GRPO on the embedded model: the recipe `grpo` is trained with several seeds, and held-out scenes are answered before and after.

    python benchmarks/grpo_gain.py --seeds 1 2 3 --json

Rows to train on are drawn images with true answers, so that the gain is the training's and not the pipeline's; the reward is the recipe's
(rules, and the embedded judge for descriptive answers). Held out are scenes of other seeds, over all visual and question kinds, a quarter of them
hard to read; an answer is right when it is true of the scene. Intervals are 95%, of paired differences.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from wethink_assets.config import Settings, load_settings  # noqa: E402
from wethink_assets.storage.store import Store  # noqa: E402
from wethink_assets.training.policies.card import percent, points  # noqa: E402
from wethink_assets.training.policies.catalog import find_policy, local_checkpoint  # noqa: E402
from wethink_assets.training.runs.plan import command_of, plan_run  # noqa: E402
from wethink_assets.training.runs.process import read_outcome  # noqa: E402
from wethink_assets.training.validation.scenes import answer_scenes, scene_gains  # noqa: E402


def train(settings: Settings, store: Store, key: str, threads: int) -> dict[str, Any]:
    """One training in a process of its own, with its seconds."""
    plan = plan_run(settings, store, key)
    plan.write()
    started, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command_of(plan, sys.executable), env=environment, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{key}: {read_outcome(plan).get('error') or done.stderr[-2000:]}")
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = spent.ru_utime + spent.ru_stime - used.ru_utime - used.ru_stime
    return {"seconds": round(time.monotonic() - started, 1), "cpu_seconds": round(cpu, 1)}


def print_seed(seed: int, gain: dict[str, Any], cost: dict[str, Any]) -> None:
    """Print one seed in one line."""
    one = gain["all"]
    kinds = ", ".join(f"{kind} {points(gain[kind])}" for kind in ("MC", "FIB", "DES"))
    spent = f"{cost['seconds']} s by the clock, {cost['cpu_seconds']} s of the processor"
    share = f"{percent(one['before'])} -> {percent(one['after'])}"
    print(f"seed {seed}: {share}, {points(one)} points; {kinds}; {spent}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--recipe", default="grpo")
    parser.add_argument("--set", nargs="*", default=[], help="settings of the recipe to try, such as steps=30")
    parser.add_argument("--rows", type=int, default=1500, help="rows to train on")
    parser.add_argument("--scenes", type=int, default=1000, help="held-out scenes")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--keep", type=Path, help="folder to work in, which stays; by default a temporary one")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    from wethink_assets_tests.support.drawn_version import draw_version

    with tempfile.TemporaryDirectory() as temporary:
        home = (chosen.keep or Path(temporary)).resolve()
        home.mkdir(parents=True, exist_ok=True)
        store = Store.open(str(home / "data"))
        if not store.exists("versions/v0001/manifest.json"):
            draw_version(store, train=chosen.rows, validation=20)
        settings = load_settings(ROOT / "wethink.toml", {})
        recipe = settings.recipe(chosen.recipe).model_copy(
            update={one.partition("=")[0]: json.loads(one.partition("=")[2]) for one in chosen.set}
        )
        recipes = {
            f"gain-s{seed}": recipe.model_copy(update={"seed": seed, "threads": chosen.threads})
            for seed in chosen.seeds
        }
        settings = settings.model_copy(update={"folder": str(home), "recipes": recipes})
        base = Path(plan_run(settings, store, f"v0001.{next(iter(recipes))}").base["name_or_path"])
        before = answer_scenes(base, chosen.scenes, chosen.threads)
        report: dict[str, Any] = {
            "recipe": recipe.model_dump(mode="json", exclude={"system_prompt"}),
            "scenes": chosen.scenes,
            "seeds": {},
        }
        for seed in chosen.seeds:
            key = f"v0001.gain-s{seed}"
            cost = train(settings, store, key, chosen.threads)
            policy = find_policy(store, key)
            assert policy is not None
            gain = scene_gains(before, answer_scenes(local_checkpoint(store, policy), chosen.scenes, chosen.threads))
            report["seeds"][seed] = {
                "gain": gain,
                "reached": gain["all"]["gain"] >= 0.05 and gain["all"]["low"] > 0,
                **cost,
            }
            if not chosen.json:
                print_seed(seed, gain, cost)
        report["reached"] = all(one["reached"] for one in report["seeds"].values())
        if chosen.json:
            print(json.dumps(report, indent=1))
        sys.exit(0 if report["reached"] else 1)


if __name__ == "__main__":
    main()
