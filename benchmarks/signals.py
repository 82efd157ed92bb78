"""Seconds that a command takes to end after a signal at a random moment, and what it leaves: processes, half-written files, tracebacks.

    python benchmarks/signals.py [--moments 1000] [--commands run,cut,...] [--seed 0] [--state FOLDER] [--priority "chrt -r 20"] [--json]

Two real projects: one grows, with a scripted endpoint behind every role; one trains, studies, scores and serves, with a tiny model, trainings
behind a launcher that stays, and servers that take no SIGTERM. Each moment starts a command and sends it SIGTERM or SIGINT (Ctrl-C) at a moment
drawn over its life, from its start, imports included, to its end or 12 seconds, as it is when it is left alone; of every other one a second
signal follows after 0.06 to 1.0 s. Interrupted work is gone on with by the next moments. With `--state` moments that were measured are kept
there, and the same call goes on from them. `--priority` is put before this program, and so before each command that it measures: on a busy machine
seconds are its neighbours' otherwise. A moment in which this program itself got no processor for a quarter of a second, by a clock that ticks in a
thread of it, tells nothing of the command: it is counted as such and drawn anew. Shown, and exit status 1 where it does not hold:

- after one signal the command has ended within 2 seconds, after a second one within 0.5;
- when it has ended, and 2 seconds after the first signal at the latest, none of the processes that it started is left, by a mark in their
  environment;
- its standard error holds no traceback (but for Python's own, while Python itself starts, before a line of ours), and its exit code is 130
  (0 or 1 where it had ended of itself; that of the signal before Python runs);
- in the end `run`, `train`, `study` and `score` go through what is left, every picture is registered once, and `verify` and `verify --all` (once
  what killed commands left is sealed) find nothing in either store.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from support.scripted_endpoint import endpoint
from support.scripted_project import SOURCE, ScriptedProject
from support.signalled_moments import WITHIN, Moment, Ticks
from support.signalled_projects import (
    ALIKE,
    COMMANDS,
    RECIPES,
    a_row,
    a_spare_image,
    draw_pairs,
    edit_table,
    end_left,
    first_batch,
    grown_project,
    left_alone,
    left_by,
    pushed_to,
    trained_project,
)

from wethink_assets.sources.batches import list_batches, read_membership
from wethink_assets.storage.local_files import TEMPORARY
from wethink_assets_tests.support.every_command import command_names

PICTURES = 6  # that arrive before a command that looks for them
PRIORITY = "SIGNALS_PRIORITY"  # in the environment: this program runs with it
ENDLESS = 12.0  # seconds after which a command counts as one that ends by a signal alone, or is long enough


class Prober:
    """Measures moments in the projects of a state folder."""

    def __init__(self, folder: Path, projects: dict[str, ScriptedProject], arguments: argparse.Namespace) -> None:
        self.projects = projects
        self._commands = arguments.commands.split(",") if arguments.commands else list(COMMANDS)
        self._seed = arguments.seed
        self._file = folder / "moments.jsonl"
        self.moments = [Moment.of(line) for line in self._lines()]
        self._row = a_row(projects["grown"])
        self._batch = first_batch(projects["grown"])
        self._ticks = Ticks()
        self.held_up = 0
        self._whole = folder / "whole.json"  # seconds of each command that was left alone
        self._spans = json.loads(self._whole.read_text()) if self._whole.exists() else {}

    def _lines(self) -> Iterator[dict[str, Any]]:
        if self._file.exists():
            for line in self._file.read_text().splitlines():
                if line.endswith("}"):  # the last one may be cut short
                    yield json.loads(line)

    def measure(self, count: int) -> None:
        """Measure until there are so many moments in all."""
        self._leave_each_alone()
        number = max((moment.number for moment in self.moments), default=0)
        while len(self.moments) < count:
            number += 1
            moment = self._one(number)
            if moment is None:
                continue
            if moment.held_up:
                self.held_up += 1
                continue
            self.moments.append(moment)
            with self._file.open("a") as file:
                file.write(json.dumps(asdict(moment)) + "\n")
            for fault in moment.faults():
                print(fault, file=sys.stderr, flush=True)
            if len(self.moments) % 50 == 0:
                print(f"{len(self.moments)} of {count} moments", file=sys.stderr, flush=True)

    def _leave_each_alone(self) -> None:
        # Moments are drawn over the whole life of a command, so that it has to be known before the first.
        for place, command in enumerate(name for name in self._commands if name not in self._spans):
            project = self._prepared(command, 900_000 + place)
            began = time.monotonic()
            with project.start(*self.arguments(command, 900_000 + place)) as process:
                if not _ended_within(process, ENDLESS):
                    process.send_signal(signal.SIGTERM)
                self._spans[command] = time.monotonic() - began
            self._whole.write_text(json.dumps(self._spans, indent=1))

    def _prepared(self, command: str, number: int) -> ScriptedProject:
        """The project of a command, with something for it to do."""
        project = self.projects[COMMANDS[command].project]
        if command in ("run", "register"):
            project.draw(PICTURES, number)
        if command == "import":
            draw_pairs(project, number)
        if command == "table replace":
            edit_table(project, self._batch, number)
        return project

    def arguments(self, command: str, number: int) -> list[str]:
        """Arguments of a command. Trainings, studies and what they are scored by begin the next one where the last is finished."""
        home = self.projects["trained"].home
        trained = {json.loads(path.read_text())["key"] for path in home.glob("data/policies/*/policy.json")}
        recipe = next(name for n in range(RECIPES) if f"v0001.{(name := f'r{n:03d}')}" not in trained)
        seed = 1 + len(list(home.glob("data/studies/kinds/*/study.json")))
        scored = len({path.parents[2] for path in home.glob("data/scores/*/*/*/score.json")})
        spare = a_spare_image(self.projects["grown"], number) if command == "retract" else ""
        named = {"number": number, "recipe": recipe, "seed": seed, "spare": spare, "batch": self._batch, **self._row}
        named["scored"] = f"m{scored:03d}"
        return [part.format(**named) for part in COMMANDS[command].arguments]

    def _one(self, number: int) -> Moment | None:
        """A moment; None where the command ended before it."""
        chance = random.Random(f"{self._seed} {number}")
        command = chance.choices(self._commands, [COMMANDS[name].weight for name in self._commands])[0]
        project = self._prepared(command, number)
        after = chance.uniform(0.0, self._spans[command])
        kinds = chance.choices((signal.SIGTERM, signal.SIGINT), k=chance.choice((1, 2)))
        log = project.home / "commands.log"
        seen = log.stat().st_size if log.exists() else 0
        self._ticks.begin()
        began = time.monotonic()
        process = project.start(*self.arguments(command, number))
        with process:
            if _ended_within(process, after):
                list(
                    end_left(project)
                )  # servers see by themselves that nobody uses them, later: they are not the next command's
                return None
            sent = 1
            second = first = time.monotonic()
            process.send_signal(kinds[0])
            if kinds[1:] and not _ended_within(process, chance.uniform(0.06, 1.0)):
                sent = 2
                second = time.monotonic()
                process.send_signal(kinds[1])
            if not _ended_within(process, 60.0):
                process.kill()
            ended = time.monotonic()
        if any(left_by(project)):
            time.sleep(max(0.0, first + WITHIN - time.monotonic()))
        with log.open(errors="replace") as file:
            file.seek(seen)
            said = file.read()
        return Moment(
            number,
            command,
            tuple(kind.name for kind in kinds[:sent]),
            round(first - began, 3),
            round(ended - first, 3),
            round(ended - second, 3),
            process.returncode,
            tuple(end_left(project)),
            said[said.find("Traceback") :][-2000:] if "Traceback" in said else "",
            round(self._ticks.longest(), 3),
        )

    def half_files(self) -> list[str]:
        """Unfinished files in the stores."""
        found = (path for each in self.projects.values() for path in (each.home / "data").rglob(f"*{TEMPORARY}*"))
        return sorted(map(str, found))


def _ended_within(process: "subprocess.Popen[str]", seconds: float) -> bool:
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def measured(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure what is missing, then let the projects finish their work, and sum up."""
    load = [os.getloadavg()[0]]
    with endpoint(arguments.latency, 32) as served, pushed_to(folder / "pushed"):
        grown = grown_project(folder / "project", served.role())
        projects = {"grown": grown, "trained": trained_project(folder / "trained")}
        prober = Prober(folder, projects, arguments)
        prober.measure(arguments.moments)
        half = prober.half_files()
        load.append(os.getloadavg()[0])
        codes = {
            command: left_alone(projects[COMMANDS[command].project], *prober.arguments(command, 0))
            for command in ("run", "verify", "train", "study kinds", "score")
        }
        for name, project in projects.items():
            codes[f"seal of {name}"] = left_alone(project, "seal")
            codes[f"verify --all of {name}"] = left_alone(project, "verify", "--all")
        store = grown.store()
        batches = [batch for batch in list_batches(store) if batch.startswith(SOURCE)]
        registered = sum(read_membership(store, batch).height for batch in batches)
        drawn = sum(path.is_file() for path in (grown.home / "images").rglob("*.png"))
    singles = sorted(moment.first for moment in prober.moments if len(moment.sent) == 1)
    doubles = sorted(moment.second for moment in prober.moments if len(moment.sent) == 2)
    return {
        "moments": len(prober.moments),
        "moments drawn anew, as this program was held up itself": prober.held_up,
        "load before and after": load,
        "of commands: moments, then seconds after the first signal: median, 99%, worst": {
            name: (len(firsts), *_spread(firsts)) for name, firsts in sorted(_by_command(prober.moments).items())
        },
        "one signal": len(singles),
        "seconds after it: median, 99%, worst": _spread(singles),
        "two signals": len(doubles),
        "seconds after the second: median, 99%, worst": _spread(doubles),
        "exit codes": dict(Counter(str(moment.code) for moment in prober.moments)),
        "processes left": sum(len(moment.left) for moment in prober.moments),
        "tracebacks": sum(bool(moment.traceback) and not moment.early for moment in prober.moments),
        "tracebacks of Python's own start": sum(moment.early for moment in prober.moments),
        "half-written files": len(half),
        "pictures drawn": drawn,
        "pictures registered": registered,
        "exit codes in the end": codes,
        "faults": [fault for moment in prober.moments for fault in moment.faults()],
    }


def _by_command(moments: list[Moment]) -> dict[str, list[float]]:
    firsts: dict[str, list[float]] = {}
    for moment in moments:
        firsts.setdefault(moment.command, []).append(moment.first)
    return {name: sorted(seconds) for name, seconds in firsts.items()}


def _spread(seconds: list[float]) -> list[float]:
    return [seconds[int(share * (len(seconds) - 1))] for share in (0.5, 0.99, 1.0)] if seconds else []


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=1000)
    parser.add_argument("--commands", default="", help=f"of {','.join(COMMANDS)}; all by default")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds that a call takes")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--state", type=Path, help="folder in which moments and the project are kept")
    parser.add_argument("--priority", default="", help="put before this program: chrt -r 20, nice")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.priority and PRIORITY not in os.environ:
        prefix = arguments.priority.split()
        os.execvpe(prefix[0], [*prefix, sys.executable, *sys.argv], {**os.environ, PRIORITY: arguments.priority})
    if unmeasured := set(command_names()) - {name.partition(" --")[0] for name in COMMANDS} - set(ALIKE):
        parser.error(
            f"no arguments are known for {', '.join(sorted(unmeasured))}: see COMMANDS of support.signalled_projects"
        )
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's `&` has it ignored, by all that is started here
    with tempfile.TemporaryDirectory(prefix="wethink-signals-") as name:
        folder = arguments.state or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        figures = measured(arguments, folder)
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        for label, value in figures.items():
            print(f"{label:46} {value}")
    whole = figures["pictures registered"] == figures["pictures drawn"] and not any(
        figures["exit codes in the end"].values()
    )
    sys.exit(0 if whole and not figures["faults"] else 1)


if __name__ == "__main__":
    main()
