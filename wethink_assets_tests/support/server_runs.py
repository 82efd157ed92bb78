"""Runs that use servers of this machine, and the state of those: helpers of the tests of their life."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from wethink_assets.config import Settings
from wethink_assets.models.chat import Message, Sampling
from wethink_assets.models.registry import Models
from wethink_assets.models.servers.runtime import State, replica_folders

Configured = Callable[..., Settings]


def ask(models: Models, role: str = "judge", text: str = "ping") -> str:
    model = models.role(role)  # type: ignore[arg-type]
    return models.run(model.chat([Message("user", text)], sampling=Sampling())).text


def state(root: Path) -> State:
    (folder,) = replica_folders(root)
    state = folder.state()
    assert state is not None
    return state


def eventually(what: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:
        time.sleep(0.05)
    return what()


def other_run(settings: Settings, folder: Path) -> tuple["subprocess.Popen[str]", int]:
    """Another process that uses the server `small`; with the server's process id."""
    path = folder / "settings.json"
    path.write_text(settings.model_dump_json())
    code = (
        "import sys, time; from pathlib import Path; from wethink_assets.config import Settings\n"
        "from wethink_assets.models.servers.servers import Servers\n"
        "servers = Servers(Settings.model_validate_json(Path(sys.argv[1]).read_text()))\n"
        "servers.urls('small'); print(servers.states()['small'][0].server, flush=True); time.sleep(600)"
    )
    run = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    return run, int(run.stdout.readline())
