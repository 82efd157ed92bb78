"""Seconds that a command takes to end after a signal at a random moment, and what it leaves: processes, half-written files, tracebacks.

    python benchmarks/signals.py [--moments 1000] [--commands run,cut,...] [--seed 0] [--state FOLDER] [--json]

A real project with a scripted endpoint behind every role. Each moment starts a command and sends it SIGTERM or SIGINT (Ctrl-C) at a moment drawn
between its start and the end of its last whole run; of every other one a second signal follows after 0.06 to 1.0 s. Interrupted work is gone on
with by the next moments. With `--state` moments that were measured are kept there, and the same call goes on from them. Shown, and exit status 1
where it does not hold:

- after one signal the command has ended within 2 seconds, after a second one within 0.5;
- 2 seconds after the first signal none of the processes that it started is left;
- its standard error holds no traceback (but for Python's own, while Python itself starts, before a line of ours), and its exit code is 130
  (0 or 1 where it had ended of itself; that of the signal before Python runs);
- in the end `wethink run` goes through all that is left, `wethink verify` finds nothing, every picture is registered once.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from support.scripted_endpoint import endpoint
from support.scripted_project import ScriptedProject

from wethink_assets.sources.batches import list_batches, read_membership
from wethink_assets.storage.local_files import TEMPORARY

WITHIN, AT_ONCE = 2.0, 0.5  # seconds
PATIENCE = 600.0  # that a command may take when it is left alone
PICTURES = 6  # that arrive before a command that looks for them
BATCH = 12
COMMANDS = {
    "run": ["run"],
    "register": ["register"],
    "plan": ["plan"],
    "cut": ["cut"],
    "rebuild": ["rebuild", "v0001"],
    "verify": ["verify"],
    "export": ["export", "v0001", "exports/{number}"],
    "sync": ["sync"],
    "growth": ["growth"],
    "lineage": ["lineage"],
    "doctor": ["doctor"],
    "sample": ["sample", "samples/{number}"],
    "browse": ["browse"],
}
WEIGHT = {"run": 8, "cut": 2, "register": 2, "export": 2, "verify": 2}  # others: 1
FIRST_SPAN = 3.0  # seconds within which a command is signalled that was never left alone


@dataclass(frozen=True)
class Moment:
    """One measured moment; seconds from the first signal and, where there were two, from the second to the end of the command."""

    number: int
    command: str
    sent: tuple[str, ...]
    after: float
    first: float
    second: float
    code: int
    left: tuple[str, ...]
    traceback: str

    @property
    def early(self) -> bool:
        """Whether it came before a line of ours ran, while Python itself started."""
        return bool(self.traceback) and "/wethink_assets/" not in self.traceback

    def faults(self) -> list[str]:
        """What does not hold of it."""
        found = [f"{self.command} left {each}" for each in self.left]
        if self.first > WITHIN:
            found.append(f"{self.command} ended {self.first:.2f} s after the first of {', '.join(self.sent)}")
        if len(self.sent) > 1 and self.second > AT_ONCE:
            found.append(f"{self.command} ended {self.second:.2f} s after the second of {', '.join(self.sent)}")
        if self.traceback and not self.early:
            found.append(f"{self.command} showed a traceback: {self.traceback}")
        if self.code not in (130, 0, 1, -signal.SIGTERM, -signal.SIGINT):
            found.append(f"{self.command} ended with {self.code}")
        return [f"moment {self.number}: {each}, {self.after:.2f} s after its start" for each in found]


class Prober:
    """Measures moments in one project, whose state is kept beside it."""

    def __init__(self, folder: Path, project: ScriptedProject, commands: Sequence[str], seed: int) -> None:
        self._project, self._commands, self._seed = project, commands, seed
        self._file = folder / "moments.jsonl"
        self.moments = [_moment(line) for line in self._lines()]
        self._spans: dict[str, float] = {}

    def _lines(self) -> Iterator[dict[str, Any]]:
        if self._file.exists():
            for line in self._file.read_text().splitlines():
                if line.endswith("}"):  # the last one may be cut short
                    yield json.loads(line)

    def measure(self, count: int) -> None:
        """Measure until there are so many moments in all."""
        number = max((moment.number for moment in self.moments), default=0)
        while len(self.moments) < count:
            number += 1
            moment = self._one(number)
            if moment is None:
                continue
            self.moments.append(moment)
            with self._file.open("a") as file:
                file.write(json.dumps(asdict(moment)) + "\n")
            for fault in moment.faults():
                print(fault, file=sys.stderr, flush=True)

    def _one(self, number: int) -> Moment | None:
        """A moment; None where the command ended before it."""
        chance = random.Random(f"{self._seed} {number}")
        command = chance.choices(self._commands, [WEIGHT.get(name, 1) for name in self._commands])[0]
        if command in ("run", "register"):
            self._project.draw(PICTURES, number)
        after = chance.uniform(0.0, self._spans.get(command, FIRST_SPAN))
        kinds = chance.choices((signal.SIGTERM, signal.SIGINT), k=chance.choice((1, 2)))
        log = self._project.home / "commands.log"
        seen = log.stat().st_size if log.exists() else 0
        began = time.monotonic()
        process = self._project.start(*(part.format(number=number) for part in COMMANDS[command]))
        with process:
            if _ended_within(process, after):
                self._spans[command] = max(0.5, time.monotonic() - began)
                return None
            self._spans[command] = max(self._spans.get(command, 0.0), after * 1.1, FIRST_SPAN)
            second = first = time.monotonic()
            process.send_signal(kinds[0])
            if kinds[1:] and not _ended_within(process, chance.uniform(0.06, 1.0)):
                second = time.monotonic()
                process.send_signal(kinds[1])
            if not _ended_within(process, 60.0):
                process.kill()
            ended = time.monotonic()
        time.sleep(max(0.0, first + WITHIN - time.monotonic()))
        with log.open(errors="replace") as file:
            file.seek(seen)
            said = file.read()
        return Moment(
            number,
            command,
            tuple(kind.name for kind in kinds),
            round(after, 3),
            round(ended - first, 3),
            round(ended - second, 3),
            process.returncode,
            tuple(_left_by(self._project)),
            said[said.find("Traceback") :][-2000:] if "Traceback" in said else "",
        )

    def half_files(self) -> list[str]:
        """Unfinished files in the store."""
        found = (self._project.home / "data").rglob(f"*{TEMPORARY}*")
        return sorted(str(path.relative_to(self._project.home)) for path in found)


def _moment(record: dict[str, Any]) -> Moment:
    return Moment(**{**record, "sent": tuple(record["sent"]), "left": tuple(record["left"])})


def _ended_within(process: "subprocess.Popen[str]", seconds: float) -> bool:
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _left_by(project: ScriptedProject) -> Iterator[str]:
    """Command lines of processes that have the project in their environment; they are ended, so that they disturb no other moment."""
    mark = f"WETHINK_CONFIG={project.home / 'wethink.toml'}".encode()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if line:  # none: it has ended, and nobody asked how
                    os.kill(int(entry.name), signal.SIGKILL)
                    yield line[:200]
        except OSError:
            continue


@contextmanager
def opened(folder: Path, url_role: dict[str, Any]) -> Iterator[ScriptedProject]:
    """The project of a state folder: made and grown once to a first version, then as it was left, with the endpoint's address of today."""
    home = folder / "project"
    if (home / "wethink.toml").exists():
        with tempfile.TemporaryDirectory() as name:
            today = ScriptedProject.make(Path(name, "today"), url_role, **_pipeline())
            shutil.copy(today.home / "wethink.toml", home)
        yield ScriptedProject(home)
        return
    project = ScriptedProject.make(home, url_role, **_pipeline())
    project.draw(BATCH, 0)
    _left_alone(project, "run")
    yield project


def _pipeline() -> dict[str, Any]:
    return {"batch_size": BATCH, "questions_per_image": 1, "concurrency": 32}


def _left_alone(project: ScriptedProject, *arguments: str) -> int:
    process = project.start(*arguments)
    with process:
        process.communicate(timeout=PATIENCE)
    if process.returncode:
        print(f"{arguments}: exit status {process.returncode}: {project.log_tail()}", file=sys.stderr)
    return process.returncode


def measured(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure what is missing, then let the project finish its work, and sum up."""
    commands = arguments.commands.split(",") if arguments.commands else list(COMMANDS)
    with endpoint(arguments.latency, 32) as served, opened(folder, served.role()) as project:
        prober = Prober(folder, project, commands, arguments.seed)
        prober.measure(arguments.moments)
        half = prober.half_files()
        codes = {"run": _left_alone(project, "run"), "verify": _left_alone(project, "verify")}
        store = project.store()
        registered = sum(read_membership(store, batch).height for batch in list_batches(store))
        drawn = sum(path.is_file() for path in (project.home / "images").rglob("*.png"))
    singles = sorted(moment.first for moment in prober.moments if len(moment.sent) == 1)
    doubles = sorted(moment.second for moment in prober.moments if len(moment.sent) == 2)
    return {
        "moments": len(prober.moments),
        "of commands": dict(Counter(moment.command for moment in prober.moments)),
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


def _spread(seconds: list[float]) -> list[float]:
    return [seconds[int(share * (len(seconds) - 1))] for share in (0.5, 0.99, 1.0)] if seconds else []


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=1000)
    parser.add_argument("--commands", default="", help=f"of {','.join(COMMANDS)}; all by default")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds that a call takes")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--state", type=Path, help="folder in which moments and the project are kept")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
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
