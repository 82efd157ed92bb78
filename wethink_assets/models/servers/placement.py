"""Placement of the servers that are needed together on this machine's GPUs and RAM, or the figures by which they do not fit."""

from collections.abc import Sequence
from dataclasses import dataclass

from wethink_assets.errors import ConfigError
from wethink_assets.models.servers.memory import Gpu, Memory, ModelSize

GPU_OVERHEAD = 3.0  # GiB a GPU for CUDA's context, activations and captured graphs: an estimate
CPU_OVERHEAD = 3.0  # GiB of vLLM's processes before any weights, as measured
SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Need:
    """What one replica needs: GPUs (0: it runs on the CPU), which may be used, the share of each, and the model's size if known."""

    server: str
    replica: int
    gpus: int
    share: float
    size: ModelSize | None
    allowed: tuple[int, ...] = ()

    @property
    def gib(self) -> float:
        """GiB a GPU, or of RAM, at least; 0 when the size is not known."""
        if self.size is None:
            return 0.0
        total = self.size.weights + self.size.kv_cache
        return total / self.gpus + GPU_OVERHEAD if self.gpus else total + CPU_OVERHEAD

    def __str__(self) -> str:
        where = f"{self.gpus} GPU{'s' * (self.gpus > 1)} with {self.share:.0%} of each" if self.gpus else "this CPU"
        if self.size is None:
            return f"server {self.server} on {where}, of unknown size"
        overhead = GPU_OVERHEAD if self.gpus else CPU_OVERHEAD
        split = f", over {self.gpus} GPUs" if self.gpus > 1 else ""
        parts = f"weights {self.size.weights:.1f} and KV cache {self.size.kv_cache:.1f}{split}, {overhead:.1f} besides"
        each = " a GPU" * (self.gpus > 1)
        return f"server {self.server} on {where}: {self.gib:.1f} GiB{each} ({parts}; sizes from {self.size.source})"


def place(needs: Sequence[Need], gpus: Sequence[Gpu]) -> dict[tuple[str, int], tuple[int, ...]] | Need:
    """GPUs of each (server, replica) that needs some, the largest placed first; or the need for which nothing is left."""
    left = {gpu.index: 1.0 for gpu in gpus}
    placed: dict[tuple[str, int], tuple[int, ...]] = {}
    for need in sorted(needs, key=lambda need: (-need.share, -need.gpus, need.server, need.replica)):
        if not need.gpus:
            continue
        chosen = choose(need, left)
        if chosen is None:
            return need
        for index in chosen:
            left[index] -= need.share
        placed[need.server, need.replica] = chosen
    return placed


def choose(need: Need, left: dict[int, float]) -> tuple[int, ...] | None:
    """GPUs for a replica, those first that are fullest already: whole ones stay for who needs them. None when too few have room.

    Args:
        left: share of each GPU's memory that is not taken, by its number.
    """
    allowed = [index for index in left if not need.allowed or index in need.allowed]
    roomy = sorted((left[index], index) for index in allowed if left[index] >= need.share - SLACK)
    return tuple(sorted(index for _, index in roomy[: need.gpus])) if len(roomy) >= need.gpus else None


def require_fit(needs: Sequence[Need], gpus: Sequence[Gpu], memory: Memory) -> None:
    """Raise `ConfigError` with the figures unless all needs fit at once on a machine on which nothing else runs."""
    for need in needs:
        usable = [gpu for gpu in gpus if not need.allowed or gpu.index in need.allowed]
        if need.gpus > len(usable):
            raise ConfigError(
                f"{need}: {_machine(usable, memory)}. Give it fewer with tensor_parallel, or device = 'cpu'"
            )
        small = [gpu for gpu in usable if need.gpus and gpu.total * need.share < need.gib]
        if need.gpus > len(usable) - len(small):
            room = ", ".join(f"GPU {gpu.index}: {gpu.total * need.share:.1f} of {gpu.total:.1f} GiB" for gpu in small)
            raise ConfigError(
                f"{need} does not fit into its share ({room}). Raise gpu_memory or tensor_parallel, lower max_model_len, or"
                " take a smaller model"
            )
    stuck = place(needs, gpus)
    if isinstance(stuck, Need):
        raise ConfigError(
            f"these servers are needed together and do not fit: {_list(needs)}; no room is left for {stuck.server} on"
            f" {_machine(gpus, memory)}. Lower gpu_memory, tensor_parallel or replicas, or let roles share a server"
        )
    ram = [need for need in needs if not need.gpus]
    wanted = sum(need.gib for need in ram)
    if wanted > memory.total:
        raise ConfigError(
            f"these servers are needed together and do not fit: {_list(ram)}; together {wanted:.1f} GiB, and"
            f" this machine has {memory.total:.1f} GiB of RAM. Lower kv_cache or max_model_len, take smaller models, or let roles share a server"
        )


def _list(needs: Sequence[Need]) -> str:
    lines: dict[str, int] = {}
    for need in needs:
        lines[str(need)] = lines.get(str(need), 0) + 1
    return "; ".join(f"{count} x {line}" if count > 1 else line for line, count in lines.items())


def _machine(gpus: Sequence[Gpu], memory: Memory) -> str:
    if not gpus:
        return f"this machine shows no such GPU (it has {memory.total:.1f} GiB of RAM)"
    return "this machine: " + ", ".join(f"GPU {gpu.index} {gpu.name} {gpu.total:.1f} GiB" for gpu in gpus)
