"""Two projects in which commands are ended by signals: one that grows a dataset, and one that trains, scores and serves."""

import json
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.scripted_project import SOURCE, ScriptedProject
from wethink_assets.dataset.edits.edits import export_table, restore_table
from wethink_assets.dataset.versions.rows import scan_rows
from wethink_assets.sources.batches import list_batches
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.support.drawn_version import draw_version
from wethink_assets_tests.support.s3_server import BUCKET, s3_server
from wethink_assets_tests.support.tiny_checkpoint import TINY, save_tiny_checkpoint
from wethink_assets_tests.support.vllm_double import write_python

BATCH = 12
PATIENCE = 600.0  # seconds that a command may take when it is left alone
RECIPES = 400
MODELS = 200  # that can be scored
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
    "table export": _of("table export {batch} questions edits/out-{number}.jsonl"),
    "table replace": _of("table replace {batch} questions edits/{number}.jsonl --editor somebody", weight=2),
    "table restore": _of("table restore {batch} questions --editor somebody"),
    "table history": _of("table history {batch}"),
    "retract": _of("retract {spare} --reason asked --erase --yes", weight=2),
    "push": _of(f"push v0001 --to s3://{BUCKET}/pushed/{{number}}", weight=2),
    "release": _of("release v0001 named-{number}"),
    "releases": _of("releases"),
    "versions": _of("versions"),
    "imports": _of("imports"),
    "budget": _of("budget"),
    "jobs": _of("jobs"),
    "migrate": _of("migrate --apply"),
    "config check": _of("config check"),
    "doctor": _of("doctor"),
    "sample": _of("sample samples/{number}"),
    "browse": _of("browse"),
    "calibrate": _of("calibrate"),
    "embedded train": _of("embedded train --out embedded --resume"),
    "embedded eval": _of("embedded eval"),
    "train": _of("train v0001 {recipe}", "trained", 6),
    "study kinds": _of("study kinds --profile quick --parallel 2 --seeds {seed}", "trained", 4),
    "score": _of("score {scored}", "trained", 4),
    "leaderboard": _of("leaderboard", "trained"),
    "policies": _of("policies", "trained"),
    "study list": _of("study list", "trained"),
    "study show": _of("study show kinds", "trained"),
    "compare": _of("compare m000 m001 --benchmark sample_MMStar --out page.html", "trained"),
    "serve": _of("serve", "trained", 4),
}
ALIKE = dict.fromkeys(("study reward-weights", "study reward-methods", "study sft", "study data-size"), "study kinds")
"""Commands that are no others than one that is measured, but for what they vary."""


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
    ScriptedProject.make(making, {})
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
    for line in ("train v0001 r000", "study kinds --profile quick --parallel 2 --seeds 1", "score m000 m001"):
        left_alone(project, *line.split())  # so that there is something to list, to show and to compare
    return project


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
        **{f"scoring.models.m{number:03d}": {"model": "org/eyes"} for number in range(MODELS)},
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


def first_batch(project: ScriptedProject) -> str:
    """The batch that was grown first."""
    return min(batch for batch in list_batches(project.store()) if batch.startswith(SOURCE))


def edit_table(project: ScriptedProject, batch: str, number: int) -> None:
    """An edited table of the questions of a batch, without the last row of the one in force: `edits/<number>.jsonl`.

    Where two rows are left, all of them are put back first.
    """
    file = project.home / "edits" / f"{number}.jsonl"
    store = project.store()
    if export_table(store, batch, "questions", file).output.results.height < 3:
        restore_table(store, batch, "questions", "somebody")
        file.unlink()
        export_table(store, batch, "questions", file)
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))


def a_spare_image(project: ScriptedProject, number: int) -> str:
    """An image that may be taken down: of any batch but the first, unless there is no other."""
    store = project.store()
    batches = [batch for batch in list_batches(store) if batch.startswith(SOURCE)]
    tables = Tables(store)
    for batch in random.Random(number).sample(batches[1:] or batches, len(batches[1:] or batches)):
        commit = tables.current("images", batch)
        if commit is not None and (found := tables.load_commit(commit).results["image_id"].to_list()):
            return str(random.Random(number).choice(found))
    raise SystemExit("no batch has images that could be taken down")


@contextmanager
def pushed_to(folder: Path) -> Iterator[None]:
    """A service of S3 to which `push` pushes, named to the commands by their environment."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with s3_server(folder) as server:
        os.environ["AWS_ENDPOINT_URL"] = server.endpoint
        os.environ["AWS_ACCESS_KEY_ID"] = server.options["key"]
        os.environ["AWS_SECRET_ACCESS_KEY"] = server.options["secret"]
        yield


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
