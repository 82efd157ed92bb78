"""A project folder as a user has it: wethink.toml, dagster.yaml, sources with a few pictures, nothing else."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wethink_assets.config import Settings, load_settings
from wethink_assets_tests.support.block_images import blocks
from wethink_assets_tests.support.scripted_model import write_pack

ROOT = Path(__file__).parents[2]
DAGSTER_GRAPHQL = str(
    Path(sys.executable).parent / "dagster-graphql"
)  # answers a query on an instance, without a server


@dataclass
class Project:
    """A project in `home`, which is its DAGSTER_HOME too."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a command that works on the project."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WETHINK_", "DAGSTER_"))}
        return {
            **kept,
            "DAGSTER_HOME": str(self.home),
            "WETHINK_CONFIG": str(self.home / "wethink.toml"),
            "OMP_NUM_THREADS": "1",
            "WETHINK_GROWTH__AUTOMATIC": "false",  # a test that wants sensors to start something turns them on
            "DO_NOT_TRACK": "1",
            "DAGSTER_GRPC_TIMEOUT_SECONDS": "300",  # a code server on a busy machine
        }

    @property
    def settings(self) -> Settings:
        """Configuration of the project."""
        return load_settings(self.home / "wethink.toml", {})

    def wethink(self, *arguments: str, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run `wethink` with arguments in the project's folder."""
        done = subprocess.run(
            [sys.executable, "-m", "wethink_assets.cli", *arguments],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert not check or done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a Python module with arguments in the project's folder, in a process group of its own."""
        log = (self.home / "process.log").open("a")
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=self.home,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell's `&` ignores it
        )

    def add_images(self, source: str, count: int, seed: int) -> None:
        """Draw different pictures into a source's folder."""
        folder = self.home / "images" / source
        folder.mkdir(parents=True, exist_ok=True)
        rng = random.Random(f"{source}{seed}")
        for number in range(count):
            blocks(rng, 64, 6, 30).save(folder / f"{seed}-{number}.png")

    def configure(self, sources: list[str], roles: dict[str, dict[str, Any]], pack: str, **pipeline: Any) -> None:
        """Write wethink.toml."""
        told = {"batch_size": 3, "questions_per_image": 2, "concurrency": 8, "prompt_pack": pack, **pipeline}
        lines = ["[pipeline]", *(f"{name} = {json.dumps(value)}" for name, value in told.items())]
        for source in sources:
            lines += [f'[sources."{source}"]', f'location = "images/{source}"']
        for role, values in roles.items():
            lines += [f"[roles.{role}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
        (self.home / "wethink.toml").write_text("\n".join(lines) + "\n")


def make_project(
    home: Path, url: str | None, sources: tuple[str, ...] = ("coco", "geoqa+"), images: int = 3
) -> Project:
    """A project whose models are scripted, behind the endpoint at `url`; without one, the embedded models."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "dagster.yaml", home)
    shutil.copy(ROOT / "workspace.yaml", home)
    project = Project(home)
    for source in sources:
        project.add_images(source, images, seed=0)
    endpoint = {"provider": "endpoint", "url": url, "model": "scripted"} if url else {"provider": "embedded"}
    roles = ("describer", "reasoner", "adjudicator", "judge", "policy")
    pack = write_pack(home / "pack") if url else "embedded"
    project.configure(list(sources), dict.fromkeys(roles, endpoint), pack)
    return project
