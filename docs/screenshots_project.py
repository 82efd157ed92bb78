"""What project do the pictures of docs/images/ show?

One that grew for two rounds with the embedded models: two versions, a policy trained on the first, and a third round in which a
model's server could not be reached, so that a batch failed. Then a setting was changed.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from wethink_assets_tests.support.opened_project import opened
from wethink_assets_tests.support.project import ROOT, Project

SOURCES = ("chartqa", "coco", "docvqa", "geoqa+", "gqa")
IMAGES = 216  # drawn each round over all 18 sources: twelve for each of ours
FAILED = "coco.000003"
STEPS_TRAINED = 5  # what the pages look like does not depend on what is learnt
UNREACHABLE = "http://gpu-1:8000/v1"
NIGHT = '\n[budgets.nightly]\ncalls = 20000\n\n[growth]\ntrain = ["grpo-short"]\n'


class Shown(Project):
    """A project whose sensors are on from the start, as they are unless somebody turns them off."""

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a command that works on the project."""
        return {name: value for name, value in super().environment.items() if name != "WETHINK_GROWTH__AUTOMATIC"}


def grown(home: Path) -> Project:
    """The project in `home`, grown from where it is by the steps that it lacks."""
    project = Shown(home)
    taken = home / "steps.txt"
    for step in STEPS[len(taken.read_text().split()) if taken.exists() else 0 :]:
        step(project)
        with taken.open("a") as file:
            file.write(f"{step.__name__}\n")
    return project


def start(project: Project) -> None:
    """The configuration as it is shipped, with five sources."""
    project.home.mkdir(parents=True, exist_ok=True)
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, project.home)
    tables = re.split(r"(?m)^(?=\[)", (ROOT / "wethink.toml").read_text())
    ours = [f'[sources.{name}]\nlocation = "images/{name.strip(chr(34))}"\n' for name in map(_key, SOURCES)]
    kept = [table for table in tables if not table.startswith(("[sample]", "[sources"))]
    told = "".join([*kept, "\n", *ours, NIGHT]).replace("in_main_run = true", "in_main_run = false")
    (project.home / "wethink.toml").write_text(told.replace("steps = 15", f"steps = {STEPS_TRAINED}"))


def first_round(project: Project) -> None:
    """A version of five batches."""
    _draw(project, 0)
    _say(project.wethink("run"))


def trained(project: Project) -> None:
    """A policy trained on it."""
    _say(project.wethink("train", "v0001", "grpo-short"))


def second_round(project: Project) -> None:
    """Five batches more, and a version of all."""
    _draw(project, 1)
    _say(project.wethink("run"))


def third_round(project: Project) -> None:
    """A batch whose describer is on a server that does not answer."""
    _draw(project, 2, ("coco",))
    project.wethink("register", "coco")
    configuration = project.home / "wethink.toml"
    before = configuration.read_text()
    away = f'[roles.describer]\nprovider = "endpoint"\nurl = "{UNREACHABLE}"\n'
    configuration.write_text(before.replace('[roles.describer]\nprovider = "embedded"\n', away))
    try:
        with opened(project) as it:
            unfinished, _ = it.driver.unfinished()
            print(it.driver.synthesize(FAILED, unfinished[FAILED]).failures, flush=True)
    finally:
        configuration.write_text(before)


def changed(project: Project) -> None:
    """Another temperature of the reasoner: what it took part in is stale, and nothing runs again by itself."""
    configuration = project.home / "wethink.toml"
    configuration.write_text(configuration.read_text().replace("temperature = 0.7", "temperature = 0.5"))


STEPS: tuple[Callable[[Project], None], ...] = (start, first_round, trained, second_round, third_round, changed)


def _key(source: str) -> str:
    return source if re.fullmatch(r"[\w-]+", source) else f'"{source}"'


def _draw(project: Project, seed: int, sources: tuple[str, ...] = SOURCES) -> None:
    from wethink_assets.sources.sample import draw_samples

    with tempfile.TemporaryDirectory() as temporary:
        draw_samples(Path(temporary), IMAGES, seed, 0.25)
        for source in sources:
            for number, path in enumerate(sorted((Path(temporary) / "images" / source).rglob("*.*"))):
                target = project.home / "images" / source / f"{seed}-{number:02}{path.suffix}"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def _say(done: subprocess.CompletedProcess[str]) -> None:
    print(done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.returncode, flush=True)
