"""Specification of a server: what a `[servers.<name>]` table has started on this machine, replica by replica, and what that needs."""

import hashlib
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from wethink_assets.config import Settings
from wethink_assets.config.servers import ServerSettings
from wethink_assets.errors import ConfigError
from wethink_assets.models.servers.memory import Gpu, ModelSize, local_folder, size_of
from wethink_assets.models.servers.placement import Need
from wethink_assets.models.servers.weights import model_folder, revision_of


class ServerSpec(BaseModel):
    """One replica to start; its port and its GPUs are chosen when it is.

    weights: what pins them, so that a folder with new weights is another server; allowed: GPUs that may be used, empty for all; share: of
    each GPU's memory; ram: GiB that it takes where it uses no GPU.
    """

    model_config = ConfigDict(frozen=True)

    server: str
    replica: int = 0
    model: str
    command: tuple[str, ...]
    env: dict[str, str]
    weights: str = ""
    api_key_env: str = ""
    host: str = "127.0.0.1"
    ports: tuple[int, int] = (8100, 8199)
    gpus: int = 0
    allowed: tuple[int, ...] = ()
    share: float = 0.0
    ram: float = 0.0
    start_timeout: float = 1800.0

    @property
    def key(self) -> str:
        """Name of all that decides what is served and how: whoever wants the same finds the same server."""
        fields = self.model_dump_json(exclude={"server", "start_timeout"})
        return hashlib.sha256(fields.encode()).hexdigest()[:20]

    def full_command(self, port: int) -> list[str]:
        """The command line with the port in place."""
        return [*self.command, "--host", self.host, "--port", str(port)]


CPU_ENVIRONMENT = ".venv-vllm/bin/python"
# guidance kept every reply to its schema where xgrammar broke 15% of those with maxLength; sampling defaults of a checkpoint would be
# settings that no journal key names.
ALWAYS = (
    "--structured-outputs-config",
    '{"backend": "guidance", "disable_any_whitespace": true}',
    "--generation-config",
    "vllm",
    "--disable-uvicorn-access-log",
)


def replicas_of(settings: Settings, name: str, gpus: Sequence[Gpu]) -> tuple[ServerSpec, ...]:
    """What to start for a server on a machine with these GPUs. Raises `ConfigError` where vLLM or the model is not there."""
    table = settings.server(name)
    on_gpu = runs_on_gpu(table, gpus)
    python = server_python(settings, table, on_gpu)
    require_vllm(python, on_gpu)
    size = size_of_server(settings, table, gpus)
    command = [python, "-m", "vllm.entrypoints.openai.api_server", *_arguments(settings, table, on_gpu)]
    env = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if not on_gpu:
        env["VLLM_CPU_KVCACHE_SPACE"] = str(max(1, math.ceil(size.kv_cache if size else table.kv_cache)))
    need = Need(name, 0, 0, 0.0, size)
    return tuple(
        ServerSpec(
            server=name,
            replica=replica,
            model=table.model,
            command=tuple(command),
            env=env | table.env,
            weights=revision_of(settings, table),
            api_key_env=table.api_key_env,
            host=table.host,
            ports=table.ports,
            gpus=table.tensor_parallel if on_gpu else 0,
            allowed=table.gpus if on_gpu else (),
            share=table.gpu_memory if on_gpu else 0.0,
            ram=0.0 if on_gpu else round(need.gib, 3),
            start_timeout=table.start_timeout,
        )
        for replica in range(table.replicas)
    )


def needs_of(settings: Settings, name: str, gpus: Sequence[Gpu]) -> tuple[Need, ...]:
    """What a server needs on a machine with these GPUs, replica by replica; nothing for one that is attached to."""
    table = settings.server(name)
    if table.url:
        return ()
    on_gpu = runs_on_gpu(table, gpus)
    size = size_of_server(settings, table, gpus)
    return tuple(
        Need(name, replica, table.tensor_parallel, table.gpu_memory, size, table.gpus)
        if on_gpu
        else Need(name, replica, 0, 0.0, size)
        for replica in range(table.replicas)
    )


def runs_on_gpu(table: ServerSettings, gpus: Sequence[Gpu]) -> bool:
    """Whether a server runs on GPUs of a machine that has these."""
    return bool(gpus) if table.device == "auto" else table.device == "gpu"


def size_of_server(settings: Settings, table: ServerSettings, gpus: Sequence[Gpu]) -> ModelSize | None:
    """Memory that a server's model takes; None where it is not known."""
    folder = model_folder(settings, table.model)
    return size_of(
        table.model,
        folder or local_folder(table.model, table.revision),
        dtype=_dtype(table, runs_on_gpu(table, gpus)),
        max_model_len=table.max_model_len,
        weights=table.weights,
        kv_cache=table.kv_cache,
    )


def server_python(settings: Settings, table: ServerSettings, on_gpu: bool) -> str:
    """The Python that runs the server: as configured, else that of `make setup-vllm` on a CPU, else this one."""
    if table.python:
        return settings.resolve(table.python) if "/" in table.python else table.python
    if not on_gpu:
        for folder in (Path(settings.folder or "."), Path(__file__).parents[3]):
            if (folder / CPU_ENVIRONMENT).is_file():
                return str((folder / CPU_ENVIRONMENT).absolute())
    return sys.executable


@lru_cache
def require_vllm(python: str, on_gpu: bool) -> None:
    """Raise `ConfigError` unless a Python has vLLM."""
    look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
    try:
        has_vllm = subprocess.run([python, "-c", look], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        has_vllm = False
    if not has_vllm:
        advice = "install the extra gpu" if on_gpu else "run `make setup-vllm`"
        raise ConfigError(f"{python} has no vLLM: {advice}, or set python in [servers.<name>] to one that has it")


def _dtype(table: ServerSettings, on_gpu: bool) -> str:
    return table.dtype or ("" if on_gpu else "float32")


def _arguments(settings: Settings, table: ServerSettings, on_gpu: bool) -> list[str]:
    folder = model_folder(settings, table.model)
    arguments = ["--model", str(folder or table.model), "--served-model-name", table.model, *ALWAYS]
    if table.revision and folder is None:
        arguments += ["--revision", table.revision]
    if _dtype(table, on_gpu):
        arguments += ["--dtype", _dtype(table, on_gpu)]
    if table.max_model_len:
        arguments += ["--max-model-len", str(table.max_model_len)]
    if table.images is not None:
        arguments += ["--limit-mm-per-prompt", json.dumps({"image": table.images, "video": 0})]
    if on_gpu:
        arguments += ["--tensor-parallel-size", str(table.tensor_parallel)]
        arguments += ["--gpu-memory-utilization", f"{table.gpu_memory:g}"]
    else:
        # Compiling takes longer than what it saves here. A prompt with a seed that is read in two steps would end the engine: vLLM then takes
        # back what its generator gave, which torch's on a CPU cannot (`CPU Generator does not use offset`, vLLM 0.31).
        arguments += ["--enforce-eager", "--no-enable-chunked-prefill"]
    return [*arguments, *table.args]
