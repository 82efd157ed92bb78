"""Cost of growth: a dataset of many batches is synthesized, then 1% more of them; calls and seconds beside those of the full work.

    python benchmarks/growth.py [--batches 200] [--pictures 8] [--json]

All of it through the same steps as `wethink run`, in this process, against a scripted endpoint. Counted are the calls that reach the
endpoint, and seconds above start-up: observing, finding what is missing and synthesizing it, less what observing and finding cost in a
project without a picture. Seconds are given by the wall and by this process's CPU, since a busy machine stretches the first. Cutting and
building a version goes over all rows by nature and is given apart. Exit status 1 where the growth costs more than 1.2 times its share.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.scripted_endpoint import endpoint
from support.scripted_project import ScriptedProject

if TYPE_CHECKING:
    from wethink_assets.defs.runs.driver import RunDriver

BOUND = 1.2  # of its share of the batches


class Clock:
    """Seconds by the wall and by this process's CPU, by what was done."""

    def __init__(self) -> None:
        self.spent: dict[str, tuple[float, float]] = {}

    def time(self, what: str, work: Callable[[], Any]) -> Any:
        """Do a piece of work and add its time to what is known of it."""
        wall, cpu = time.monotonic(), time.process_time()
        done = work()
        before = self.spent.get(what, (0.0, 0.0))
        self.spent[what] = (before[0] + time.monotonic() - wall, before[1] + time.process_time() - cpu)
        return done


def synthesized(driver: "RunDriver", clock: Clock, step: str) -> int:
    """Observe, find what is missing, synthesize it; returns how many batches that were."""
    ran = clock.time(f"{step}: observe", driver.observe)
    missing, _ = clock.time(f"{step}: find", driver.unfinished)
    failures = dict(ran.failures)
    for batch, stages in missing.items():
        failures |= clock.time(f"{step}: synthesize", lambda b=batch, s=stages: driver.synthesize(b, s)).failures
    if failures:
        raise RuntimeError(f"{step} failed: {failures}")
    return len(missing)


def built(driver: "RunDriver", clock: Clock, step: str) -> None:
    """Decide a version and build it."""
    cut = clock.time(f"{step}: cut", driver.decide)
    ran = clock.time(f"{step}: build", lambda: driver.build(cut.version))
    if not ran.success:
        raise RuntimeError(f"{step} failed: {ran.failures}")


def opened(project: ScriptedProject, work: "Callable[[RunDriver], Any]") -> Any:
    """Do something with a driver of a project."""
    from wethink_assets.definitions import definitions_of
    from wethink_assets.defs.resources import models_kept_open
    from wethink_assets.defs.runs.driver import RunDriver
    from wethink_assets.defs.runs.instance import project_instance

    os.environ["DAGSTER_HOME"] = str(project.home)
    os.environ["WETHINK_CONFIG"] = str(project.home / "wethink.toml")
    with project_instance() as instance, models_kept_open():
        settings = project.settings
        return work(RunDriver(definitions_of(settings), settings, project.store(), instance))


def measured(folder: Path, batches: int, pictures: int, latency: float) -> dict[str, Any]:
    """The full work, then 1% more; figures of both."""
    more = max(1, round(batches / 100))
    clock = Clock()
    with endpoint(latency, 64) as served:
        pipeline = {"batch_size": pictures, "questions_per_image": 2, "concurrency": 64}
        bare = ScriptedProject.make(folder / "bare", served.role(), **pipeline)
        bare.draw(0, 0)
        opened(bare, lambda driver: synthesized(driver, Clock(), "warm"))  # imports, code that runs for the first time
        opened(bare, lambda driver: synthesized(driver, clock, "start-up"))
        project = ScriptedProject.make(folder / "grown", served.role(), **pipeline)
        project.draw(batches * pictures, 0)

        def grow(driver: "RunDriver") -> tuple[int, int, int, int]:
            first = synthesized(driver, clock, "full")
            calls = served.counts()["served"]
            built(driver, clock, "full")
            project.draw(more * pictures, 1)
            second = synthesized(driver, clock, "growth")
            further = served.counts()["served"] - calls
            built(driver, clock, "growth")
            return first, calls, second, further

        first, calls, second, further = opened(project, grow)
    seconds = {
        step: [sum(spent[unit] for what, spent in clock.spent.items() if _counts(what, step)) for unit in (0, 1)]
        for step in ("start-up", "full", "growth")
    }
    above = {step: [seconds[step][unit] - seconds["start-up"][unit] for unit in (0, 1)] for step in ("full", "growth")}
    share = second / first
    return {
        "batches": first,
        "batches more": second,
        "calls": calls,
        "calls more": further,
        "calls, times their share": round(further / calls / share, 3),
        "seconds above start-up, times their share, wall": round(above["growth"][0] / above["full"][0] / share, 3),
        "seconds above start-up, times their share, CPU": round(above["growth"][1] / above["full"][1] / share, 3),
        "ms a known batch, wall": round(1000 * (_scan(clock, 0) - seconds["start-up"][0]) / first, 2),
        "ms a known batch, CPU": round(1000 * (_scan(clock, 1) - seconds["start-up"][1]) / first, 2),
        "seconds (wall, CPU)": {what: [round(part, 2) for part in spent] for what, spent in clock.spent.items()},
    }


def _counts(what: str, step: str) -> bool:
    """Whether a piece of work is synthesis of a step: all but the cut and the build."""
    return what.startswith(f"{step}:") and what.rpartition(" ")[2] in ("observe", "find", "synthesize")


def _scan(clock: Clock, unit: int) -> float:
    """Seconds that the growth step took before it synthesized anything."""
    return clock.spent["growth: observe"][unit] + clock.spent["growth: find"][unit]


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--pictures", type=int, default=8, help="in a batch")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds that a call takes")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wethink-growth-") as folder:
        figures = measured(Path(folder), arguments.batches, arguments.pictures, arguments.latency)
    ratios = [value for name, value in figures.items() if "times their share" in name]
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:50} {value}")
        print("holds" if max(ratios) <= BOUND else "FAILS", f"at most {BOUND} times its share")
    sys.exit(0 if max(ratios) <= BOUND else 1)


if __name__ == "__main__":
    main()
