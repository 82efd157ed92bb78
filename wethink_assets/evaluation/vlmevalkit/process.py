"""VLMEvalKit's process: started at the first request, one for all that it is asked, ended with its input."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from pathlib import Path
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.evaluation.vlmevalkit.environment import ROOT, kit_python, kit_version

DRIVER = "wethink_assets.evaluation.vlmevalkit.driver"
LOG_TAIL = 1500
"""Characters of the process's output that an error repeats."""
Session = Callable[[], AbstractContextManager[Mapping[str, str]]]
"""Opens what the process reports to while it lives, and gives environment variables for it (Dagster's Pipes)."""


def unreported() -> AbstractContextManager[Mapping[str, str]]:
    """The session of a process that reports to nobody."""
    return nullcontext({})


class Kit:
    """VLMEvalKit's process, with a folder of its own for what passes between it and us. Use it as a context manager, from one thread at a time.

    started: processes that were started, at most one; prompts: those made already, by benchmark, with the md5 of its file; md5: of its tables.
    """

    def __init__(self, settings: Settings, session: Session = unreported) -> None:
        self._settings = settings
        self._session = session
        self._resources = ExitStack()
        self._process: subprocess.Popen[str] | None = None
        self.folder = Path()
        self.started = 0
        self.prompts: dict[str, tuple[str, dict[str, list[tuple[str, str]]]]] = {}
        self.md5: dict[str, str] = {}
        self._folders = 0

    def __enter__(self) -> "Kit":
        self.folder = Path(tempfile.mkdtemp(prefix="wethink-vlmevalkit-"))
        self._resources.callback(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "LMUData").mkdir()
        return self

    def __exit__(self, *error: object) -> None:
        self._resources.close()

    @property
    def version(self) -> str:
        """Its version, as the lock names it."""
        return kit_version()

    @property
    def tables(self) -> Path:
        """The folder in which it looks for its tables."""
        return self.folder / "LMUData"

    def new_folder(self, key: str) -> Path:
        """An empty folder for the results of one scoring."""
        self._folders += 1
        folder = self.folder / f"{key}-{self._folders}"
        folder.mkdir()
        return folder

    def ask(self, **request: Any) -> dict[str, Any]:
        """One request and its reply. Raises `KitError` with what it says went wrong, `ModelError` when the process ended."""
        process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            code = process.wait()
            raise ModelError(
                f"VLMEvalKit's process ended with {code} while it was asked for {request['do']} of {request['key']}: {self._log_tail()}"
            )
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise KitError(reply["error"])
        return dict(reply["done"])

    def _start(self) -> "subprocess.Popen[str]":
        python = kit_python(self._settings)
        reporting = self._resources.enter_context(self._session())
        log = self._resources.enter_context((self.folder / "log").open("wb"))
        try:
            process = subprocess.Popen(
                [python, "-m", DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=self.folder, env=_environment(self.folder) | dict(reporting), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise ModelError(f"VLMEvalKit's process cannot be started with {python}: {error.strerror}") from error
        self._resources.callback(_end, process)
        self._process = process
        self.started += 1
        return process

    def _log_tail(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-LOG_TAIL:].strip()


class KitError(Exception):
    """VLMEvalKit could not do what it was asked."""


def _environment(folder: Path) -> dict[str, str]:
    """Of our environment only what says where programs, texts and temporary files are: no key, no proxy."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return kept | {
        "HOME": str(folder), "LMUData": str(folder / "LMUData"), "PRED_FORMAT": "tsv", "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1", "PYTHONHASHSEED": "0", "NO_PROXY": "*", "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1", "PYTHONWARNINGS": "ignore",
    }  # fmt: skip


def _end(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None and process.stdout is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):  # forks of its that were in the middle of something
        os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
