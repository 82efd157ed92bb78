"""Installation of WeThink's environments, announced with its size before anything is downloaded.

`python locks/install.py wethink` makes `.venv`; `tests`, `vllm`, `vlmevalkit` and `consumer-NAME` are the other environments; `--dry-run` prints
the plans and does nothing. Standard library alone: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import fcntl
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from plan import (
    BUILDS,
    ENVIRONMENTS,
    HOME,
    ROOT,
    SHIM,
    Plan,
    home_python,
    installed_releases,
    is_ready,
    make_plan,
    python_version,
    stamps,
)
from torch_build import CPU_INDEX

UV = "uv==0.13.9"  # installs in a minute what pip takes five or more for
NO_CPU_INDEX = "where PyTorch's CPU index cannot be reached, give pip a folder with a CPU wheel of torch (find-links), or set TORCH=cuda"


def install(name: str, plan: Plan) -> None:
    """Carry a plan out. Raises `CalledProcessError`."""
    environment = plan.environment
    folder = ROOT / environment.folder
    if not (ROOT / HOME / "bin" / "uv").exists():
        _run(str(home_python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV)
    if environment.extras is None:
        _run(f"{HOME}/bin/uv", "venv", "--quiet", "--clear", "--python", str(home_python()), environment.folder)
    for stamp in folder.glob(".ready-*"):
        stamp.unlink()
    _run(*plan.command)
    if environment.extras is None:
        # A .pth file makes torchvision importable beside a CPU build of torch.
        site = next(folder.glob("lib/python*/site-packages"))
        shutil.copy(SHIM, site / "wethink_torchvision_cpu.py")
        (site / "wethink_torchvision_cpu.pth").write_text("import wethink_torchvision_cpu\n")
    for stamp in stamps(name, plan.torch.build):
        stamp.touch()


def _run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def print_plans(names: list[str], requested: str) -> None:
    """Print the plan of each environment, those before it taken as installed."""
    releases = {environment.folder: installed_releases(environment.folder) for environment in ENVIRONMENTS.values()}
    for name in names:
        plan = make_plan(name, requested, releases)
        print(plan.text())
        print(
            f"  command    {'none: nothing is to be done' if is_ready(name, requested) else shlex.join(plan.command)}"
        )
        releases[plan.environment.folder].update({package.name: package.version for package in plan.packages})
        releases[HOME].update({package.name: package.version for package in plan.missing if package.name == "uv"})


def make_environment(name: str, requested: str) -> None:
    """Announce and install an environment unless it is ready; others that want it wait. Exits with a message where that fails."""
    environment = ENVIRONMENTS[name]
    with (ROOT / f"{environment.folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_ready(name, requested):
            return
        if not (ROOT / HOME / "bin" / "python").exists():
            _run(sys.executable, "-m", "venv", HOME)  # downloads nothing, and has the pip whose configuration counts
        releases = {folder: installed_releases(folder) for folder in (HOME, environment.folder)}
        plan = make_plan(name, requested, releases)
        print(
            f"{plan.text()}\n  installing once, and when the lock changes: a minute or more besides the download",
            flush=True,
        )
        try:
            install(name, plan)
        except subprocess.CalledProcessError as error:
            advice = f": {NO_CPU_INDEX}" if CPU_INDEX[0] in plan.torch.options else ""
            tool = Path(error.cmd[0]).name
            sys.exit(f"{environment.folder} is not complete, {tool} ended with {error.returncode}{advice}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "names", nargs="+", choices=list(ENVIRONMENTS), metavar="ENVIRONMENT", help=", ".join(ENVIRONMENTS)
    )
    parser.add_argument(
        "--torch", choices=["auto", *BUILDS], default="auto", help="build of torch; auto: CUDA with a GPU"
    )
    parser.add_argument("--dry-run", action="store_true", help="print what would be downloaded, and do nothing")
    parser.add_argument("--ready", action="store_true", help="exit with 0 where nothing is to be done, else with 1")
    arguments = parser.parse_args()
    version = python_version(HOME)
    if not (3, 11) <= version <= (3, 13):
        name = f"{home_python()} is {version[0]}.{version[1]}"
        sys.exit(f"WeThink needs Python 3.11 to 3.13, {name}: set PYTHON=, after `make clean` where {HOME} is of it")
    if arguments.ready:
        sys.exit(not all(is_ready(name, arguments.torch) for name in arguments.names))
    if arguments.dry_run:
        print_plans(arguments.names, arguments.torch)
        return
    for name in arguments.names:
        make_environment(name, arguments.torch)


if __name__ == "__main__":
    main()
