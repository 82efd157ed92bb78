"""Rows lost and calls repeated under SIGKILL: `wethink run` is killed at random moments and started again at once, beside one left alone.

    python benchmarks/crash.py [--kills 30] [--capacity 8] [--s3] [--seed 0] [--json]

The endpoint's reply is a function of the request, and it logs when each call finished. Pictures arrive in rounds: whenever a run was left
alone long enough to finish, more come in, until enough runs were killed. A second project sees the same pictures arrive and is never
killed. Batches overlap: three are at work when a run is killed. With `--capacity 256 --pictures 480 --batch 80 --span 6` hundreds of calls of
all three are in flight then. Shown, and exit status 1 where it does not hold:

- the tables of all stages and the rows of all versions are the same in both projects, so no row is lost and none differs;
- of the calls that had finished more than 5 seconds before a kill none is made again;
- after each kill the next run makes its first call within 60 seconds, without a manual step;
- every run that was not killed ends well.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.crash_claims import CallLog, claims, first_calls, repeated
from support.scripted_endpoint import EndpointProcess, endpoint
from support.scripted_project import ScriptedProject, s3_store

PATIENCE = 900.0  # seconds that a run may take to finish


@dataclass
class Outcome:
    """What happened to the project that was killed."""

    kills: list[float] = field(default_factory=list)  # unix times
    starts: list[float] = field(default_factory=list)  # unix times
    rounds: int = 0
    failed: list[str] = field(default_factory=list)


def finish(project: ScriptedProject, process: "subprocess.Popen[str]", outcome: Outcome) -> None:
    """Let a run end, and note when it does not end well."""
    try:
        process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        outcome.failed.append(f"a run did not end within {PATIENCE:.0f} s: {project.log_tail()}")
    if process.returncode:
        outcome.failed.append(f"exit status {process.returncode}: {project.log_tail()}")


def lives_until(process: "subprocess.Popen[str]", log: CallLog, moment: float, at_work: bool) -> bool:
    """Wait `moment` seconds, counted from the first call that the run makes if it is to be `at_work`; whether it is still there then."""
    size = log.size()
    while at_work and log.size() == size:
        time.sleep(0.05)
        if process.poll() is not None:
            return False
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        return True
    return False


def killed_often(
    project: ScriptedProject, log: CallLog, kills: int, pictures: int, span: float, chance: random.Random
) -> Outcome:
    """Run it again and again until it was killed `kills` times, then to the end.

    Moments are drawn from 0 to `span` seconds: of one run in four from its start on, so that it may die before it works, else from its
    first call on.
    """
    outcome = Outcome(rounds=1)
    project.draw(pictures, 0)
    while not outcome.failed:
        moment, at_work = chance.uniform(0.0, span), chance.random() < 0.75
        outcome.starts.append(time.time())
        process = project.start("run")
        if len(outcome.kills) < kills and lives_until(process, log, moment, at_work):
            outcome.kills.append(time.time())
            process.send_signal(signal.SIGKILL)
            process.communicate()
            since = "its first call" if at_work else "its start"
            progress = f"kill {len(outcome.kills)} of {kills}, {moment:.1f} s after {since}, round {outcome.rounds}"
            print(progress, file=sys.stderr, flush=True)
            continue
        finish(project, process, outcome)
        if len(outcome.kills) >= kills:
            break
        project.draw(pictures, outcome.rounds)
        outcome.rounds += 1
    return outcome


def never_killed(project: ScriptedProject, rounds: int, pictures: int) -> Outcome:
    """The same pictures in the same rounds."""
    outcome = Outcome(rounds=rounds)
    for number in range(rounds):
        project.draw(pictures, number)
        outcome.starts.append(time.time())
        finish(project, project.start("run"), outcome)
    return outcome


def measured(
    arguments: argparse.Namespace, folder: Path, served: EndpointProcess, log: CallLog, store: Any
) -> dict[str, Any]:
    """Run both projects and compare them."""
    chance = random.Random(arguments.seed)
    pipeline = {"batch_size": arguments.batch, "questions_per_image": 2, "concurrency": 2 * arguments.capacity}
    hit = ScriptedProject.make(folder / "killed", served.role(), store, **pipeline)
    began = time.monotonic()
    outcome = killed_often(hit, log, arguments.kills, arguments.pictures, arguments.span, chance)
    seconds = time.monotonic() - began
    calls = log.calls()
    with endpoint(0.0, max(64, arguments.capacity)) as quick:
        whole = ScriptedProject.make(folder / "whole", quick.role(), **pipeline)
        left_alone = never_killed(whole, outcome.rounds, arguments.pictures)
        needed = quick.counts()["served"]
    ours, theirs = hit.content(), whole.content()
    rows = sum(int(content.split()[0]) for name, content in theirs.items() if name.startswith("version"))
    waits = first_calls(calls, outcome.starts[1:], outcome.kills)
    again = repeated(calls, outcome.kills)
    return {
        "store": "s3" if store else "local",
        "capacity": arguments.capacity,
        "seed": arguments.seed,
        "kills": len(outcome.kills),
        "runs": len(outcome.starts),
        "rounds": outcome.rounds,
        "seconds": round(seconds, 1),
        "tables and versions": len(theirs),
        "that differ": sorted(name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name)),
        "rows in versions": rows,
        "calls": len(calls),
        "calls needed": needed,
        "most often": max(Counter(call for _, call in calls).values(), default=0),
        "repeated, finished > 5 s before a kill": again["long before"],
        "repeated, finished less before": again["just before"],
        "repeated without a kill": again["without a kill"],
        "next run's first call, runs": len(waits),
        "next run's first call, worst s": round(max(waits, default=0.0), 1),
        "next run's first call, median s": round(sorted(waits)[len(waits) // 2], 1) if waits else 0.0,
        "runs that failed": outcome.failed + left_alone.failed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--pictures", type=int, default=96, help="in a round")
    parser.add_argument("--batch", type=int, default=32, help="pictures in a batch")
    parser.add_argument("--span", type=float, default=12.0, help="seconds within which a run is killed")
    parser.add_argument("--capacity", type=int, default=8, help="calls that the endpoint serves at once")
    parser.add_argument("--latency", type=float, default=0.15, help="seconds that a call takes")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--s3", action="store_true", help="results on a real S3 server (SeaweedFS), not in a folder")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wethink-crash-") as name, ExitStack() as stack:
        folder = Path(name)
        log = CallLog(folder / "calls.jsonl")
        store = stack.enter_context(s3_store(folder / "s3")) if arguments.s3 else None
        served = stack.enter_context(endpoint(arguments.latency, arguments.capacity, log.path))
        figures = measured(arguments, folder, served, log, store)
    held = claims(figures, arguments.kills)
    if arguments.json:
        print(json.dumps(figures | {"claims": held}, indent=1))
    else:
        for label, value in figures.items():
            print(f"{label:42} {value}")
        for claim, holds in held.items():
            print(f"{'holds' if holds else 'FAILS':5}  {claim}")
    sys.exit(0 if all(held.values()) else 1)


if __name__ == "__main__":
    main()
