"""Identity of a process of this host, now and later, when its number may be another one's. Light to import: small helper processes use it."""

import os
import time
from functools import cache
from pathlib import Path


@cache
def this_boot() -> str:
    """Identity of this boot and process-id space; empty where the system does not tell.

    Containers share a kernel's boot id but not its process ids, so the id of their process name space is part of it.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def process_start(process: int) -> str | None:
    """When a process of this host started, in clock ticks since boot; None when it is gone, empty when unknown."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None if this_boot() else _signalled(process)
    except OSError:
        return ""
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else fields[18]


def started_at(process: int) -> float | None:
    """When a process of this host started, in seconds since 1970; None when it is gone, 0 when that is unknown."""
    start = process_start(process)
    if not start:
        return None if start is None else 0.0
    try:
        up = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError):
        return 0.0
    return time.time() - up + int(start) / os.sysconf("SC_CLK_TCK")


def _signalled(process: int) -> str | None:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return ""
