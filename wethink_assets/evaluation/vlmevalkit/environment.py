"""The Python that has VLMEvalKit: the configured one, else that of `.venv-vlmevalkit`, made from `locks/vlmevalkit.lock` when it is first needed.

`make setup-vlmevalkit` makes it beforehand. Importing VLMEvalKit turns off TLS verification for its process and takes 10 seconds, so nothing of it
is ever installed beside this package.
"""

import logging
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import wethink_assets
from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError

ROOT = Path(wethink_assets.__file__).parents[1]
LOCK = ROOT / "locks" / "vlmevalkit.lock"
INSTALLER = ROOT / "locks" / "install.py"
FOLDER = ROOT / ".venv-vlmevalkit"
DISTRIBUTION = "ms-vlmeval"
log = logging.getLogger(__name__)


@cache
def kit_version() -> str:
    """The version of VLMEvalKit that the lock names: part of the settings of what it scored. Raises `ConfigError` without a lock."""
    pin = re.search(rf"^{DISTRIBUTION}==(\S+)", _locked(), re.MULTILINE)
    if pin is None:
        raise ConfigError(f"{LOCK} names no {DISTRIBUTION}: `make lock` resolves it anew")
    return pin[1]


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
    python = settings.scoring.vlmevalkit_python
    if python:
        return settings.resolve(python) if "/" in python else python
    return str(ensure_environment())


def ensure_environment() -> Path:
    """The environment's Python, installed unless it is there and of this lock; others that want it wait. Raises `ConfigError`."""
    _locked()
    installer = [sys.executable, str(INSTALLER), "vlmevalkit"]
    if subprocess.run([*installer, "--ready"], capture_output=True).returncode:
        log.warning(
            "making VLMEvalKit's environment, once and when its lock changes\n%s", _run([*installer, "--dry-run"])
        )
        _run(installer)
    return FOLDER / "bin" / "python"


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ConfigError(
            f"VLMEvalKit's environment cannot be made: {' '.join(command[:4])} ... ended with {done.returncode}: {done.stderr.strip()[-600:]}; "
            'mend that, or set scoring.vlmevalkit_python to a Python that has it, or scoring.scorer = "own"'
        )
    return done.stdout
