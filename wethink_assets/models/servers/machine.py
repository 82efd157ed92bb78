"""How much memory do this machine's GPUs have, and how much its RAM?"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

GIB = 2**30
QUERY = ["nvidia-smi", "--query-gpu=index,uuid,name,memory.total,memory.free", "--format=csv,noheader,nounits"]


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU: number, name, GiB in all and free at the moment."""

    index: int
    name: str
    total: float
    free: float


@dataclass(frozen=True, slots=True)
class Memory:
    """GiB of RAM that processes may use in all, and now."""

    total: float
    available: float


def find_gpus() -> tuple[Gpu, ...]:
    """The GPUs that this process may use, by number; none where there is no NVIDIA driver. `CUDA_VISIBLE_DEVICES` is heeded."""
    try:
        done = subprocess.run(QUERY, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return parse_gpus(done.stdout, os.environ.get("CUDA_VISIBLE_DEVICES")) if done.returncode == 0 else ()


def parse_gpus(text: str, visible: str | None = None) -> tuple[Gpu, ...]:
    """GPUs of `nvidia-smi`'s answer to `QUERY` (memory in MiB), those of `visible` (numbers or UUIDs) only where it is given."""
    wanted = None if visible is None else {part.strip() for part in visible.split(",") if part.strip()}
    found = []
    for line in text.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) != 5 or not parts[0].isdigit():
            continue
        index, uuid, name, total, free = parts
        if wanted is not None and index not in wanted and not any(len(w) > 4 and uuid.startswith(w) for w in wanted):
            continue
        try:
            found.append(Gpu(int(index), name, float(total) / 1024, float(free) / 1024))
        except ValueError:  # "[N/A]": unified memory is not counted by GPU
            continue
    return tuple(found)


def find_memory() -> Memory:
    """RAM of this machine, or of the container that this process is in."""
    told = {}
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, rest = line.partition(":")
        told[name] = int(rest.split()[0]) * 1024 / GIB
    total, available = told["MemTotal"], told["MemAvailable"]
    limit, used = _number("/sys/fs/cgroup/memory.max"), _number("/sys/fs/cgroup/memory.current")
    if limit is not None and limit < total:
        total, available = limit, min(available, limit - (used or 0.0))
    return Memory(total, available)


def _number(path: str) -> float | None:
    try:
        return int(Path(path).read_text()) / GIB
    except (OSError, ValueError):  # not in a container, or "max"
        return None
