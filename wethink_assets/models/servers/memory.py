"""Memory: what this machine's GPUs and RAM have, and what a model's weights and its KV cache take."""

import json
import math
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    gpus = []
    for line in text.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) != 5 or not parts[0].isdigit():
            continue
        index, uuid, name, total, free = parts
        if wanted is not None and index not in wanted and not any(len(w) > 4 and uuid.startswith(w) for w in wanted):
            continue
        try:
            gpus.append(Gpu(int(index), name, float(total) / 1024, float(free) / 1024))
        except ValueError:  # "[N/A]": unified memory is not counted by GPU
            continue
    return tuple(gpus)


def find_memory() -> Memory:
    """RAM of this machine, or of the container that this process is in."""
    sizes = {}
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, rest = line.partition(":")
        sizes[name] = int(rest.split()[0]) * 1024 / GIB
    total, available = sizes["MemTotal"], sizes["MemAvailable"]
    limit, used = _number("/sys/fs/cgroup/memory.max"), _number("/sys/fs/cgroup/memory.current")
    if limit is not None and limit < total:
        total, available = limit, min(available, limit - (used or 0.0))
    return Memory(total, available)


def _number(path: str) -> float | None:
    try:
        return int(Path(path).read_text()) / GIB
    except (OSError, ValueError):  # not in a container, or "max"
        return None


CONVERSATIONS = 8
CONVERSATION = 8192  # tokens
BYTES = {"float32": 4.0, "float": 4.0, "bfloat16": 2.0, "float16": 2.0, "half": 2.0}
PARAMETERS = re.compile(r"(?<![A-Za-z0-9.])(\d+(?:\.\d+)?)B(?![A-Za-z0-9])", re.IGNORECASE)
PACKED = {"awq": 0.6, "gptq": 0.6, "int4": 0.6, "4bit": 0.6, "fp8": 1.1, "int8": 1.1}
NAMED_MORE = 1.15  # "7B" names the text part: with vision tower and embeddings Qwen2.5-VL-7B has 8.3 billion parameters
GUESSED_TOKEN = 50_000.0  # bytes of KV cache a token, times the root of the billions: 132 kB for 7B, 424 kB for 72B


@dataclass(frozen=True, slots=True)
class ModelSize:
    """GiB of a model's weights and of the KV cache that it should have at least, with where the figures come from."""

    weights: float
    kv_cache: float
    source: str


def size_of(
    model: str, folder: Path | None, *, dtype: str = "", max_model_len: int = 0, weights: float = 0, kv_cache: float = 0
) -> ModelSize | None:
    """Memory of a model.

    Args:
        model: its id; the number in it gives the weights where no file is at hand.
        folder: with its config.json and safetensors, if it is on this machine.
        dtype: what it is loaded as; empty: as stored.
        max_model_len: tokens of the longest conversation; 0: the model's own limit.
        weights: GiB as configured; 0: to be worked out.
        kv_cache: GiB as configured; 0: to be worked out.

    Returns None when the weights are not known.
    """
    config = _config(folder)
    sources = ["configuration"] if weights else []
    if not weights and folder is not None:
        weights = stored_weights(folder) * _widened(config, dtype)
        sources += ["files"] if weights else []
    billions = named_billions(model)
    if not weights and billions:
        weights = billions * 1e9 * NAMED_MORE * bytes_a_parameter(model, dtype) / GIB
        sources.append("name")
    if not weights:
        return None
    if not kv_cache:
        a_token = token_bytes(config, dtype)
        if not a_token:
            guessed = billions or weights * GIB / 2e9
            a_token = GUESSED_TOKEN * math.sqrt(guessed)
            sources.append("a guess of the KV cache")
        longest = max_model_len or int(_text(config).get("max_position_embeddings") or CONVERSATION)
        kv_cache = max(longest, CONVERSATIONS * min(longest, CONVERSATION)) * a_token / GIB
    return ModelSize(weights, kv_cache, " and ".join(dict.fromkeys(sources)))


def named_billions(model: str) -> float:
    """Billions of parameters that a model's name claims; 0 when it claims none.

    >>> named_billions("Qwen/Qwen2.5-VL-72B-Instruct"), named_billions("Qwen3-30B-A3B"), named_billions("Llama-70Beta")
    (72.0, 30.0, 0.0)
    """
    match = PARAMETERS.search(model.rsplit("/", 1)[-1])
    return float(match[1]) if match else 0.0


def bytes_a_parameter(model: str, dtype: str) -> float:
    """Bytes a parameter, by the quantisation in the model's name, else by dtype."""
    packed = [size for mark, size in PACKED.items() if mark in model.lower()]
    return packed[0] if packed else BYTES.get(dtype, 2.0)


def stored_weights(folder: Path) -> float:
    """GiB of the safetensors of a folder; 0 where they are not all there."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        total = json.loads(index.read_text()).get("metadata", {}).get("total_size")
        if total:
            return float(total) / GIB
    return sum(path.stat().st_size for path in folder.glob("*.safetensors")) / GIB


def token_bytes(config: Mapping[str, Any], dtype: str) -> float:
    """Bytes of KV cache a token of a model with this config.json; 0 where it does not tell."""
    text = _text(config)
    heads = text.get("num_attention_heads")
    layers, groups = text.get("num_hidden_layers"), text.get("num_key_value_heads") or heads
    if not (heads and layers and groups and (text.get("head_dim") or text.get("hidden_size"))):
        return 0.0
    width = text.get("head_dim") or text["hidden_size"] // heads
    return 2.0 * layers * groups * width * BYTES.get(dtype or _dtype(config), 2.0)


def local_folder(model: str, revision: str = "") -> Path | None:
    """Folder of a model on this machine: itself if it is one, else its snapshot in the Hub's cache; None before it was downloaded."""
    if Path(model).is_dir():
        return Path(model)
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub") / f"models--{model.replace('/', '--')}"
    named = cache / "refs" / (revision or "main")
    commit = named.read_text().strip() if named.is_file() else revision
    folder = cache / "snapshots" / commit
    return folder if commit and (folder / "config.json").is_file() else None


def _config(folder: Path | None) -> Mapping[str, Any]:
    path = folder / "config.json" if folder else None
    if path is None or not path.is_file():
        return {}
    loaded: Mapping[str, Any] = json.loads(path.read_text())
    return loaded


def _text(config: Mapping[str, Any]) -> Mapping[str, Any]:
    inner: Mapping[str, Any] = config.get("text_config") or config
    return inner


def _dtype(config: Mapping[str, Any]) -> str:
    return str(config.get("dtype") or config.get("torch_dtype") or _text(config).get("dtype") or "")


def _widened(config: Mapping[str, Any], dtype: str) -> float:
    """How many times larger the weights are in memory than in their files."""
    if not dtype or "quantization_config" in config:
        return 1.0
    return BYTES.get(dtype, 2.0) / BYTES.get(_dtype(config), BYTES.get(dtype, 2.0))
