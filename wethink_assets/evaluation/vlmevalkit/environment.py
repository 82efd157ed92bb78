"""Which Python has VLMEvalKit? The configured one, else that of `.venv-vlmevalkit`, made from `locks/vlmevalkit.lock` when it is first needed.

`python -m wethink_assets.evaluation.vlmevalkit.environment` makes it (`make setup-vlmevalkit`). Importing VLMEvalKit turns off TLS
verification for its process and takes 10 seconds, so nothing of it is ever installed beside this package.
"""

import fcntl
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import wethink_assets
from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError
from wethink_assets.identity import sha256_hex

ROOT = Path(wethink_assets.__file__).parents[1]
LOCK = ROOT / "locks" / "vlmevalkit.lock"
FOLDER = ROOT / ".venv-vlmevalkit"
TORCHVISION_CPU = ROOT / "wethink_assets" / "models" / "servers" / "torchvision_cpu.py"
DISTRIBUTION = "ms-vlmeval"
_SITE = "import sysconfig; print(sysconfig.get_path('purelib'))"
log = logging.getLogger(__name__)


@cache
def kit_version() -> str:
    """The version of VLMEvalKit that the lock names: part of the settings of what it scored. Raises `ConfigError` without a lock."""
    found = re.search(rf"^{DISTRIBUTION}==(\S+)", _locked(), re.MULTILINE)
    if found is None:
        raise ConfigError(f"{LOCK} names no {DISTRIBUTION}: `make lock` resolves it anew")
    return found[1]


def _locked() -> str:
    try:
        return LOCK.read_text()
    except OSError as error:
        raise ConfigError(
            f"{LOCK} cannot be read ({error.strerror}): VLMEvalKit's environment is made from it; work in a checkout, or set "
            'scoring.scorer = "own"'
        ) from error


def kit_python(settings: Settings) -> str:
    """Python that has VLMEvalKit, making its environment where it is not there or of another lock. Raises `ConfigError`."""
    told = settings.scoring.vlmevalkit_python
    if told:
        return settings.resolve(told) if "/" in told else told
    return str(ensure_environment())


def ensure_environment(folder: Path = FOLDER) -> Path:
    """The environment's Python, installed unless it is there and of this lock; others that want it wait. Raises `ConfigError`."""
    stamp = folder / f".ready-{sha256_hex(_locked().encode() + TORCHVISION_CPU.read_bytes())[:16]}"
    python = folder / "bin" / "python"
    if stamp.exists():
        return python
    with _one_at_a_time(folder.with_name(f"{folder.name}.lock")):
        if not stamp.exists():
            log.warning(
                "making VLMEvalKit's environment in %s (once, and when its lock changes): a minute or more, 2 GB",
                folder,
            )
            _install(folder, python)
            stamp.touch()
    return python


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(folder: Path, python: Path) -> None:
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        raise ConfigError(
            f"VLMEvalKit's environment cannot be made: there is no uv beside {sys.executable}; `pip install uv`, or `make setup`"
        )
    _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)])
    # All packages are named by the lock: their own requirements would bring CUDA libraries.
    _run(
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            str(python),
            "--no-deps",
            *_cpu_torch(),
            "-r",
            str(LOCK),
        ]
    )
    site = Path(_run([str(python), "-c", _SITE]).strip())
    shutil.copy(TORCHVISION_CPU, site / "wethink_torchvision_cpu.py")
    (site / "wethink_torchvision_cpu.pth").write_text("import wethink_torchvision_cpu\n")


def _cpu_torch() -> list[str]:
    """Where a CPU build of torch comes from: wheels that pip was told to find locally, else PyTorch's own index."""
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.find-links"], capture_output=True, text=True
    )
    links = told.stdout.split() if told.returncode == 0 else []
    return [part for link in links for part in ("--find-links", link)] or ["--torch-backend", "cpu"]


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ConfigError(
            f"VLMEvalKit's environment cannot be made: {' '.join(command[:4])} ... ended with {done.returncode}: {done.stderr.strip()[-600:]}; "
            'mend that, or set scoring.vlmevalkit_python to a Python that has it, or scoring.scorer = "own"'
        )
    return done.stdout


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    print(ensure_environment())
