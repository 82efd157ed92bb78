"""Every command of `wethink`, each with arguments that reach its work, and what may be said of how it ended.

The commands are read from the application itself, so one that is new is among them: if it needs arguments, `ARGUMENTS` must have some. They are run
in processes forked from one that has imported what they need, since imports take most of the time of a command that fails.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.main import get_command

from wethink_assets.cli import app
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.project import ROOT
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.scored_training_run import published_policy
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut, rows_of

IMAGE, ROW = "{image}", "{row}"
ARGUMENTS: dict[str, list[str]] = {
    "import": ["pairs.jsonl", "--source", "pairs"],
    "sample": ["drawn", "--images", "2"],
    "rebuild": ["v0001"],
    "release": ["v0001", "first"],
    "card": ["v0001"],
    "export": ["v0001", "out/exported"],
    "push": ["v0001", "--to", "s3://no-bucket/x"],
    "duplicates": ["v0001"],
    "browse": ["--static", "out/pages"],
    "explain": [ROW],
    "lineage": ["v0001"],
    "where": [IMAGE],
    "diff": ["v0001", "v0002"],
    "retract": [IMAGE, "--reason", "asked", "--yes"],
    "train": ["v0001", "tiny"],
    "score": ["--benchmark", "mine"],
    "compare": ["v0001.grpo", "base", "--benchmark", "mine"],
    "table export": ["coco.000001", "questions", "out/questions.jsonl"],
    "table replace": ["coco.000001", "questions", "edited.jsonl", "--editor", "me"],
    "table restore": ["coco.000001", "questions"],
    "table history": ["coco.000001"],
    "study show": ["kinds"],
    "embedded train": ["--out", "out/embedded"],
    "embedded eval": ["--n", "4"],
    "verify": ["--all"],
    "gc": ["--delete"],
    "migrate": ["--apply"],
    "doctor": ["--fix"],
}
PATIENCE = 90  # seconds that a command may take on a busy machine
LONG = re.compile(r"embedded|study|run|score|serve|train|calibrate")  # may be at work when its time is over
CONFIG = """
[store]
url = {url}
options = {options}
[pipeline]
prompt_pack = "pack"
[sources.mine]
location = "pictures"
title = "Mine"
licence = "CC0-1.0"
[recipes.tiny]
model = "no-model"
steps = 1
[recipes.grpo]
model = "no-model"
steps = 1
[benchmarks.mine]
path = "mine.tsv"
[scoring]
samples = false
scorer = "own"
"""
_ROLES = ("describer", "reasoner", "adjudicator", "judge", "policy")
_ROLE = '[roles.{}]\nprovider = "endpoint"\nurl = "http://127.0.0.1:9/v1"\nmodel = "none"\n'


def command_names() -> list[str]:
    """All commands, such as `versions` and `table export`. Fails for one that needs arguments which `ARGUMENTS` lacks."""

    def below(command: Any, names: tuple[str, ...]) -> Iterator[str]:
        members = getattr(command, "commands", None)
        if members is None:
            name = " ".join(names)
            needed = [parameter.name for parameter in command.params if parameter.required]
            assert not needed or name in ARGUMENTS, f"ARGUMENTS has none for `{name}`, which needs {needed}"
            yield name
        else:
            for name, member in members.items():
                yield from below(member, (*names, name))

    return list(below(get_command(app), ()))


@dataclass(frozen=True)
class Ended:
    """How a command ended; its code is None where it was still at work when its time was over."""

    command: str
    code: int | None
    output: str
    errors: str

    @property
    def last(self) -> str:
        """The last line of its standard error."""
        lines = [line for line in self.errors.splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def complaints(self) -> list[str]:
        """What is wrong with it: a traceback, an end that nobody foresaw, a failure without a sentence, no end at all."""
        told = self.errors + self.output
        found = []
        if "Traceback (most recent call last)" in told or "Exception ignored" in told:
            found.append("a traceback")
        if "this is a fault of wethink" in told or "unexpected " in self.last:
            found.append(f"unforeseen: {self.last}")
        if self.code is None and not LONG.search(self.command):
            found.append("no end")
        if self.code not in (None, 0, 1, 2, 3):
            found.append(f"exit code {self.code}")
        if self.code == 1 and not self.output.strip() and not _is_sentence(self.last):
            found.append(f"no sentence: {self.last!r}")
        return found


def _is_sentence(line: str) -> bool:
    return len(line.split()) >= 4


def make_home(home: Path, url: str = "data", options: Mapping[str, Any] | None = None) -> dict[str, str]:
    """A project of two versions, one of which was trained on; its row and image, by which arguments name them."""
    shutil.copytree(ROOT / "wethink_assets/synthesis/prompts/standard", home / "pack")
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, home)
    configure(home, url, options)
    pictures = home / "pictures"
    pictures.mkdir()
    (pictures / "1.png").write_bytes(drawing(11))
    (home / "pairs.jsonl").write_text(
        json.dumps({"question": "What colour?", "answer": "red", "image": "pictures/1.png"}) + "\n"
    )
    (home / "edited.jsonl").write_text("{}\n")
    (home / "mine.tsv").write_text("index\timage\tquestion\tanswer\n1\t\twhat\tyes\n")
    store = Store.open(str(home / url) if "://" not in url else url, **(options or {}))
    grower = Grower(store, prompt="Ask about {{ description }}.")
    grower.grow("coco.000001", [(drawing(1), [COLOUR, CHOICE]), (drawing(2), [COLOUR])])
    cut(store)
    grower.grow("gqa.000001", [(drawing(3), [COLOUR])], licence="MIT")
    cut(store)
    published_policy(store, home / "policy")
    row = rows_of(store, "v0001").row(0, named=True)
    return {"image": row["image_id"], "row": row["row_id"]}


def configure(home: Path, url: str = "data", options: Mapping[str, Any] | None = None) -> None:
    """Write its wethink.toml."""
    entries = ", ".join(f"{name} = {json.dumps(value)}" for name, value in (options or {}).items())
    text = CONFIG.format(url=json.dumps(url), options=f"{{ {entries} }}")
    (home / "wethink.toml").write_text(text + "".join(_ROLE.format(role) for role in _ROLES))


class Commands:
    """Runs commands in forks of a process that has imported what they need."""

    def __init__(self, process: "subprocess.Popen[str]", names: Mapping[str, str]) -> None:
        self._process, self._names = process, names

    def run(self, command: str, home: Path, seconds: float = 8, **environment: str) -> Ended:
        """Run a command in a project's folder. One that trains, serves or asks models is ended after so many seconds, others after many."""
        arguments = [part.format(**self._names) for part in ARGUMENTS.get(command, [])]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WETHINK_", "DAGSTER_"))}
        own = {"DAGSTER_HOME": str(home), "WETHINK_CONFIG": str(home / "wethink.toml"), "DO_NOT_TRACK": "1"}
        given = {**kept, **own, "OMP_NUM_THREADS": "1", **environment}  # an empty one is unset
        asked = {
            "arguments": [*command.split(), *arguments],
            "folder": str(home),
            "environment": {name: value for name, value in given.items() if value},
            "seconds": seconds if LONG.search(command) else PATIENCE,
        }
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return Ended(command, **json.loads(self._process.stdout.readline()))


@contextmanager
def forked_commands(names: Mapping[str, str]) -> Iterator[Commands]:
    """Commands, whose arguments name a row and an image so."""
    program: Sequence[str] = [sys.executable, "-m", "wethink_assets_tests.support.forked_commands"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield Commands(process, names)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:  # on a busy machine; it holds nothing
                process.kill()
