"""Environments of peers: packages that a benchmark compares with, installed once into a folder by uv."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def environment(
    folder: Path,
    packages: Sequence[str],
    constraints: str = "",
    options: Sequence[str] = (),
    alone: Sequence[str] = (),
) -> Path:
    """Python of an environment with some packages, made now unless `folder` has it.

    constraints: what a requirements file may say of versions; options: of `uv pip install`; alone: packages that are installed without what they
    depend on. Raises `RuntimeError` with what uv said.
    """
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    python, done_before = folder / "venv/bin/python", folder / "done"
    if done_before.exists():
        return python
    folder.mkdir(parents=True, exist_ok=True)
    bounds = folder / "constraints.txt"
    bounds.write_text(constraints)
    install = [uv, "pip", "install", "-q", "--python", str(python)]
    commands = [
        [uv, "venv", "-q", "--python", sys.executable, str(folder / "venv")],
        [*install, "--constraints", str(bounds), *options, *packages],
        *([[*install, "--no-deps", *alone]] if alone else []),
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"not installed: {done.stderr.strip()[-400:]}")
    done_before.touch()
    return python
