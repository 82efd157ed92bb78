"""The build of torch for a machine: CUDA libraries only where a GPU can use them.

Without a GPU it is the CPU build: from local wheels that pip was told of, else from PyTorch's CPU index; the package index has only the CUDA
build for Linux. Standard library alone: it runs before anything is installed.
"""

from __future__ import annotations

import ast
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlparse

CPU_INDEX = ("--torch-backend", "cpu")
WHEEL_SYSTEMS = {"Darwin": "macosx", "Linux": "linux"}


@dataclass(frozen=True)
class Torch:
    """A build of torch, where it comes from, why, and uv's options that bring it about."""

    build: str
    source: str
    reason: str
    options: tuple[str, ...]


def torch_for(
    build: str, reason: str, python: tuple[int, int], links: Sequence[str], system: str = platform.system()
) -> Torch:
    """Where a build comes from on this machine. `links` are folders and pages in which pip was told to look for wheels."""
    if build == "cuda":
        # "2.13.0+cpu" is a later version than "2.13.0": beside such wheels uv would not take the CUDA build.
        others = [link for link in links if not any(_is_cpu_torch(wheel.name) for wheel in wheels_in(link))]
        return Torch(build, "with CUDA from the package index", reason, link_options(others))
    if system != "Linux":
        return Torch(build, f"from the package index, without CUDA on {system}", reason, link_options(links))
    for link in links:
        if any(_is_cpu_torch(wheel.name) and fits(wheel.name, python) for wheel in wheels_in(link)):
            return Torch(build, f"from the local wheels in {link}", reason, link_options(links))
    return Torch(build, "from PyTorch's CPU index", reason, (*CPU_INDEX, *link_options(links)))


def _is_cpu_torch(wheel: str) -> bool:
    return re.match(r"torch-[^-]+\+cpu-", wheel) is not None


def find_gpu() -> str | None:
    """The name of this machine's first NVIDIA GPU, else None."""
    query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):  # containers may have the device and not the tool
        return next((str(path) for path in sorted(Path("/dev").glob("nvidia[0-9]*"))), None)
    names = done.stdout.strip().splitlines() if done.returncode == 0 else []
    return names[0] if names else None


@cache
def find_links(python: Path) -> tuple[str, ...]:
    """Where a Python's pip was told to look for wheels, by its environment variable or its configuration files."""
    done = subprocess.run([str(python), "-m", "pip", "config", "list"], capture_output=True, text=True)
    links = os.environ.get("PIP_FIND_LINKS", "").split()
    for line in done.stdout.splitlines() if done.returncode == 0 else []:
        key, _, value = line.partition("=")
        if key in ("global.find-links", "install.find-links"):
            links += ast.literal_eval(value).split()
    return tuple(dict.fromkeys(links))


def link_options(links: Sequence[str]) -> tuple[str, ...]:
    """The links as uv's options: it does not read pip's configuration."""
    return tuple(part for link in links for part in ("--find-links", link))


def wheels_in(link: str) -> list[Path]:
    """The wheels of a local folder; a page elsewhere is uv's to read."""
    url = urlparse(link)
    if url.scheme not in ("", "file"):
        return []
    return sorted(Path(unquote(url.path) if url.scheme else link).expanduser().glob("*.whl"))


def fits(
    wheel: str, python: tuple[int, int], system: str = platform.system(), machine: str = platform.machine()
) -> bool:
    """Whether a wheel's tags are of this Python, system and processor."""
    pythons, abi, platforms = wheel.removesuffix(".whl").split("-")[-3:]
    tags = pythons.split(".")
    python_fits = f"cp{python[0]}{python[1]}" in tags or abi == "abi3" or any(tag.startswith("py3") for tag in tags)
    platform_fits = WHEEL_SYSTEMS.get(system, system.lower()) in platforms and machine.lower() in platforms
    return python_fits and (platforms == "any" or platform_fits)
