"""Mutated files of every format, registered and ingested: nothing that a file holds may end a batch or escape the count.

    python benchmarks/mutations.py [--count 1000000] [--seed 1] [--state mutations.json] [--formats "tiff, big" zip] [--scratch /dev/shm]

A million takes an hour of one core; a run that was stopped goes on where its state says, which has the commits that it was run on too. Two
ranges (`--first`, `--count`) with a state each keep two cores busy. Each mutation is known by seed and number:
`--first N --count 1` does one again and says what it was. They are ingested by a process of its own, a hundred to a source; when that dies,
takes too long, or finds a fault, each of the hundred is done again by itself, and the one at fault is told.

Faults: an exception; a file that is neither image nor rejection, or both; an unknown reason; a file in no count; anything written outside
the store or onto the terminal; more than 5 CPU-seconds or 1200 MiB. Exit code 1 when there was one.
"""

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROUND = 100
PATIENCE = 60.0  # CPU seconds of one round after which its process is ended


class Worker:
    """A process that ingests mutations, and what it writes where nothing should be written."""

    def __init__(self, options: argparse.Namespace, scratch: Path) -> None:
        self._terminal = tempfile.TemporaryFile()  # noqa: SIM115 # as long as the process lives
        command = [sys.executable, __file__, "--work", "--seed", str(options.seed), "--scratch", str(scratch)]
        command += ["--formats", *options.formats] if options.formats else []
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._terminal, cwd=scratch
        )

    def ingest(self, first: int, count: int) -> dict[str, Any]:
        """The round of some mutations as a table; `faults` tells of a process that died or had to be ended too."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        before = self._cpu()
        try:
            stdin.write(f"{first} {count}\n".encode())
            stdin.flush()
        except BrokenPipeError:
            return self._ended("died before it began")
        while not select.select([stdout], [], [], 5.0)[0]:
            if self._cpu() - before > PATIENCE:
                self._process.kill()
                return self._ended(f"more than {PATIENCE:.0f} CPU-seconds")
        line = stdout.readline()
        if not line:
            return self._ended("died")
        result: dict[str, Any] = json.loads(line)
        if text := self._printed():
            result["faults"].append(f"printed: {text}")
        return result

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """End the process."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()

    def _ended(self, why: str) -> dict[str, Any]:
        code = self._process.wait()
        return {"faults": [f"{why}, exit code {code}: {self._printed()}"], "outcomes": {}, "seconds": 0.0, "peak": 0}

    def _printed(self) -> str:
        self._terminal.seek(0)
        text = self._terminal.read().decode("utf-8", "replace")
        self._terminal.truncate(0)
        return text[-1500:]

    def _cpu(self) -> float:
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def work(options: argparse.Namespace) -> None:
    """What the worker does: a round for each line of `first count`, answered by a line of JSON."""
    from wethink_assets_tests.support.file_mutations import mutation
    from wethink_assets_tests.support.mutated_sources import ingest_mutations

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever is printed is a fault
    scratch = Path(options.scratch)
    for line in sys.stdin:
        first, count = map(int, line.split())
        mutations = [mutation(options.seed, number, tuple(options.formats)) for number in range(first, first + count)]
        result = ingest_mutations(mutations, scratch)
        table = {
            "faults": result.faults,
            "outcomes": dict(result.outcomes),
            "seconds": result.seconds,
            "peak": result.peak,
        }
        if count == 1:
            table["mutation"] = f"{mutations[0].format}: {mutations[0].changes}"
        answers.write(json.dumps(table) + "\n")
        answers.flush()


def _commit() -> str:
    """The commit that is checked out here, with `+` where files differ from it; empty outside a repository."""
    told = [
        subprocess.run(["git", *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
        for arguments in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
    ]
    return told[0].stdout.strip() + "+" * bool(told[1].stdout.strip())


def one_by_one(options: argparse.Namespace, folder: str, first: int, count: int) -> list[dict[str, Any]]:
    """Faults of a round's mutations, each by itself; what shows only together is told as such."""
    faults: list[dict[str, Any]] = []
    worker = None
    for number in range(first, first + count):
        if worker is None or not worker.alive:
            worker = Worker(options, Path(tempfile.mkdtemp(dir=folder)))
        result = worker.ingest(number, 1)
        if result["faults"]:
            faults.append({"number": number, "faults": result["faults"], "mutation": result.get("mutation", "")})
    if worker:
        worker.close()
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000, help="mutations in all")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--seed", type=int, default=1, help="mutations of another seed are others")
    parser.add_argument("--state", type=Path, help="JSON file of the state, from which a run goes on")
    parser.add_argument(
        "--scratch", default="/dev/shm" if Path("/dev/shm").is_dir() else None, help="where files are put"
    )
    parser.add_argument("--formats", nargs="*", default=[], help="of these formats alone")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options)
        return
    state: dict[str, Any] = {"next": options.first, "faults": [], "outcomes": {}, "seconds": 0.0, "peak": 0}
    if options.state and options.state.exists():
        state = json.loads(options.state.read_text())
    commits: dict[str, int] = state.setdefault("commits", {})
    commit = _commit()
    outcomes = Counter(state["outcomes"])
    last, begun = options.first + options.count, time.monotonic()
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="mutations-") as folder:
        worker = Worker(options, Path(tempfile.mkdtemp(dir=folder)))
        while state["next"] < last:
            first, count = state["next"], min(ROUND, last - state["next"])
            result = worker.ingest(first, count)
            if result["faults"]:
                alone = one_by_one(options, folder, first, count)
                for fault in alone or [{"number": first, "faults": result["faults"], "mutation": f"{count} together"}]:
                    print(json.dumps(fault), flush=True)
                    state["faults"].append(fault)
            if not worker.alive:
                worker = Worker(options, Path(tempfile.mkdtemp(dir=folder)))
            outcomes.update(result["outcomes"])
            state.update(next=first + count, outcomes=dict(sorted(outcomes.items())))
            commits[commit] = commits.get(commit, 0) + count
            state["seconds"] += result["seconds"]
            state["peak"] = max(state["peak"], result["peak"])
            if options.state:
                beside = options.state.with_suffix(".new")
                beside.write_text(json.dumps(state, indent=1))
                beside.replace(options.state)
        worker.close()
    print(f"{options.count} mutations, {sum(outcomes.values())} outcomes, {len(state['faults'])} at fault")
    print(
        f"{state['seconds']:.0f} CPU-seconds, {state['peak'] >> 20} MiB at the peak, {time.monotonic() - begun:.0f} s"
    )
    sys.exit(bool(state["faults"]))


if __name__ == "__main__":
    main()
