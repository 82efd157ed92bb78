"""Allocation of a port, and of GPUs or RAM, to a replica beside those that run on this machine already."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from wethink_assets.models.servers.clients import read_clients
from wethink_assets.models.servers.memory import Gpu, Memory
from wethink_assets.models.servers.placement import Need, choose
from wethink_assets.models.servers.runtime import OVER, ReplicaFolder, State, is_running, locked, replica_folders
from wethink_assets.models.servers.spec import ServerSpec

YIELD = "yield"


@dataclass(frozen=True, slots=True)
class Others:
    """Another replica of this machine that holds a port, GPUs or RAM."""

    folder: ReplicaFolder
    state: State

    @property
    def used(self) -> bool:
        """Whether somebody leases it."""
        return bool(read_clients(self.folder)[0])


def allocate(
    folder: ReplicaFolder, spec: ServerSpec, gpus: Sequence[Gpu], memory: Memory, claim: State
) -> tuple[State | None, str]:
    """Claim a port and GPUs (or RAM) for a replica; None and what it waits for when there is no room.

    Args:
        folder: where it is; its state is written while nobody else allocates.
        gpus, memory: of this machine at the moment.
        claim: its state, to which the allocation is added.

    Servers that nobody uses any more are asked to go when they are in the way.
    """
    with locked(folder.path.parent / "allocation.lock"):
        others = living(folder)
        port = free_port(spec, {other.state.port for other in others})
        if port is None:
            return None, f"a free port from {spec.ports[0]} to {spec.ports[1]}"
        chosen, wanting = _devices(spec, gpus, memory, others)
        if chosen is None:
            return None, wanting
        host = f"[{spec.host}]" if ":" in spec.host else spec.host
        reached = "127.0.0.1" if host in ("0.0.0.0", "[::]") else host  # noqa: S104 (compared, not listened on)
        took = {
            "port": port,
            "url": f"http://{reached}:{port}/v1",
            "gpus": chosen,
            "share": spec.share,
            "ram": spec.ram,
        }
        granted = claim.model_copy(update=took)
        folder.write_state(granted)
        return granted, ""


def living(folder: ReplicaFolder) -> list[Others]:
    """The other replicas that hold something: their supervisor is there, or their server still is."""
    others = []
    for other in replica_folders(folder.path.parent):
        state = other.state()
        if other.path == folder.path or state is None or state.phase in OVER or not state.port:
            continue
        if is_running(state.supervisor, state.supervisor_start) or is_running(state.server, state.server_start):
            others.append(Others(other, state))
    return others


def _devices(
    spec: ServerSpec, gpus: Sequence[Gpu], memory: Memory, others: list[Others]
) -> tuple[tuple[int, ...] | None, str]:
    if not spec.gpus:
        starting = sum(other.state.ram for other in others if other.state.phase == "starting")
        if memory.available - starting >= spec.ram:
            return (), ""
        _ask_to_go([other for other in others if other.state.ram])
        return None, f"{spec.ram:.1f} GiB of RAM; {memory.available - starting:.1f} GiB are free"
    left = {gpu.index: 1.0 for gpu in gpus}
    busy = set()
    for other in others:
        for index in other.state.gpus:
            left[index] = left.get(index, 0.0) - other.state.share
            # vLLM measures the memory while it starts: two that start on one GPU at once disturb each other.
            if other.state.phase != "ready":
                busy.add(index)
    room = {gpu.index: left[gpu.index] for gpu in gpus if gpu.index not in busy and gpu.free >= spec.share * gpu.total}
    need = Need(spec.server, spec.replica, spec.gpus, spec.share, None, spec.allowed)
    chosen = choose(need, room)
    if chosen is not None:
        return chosen, ""
    _ask_to_go([other for other in others if other.state.gpus])
    taken = [
        f"{index} ({other.state.share:.0%} by {other.state.name})" for other in others for index in other.state.gpus
    ]
    free = ", ".join(f"GPU {gpu.index}: {gpu.free:.1f} of {gpu.total:.1f} GiB free" for gpu in gpus)
    held = f"; GPU {', '.join(taken)}" if taken else ""
    return None, f"{spec.gpus} GPU with {spec.share:.0%} of its memory ({free or 'no GPU is here'}{held})"


def _ask_to_go(others: list[Others]) -> None:
    for other in others:
        if not other.used:
            (other.folder.path / YIELD).touch()


def free_port(spec: ServerSpec, taken: set[int]) -> int | None:
    """A port that no other replica claimed and nobody listens on; None when all are taken."""
    first, last = spec.ports
    offset = int(spec.key[:4], 16)  # the same server tends to get the same port
    for step in range(last - first + 1):
        port = first + (offset + step) % (last - first + 1)
        if port not in taken and _is_free(spec.host, port):
            return port
    return None


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def visible_devices(gpus: Sequence[int]) -> dict[str, str]:
    """Environment that shows a server its GPUs and no other."""
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": ",".join(map(str, gpus))} if gpus else {}
