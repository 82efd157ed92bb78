"""Processes of a server: started so that they cannot outlive their owner, and ended with all that they started."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PATIENCE = 20.0
PR_SET_PDEATHSIG = 1


def spawn(command: Sequence[str], env: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """Start a server in a session of its own, its output appended to `log`. It gets SIGTERM when this process dies (on Linux).

    Call it from the main thread: the kernel sends the signal when the calling thread ends.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def tie() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it died before the tie was made
                os._exit(1)

    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=tie,
        )


def end_session(leader: int, patience: float = PATIENCE) -> None:
    """End all processes of the session that `leader` began: SIGTERM, and SIGKILL for those that remain. Returns when none is left."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        began = time.monotonic()
        signalled = False
        while members := session_members(leader):
            if not signalled:
                for process in members:
                    _signal(process, kind)
                signalled = (
                    kind is signal.SIGTERM
                )  # a server is asked once; killing is repeated for what it forked meanwhile
            if time.monotonic() - began > patience:
                break
            time.sleep(0.05)
        else:
            return


def session_members(leader: int) -> list[int]:
    """Processes of a session, zombies excepted. Where there is no /proc: the leader, while it is there."""
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(leader, 0)
        except ProcessLookupError:
            return []
        return [leader]
    members = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            state, _, _, session = Path(entry.path, "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if session == str(leader) and state not in "ZX":
            members.append(int(entry.name))
    return members


def is_vllm(process: int) -> bool:
    """Whether a process calls itself one of vLLM's."""
    try:
        return b"vllm" in Path(f"/proc/{process}/cmdline").read_bytes().lower()
    except OSError:
        return False


def _signal(process: int, kind: signal.Signals) -> None:
    try:
        os.kill(process, kind)
    except ProcessLookupError:
        return
