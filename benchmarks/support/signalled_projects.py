"""Two projects in which commands are ended by signals: one that grows a dataset, and one that trains, scores and serves."""

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.scripted_project import ScriptedProject
from wethink_assets.dataset.versions.rows import scan_rows
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.drawn_version import draw_version
from wethink_assets_tests.support.tiny_checkpoint import TINY, save_tiny_checkpoint
from wethink_assets_tests.support.vllm_double import write_python

BATCH = 12
PATIENCE = 600.0  # seconds that a command may take when it is left alone
RECIPES = 400
STEPS = 12


@dataclass(frozen=True)
class Signalled:
    """A command that is ended: its arguments (`{number}` is the moment's), its project, and how often it is drawn beside others."""

    arguments: tuple[str, ...]
    project: str = "grown"
    weight: int = 1


def _of(line: str, project: str = "grown", weight: int = 1) -> Signalled:
    return Signalled(tuple(line.split()), project, weight)


COMMANDS = {
    "run": _of("run", weight=8),
    "register": _of("register", weight=2),
    "import": _of("import imported/{number}.jsonl --source mine --licence MIT --from jsonl --missing mark"),
    "plan": _of("plan"),
    "cut": _of("cut", weight=2),
    "rebuild": _of("rebuild v0001"),
    "verify": _of("verify", weight=2),
    "verify --all": _of("verify --all"),
    "seal": _of("seal"),
    "gc": _of("gc --delete --older-than 1"),
    "export": _of("export v0001 exports/{number}", weight=2),
    "explain": _of("explain {row}"),
    "where": _of("where {image}"),
    "diff": _of("diff v0001 v0001"),
    "duplicates": _of("duplicates v0001"),
    "card": _of("card v0001"),
    "sync": _of("sync"),
    "growth": _of("growth"),
    "lineage": _of("lineage v0001"),
    "doctor": _of("doctor"),
    "sample": _of("sample samples/{number}"),
    "browse": _of("browse"),
    "calibrate": _of("calibrate"),
    "embedded train": _of("embedded train --out embedded --resume"),
    "embedded eval": _of("embedded eval"),
    "train": _of("train v0001 {recipe}", "trained", 6),
    "study": _of("study kinds --profile quick --parallel 2 --seeds {seed}", "trained", 4),
    "score": _of("score", "trained", 4),
    "leaderboard": _of("leaderboard", "trained"),
    "compare": _of("compare base v0001.r000 --benchmark sample_MMStar --out page.html", "trained"),
    "serve": _of("serve", "trained", 4),
}


def grown_project(home: Path, role: Mapping[str, Any]) -> ScriptedProject:
    """The project that grows: made and grown once to a first version, then as it was left, with the endpoint's address of today."""
    if (home / "wethink.toml").exists():
        with tempfile.TemporaryDirectory() as name:
            today = ScriptedProject.make(Path(name, "today"), role, **_pipeline())
            shutil.copy(today.home / "wethink.toml", home)
        return ScriptedProject(home)
    project = ScriptedProject.make(home, role, **_pipeline())
    project.draw(BATCH, 0)
    left_alone(project, "run")
    return project


def _pipeline() -> dict[str, Any]:
    return {"batch_size": BATCH, "questions_per_image": 1, "concurrency": 32}


def trained_project(home: Path) -> ScriptedProject:
    """The project that trains: a drawn version, recipes `r000`, `r001`, ... of a tiny model, one behind a launcher for studies, and model servers."""
    project = ScriptedProject(home)
    if (home / "wethink.toml").exists():
        return project
    making = home.with_name(f"{home.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    made = ScriptedProject.make(making, {})
    draw_version(Store.open(str(making / "data")), train=24, validation=3)
    save_tiny_checkpoint(making / "tiny")
    (making / "server").mkdir()
    write_python(making / "server")
    wrapper = making / "launcher"
    wrapper.write_text('#!/bin/bash\n"$@"\n')  # stays beside what it starts, as launchers do
    wrapper.chmod(0o755)
    making.rename(home)
    (home / "wethink.toml").write_text(_configuration(home))
    python = home / "server" / "python"
    python.write_text(python.read_text().replace(str(making), str(home)))
    return ScriptedProject(made.home.with_name(home.name))


def _configuration(home: Path) -> str:
    recipe = {**TINY, "model": str(home / "tiny"), "steps": STEPS}
    tables: dict[str, Mapping[str, Any]] = {
        "store": {"url": "data"},
        "pipeline": {"prompt_pack": "embedded"},
        "studies": {"recipe": "launched", "scenes": 4},
        "scoring": {"server": "eyes", "benchmarks": ["sample_MMStar"], "sample_questions": 12},
        "servers.eyes": {
            "model": "org/eyes",
            "python": str(home / "server" / "python"),
            "weights": 0.01,
            "kv_cache": 0.01,
            "device": "cpu",
            "replicas": 2,
            "env": {"WETHINK_TEST_FAULT": "stubborn"},  # it and its child take no SIGTERM
        },
        "roles.describer": {"server": "eyes"},
        "recipes.launched": recipe,
        "recipes.launched.launcher": {"command": [str(home / "launcher"), sys.executable]},
        **{f"recipes.r{number:03d}": {**recipe, "seed": number} for number in range(RECIPES)},
    }
    return "".join(f"[{name}]\n{''.join(map(_entry, table.items()))}" for name, table in tables.items())


def _entry(entry: tuple[str, Any]) -> str:
    name, value = entry
    if isinstance(value, Mapping):
        return f"{name} = {{ {', '.join(_entry(each).strip() for each in value.items())} }}\n"
    return f"{name} = {json.dumps(value)}\n"


def draw_pairs(project: ScriptedProject, number: int) -> None:
    """Pairs to import, of pictures that its source has not: `imported/<number>.jsonl`."""
    folder = project.home / "imported"
    other = ScriptedProject(folder / f"{number}")
    other.draw(3, 500_000 + number)
    lines = []
    for picture in sorted((other.home / "images" / "coco").iterdir()):
        problem = f"Which colour is most of picture {picture.stem}?"
        image = str(picture.relative_to(folder))
        lines.append(json.dumps({"image": image, "problem": problem, "answer": "red", "kind": "FIB"}) + "\n")
    (folder / f"{number}.jsonl").write_text("".join(lines))


def a_row(project: ScriptedProject) -> dict[str, str]:
    """A row of the first version, and its image."""
    row = scan_rows(project.store(), "v0001").select("row_id", "image_id").head(1).collect().row(0, named=True)
    return {"row": str(row["row_id"]), "image": str(row["image_id"])}


def left_alone(project: ScriptedProject, *arguments: str) -> int:
    """Let a command go through; its exit status."""
    process = project.start(*arguments)
    with process:
        process.communicate(timeout=PATIENCE)
    if process.returncode:
        print(f"{arguments}: exit status {process.returncode}: {project.log_tail()}", file=sys.stderr)
    return process.returncode


def left_by(project: ScriptedProject) -> Iterator[tuple[int, str]]:
    """Processes that have the project in their environment, and their command lines."""
    mark = f"WETHINK_CONFIG={project.home / 'wethink.toml'}".encode()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if line:  # none: it has ended, and nobody asked how
                    yield int(entry.name), line[:200]
        except OSError:
            continue


def end_left(project: ScriptedProject) -> Iterator[str]:
    """Command lines of processes that are left; they are ended, so that they disturb no other moment."""
    for process, line in left_by(project):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
            yield line
