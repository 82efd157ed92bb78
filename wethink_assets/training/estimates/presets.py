"""Presets: recipes by size of a model and by devices, each the first that fits by the formulas of `memory`; estimates until somebody measured them.

Preferred are all weights over adapters, whole copies on each device over spread ones (DeepSpeed ZeRO-3 or FSDP2), and large micro-batches over
small ones; the completions are a colocated vLLM's, on as few devices as hold it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from wethink_assets.config import RecipeSettings
from wethink_assets.models.servers.memory import GIB
from wethink_assets.training.estimates.memory import OVERHEAD, SHARDS, MemoryEstimate, ModelShape, memory_of

DEVICES = (1, 2, 4, 8)
DEVICE_GIB = (24, 80)
FULL = 0.9
"""Share of a device that an estimate may take: what the formulas leave out is in the rest."""
PROMPT_TOKENS = 1500
COMPLETION_TOKENS = 1024
CONVERSATIONS = 8
"""Whole conversations whose keys and values a vLLM has room for, at least."""
RANK = 64
MICRO_BATCHES = (8, 4, 2, 1)


@dataclass(frozen=True, slots=True)
class SizedModel:
    """A model by name with its shape; `adapters` are the weights of adapters of rank 64 on all its linear layers."""

    name: str
    shape: ModelShape
    adapters: int


SIZES: tuple[SizedModel, ...] = (
    SizedModel(
        "Qwen/Qwen2-VL-2B-Instruct", ModelShape(2_208_985_600, 2_208_985_600, 28, 1536, 151936, 28672.0), 116_883_456
    ),
    SizedModel(
        "Qwen/Qwen2.5-VL-3B-Instruct", ModelShape(3_754_622_976, 3_754_622_976, 36, 2048, 151936, 36864.0), 165_453_824
    ),
    SizedModel(
        "Qwen/Qwen2.5-VL-7B-Instruct", ModelShape(8_292_166_656, 8_292_166_656, 28, 3584, 152064, 57344.0), 207_298_560
    ),
    SizedModel(
        "Qwen/Qwen2.5-VL-32B-Instruct",
        ModelShape(33_452_718_336, 33_452_718_336, 64, 5120, 152064, 262144.0),
        583_008_256,
    ),
    SizedModel(
        "Qwen/Qwen2.5-VL-72B-Instruct",
        ModelShape(73_410_777_344, 73_410_777_344, 80, 8192, 152064, 327680.0),
        888_471_552,
    ),
)
"""Counted by `shape_of` from the models' published configurations; a test counts them again."""
MEASURED: dict[tuple[str, int, int], float] = {}
"""GiB at the peak that somebody measured, by model, devices and GiB of a device."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A recipe for a model on so many devices of so many GiB; `recipe` and `memory` are None where none fits."""

    model: str
    devices: int
    device_gib: int
    recipe: RecipeSettings | None = None
    sharded: bool = False
    memory: MemoryEstimate | None = None

    @property
    def measured(self) -> float | None:
        """GiB at the peak, where somebody measured it."""
        return MEASURED.get((self.model, self.devices, self.device_gib))

    def settings(self) -> str:
        """The settings of the recipe that differ from the defaults, as lines of `wethink.toml` beside each other."""
        if self.recipe is None:
            return ""
        recipe = self.recipe
        given = recipe.rollouts
        engine = (
            f'engine = "{given.engine}", gpu_memory = {given.gpu_memory:g}, tensor_parallel = {given.tensor_parallel}'
        )
        rollouts = f"rollouts = {{ {engine} }}"
        config = ', accelerate_config = "zero3.yaml"' if self.sharded else ""
        launcher = f"launcher = {{ processes = {self.devices}{config} }}"
        lora = [f"lora = {{ rank = {recipe.lora.rank} }}"] if recipe.lora.rank else []
        return ", ".join([*lora, f"micro_batch_size = {recipe.micro_batch_size}", rollouts, launcher])


def preset(model: SizedModel, devices: int, device_gib: int) -> Preset:
    """The first candidate that fits.

    >>> small = SizedModel("tiny", ModelShape(10**9, 10**9, 28, 1536, 151936, 28672.0), 4 * 10**7)
    >>> chosen = preset(small, 1, 80)
    >>> chosen.recipe.lora.rank, chosen.recipe.micro_batch_size, chosen.memory.peak < 72
    (0, 8, True)
    """
    for recipe, sharded in _candidates(model, devices, device_gib):
        shape = model.shape
        if recipe.lora.rank:
            shape = ModelShape(
                shape.parameters + model.adapters,
                model.adapters,
                shape.layers,
                shape.hidden,
                shape.vocabulary,
                shape.token_bytes,
            )
        shards = SHARDS["3"] if sharded else ()
        memory = memory_of(shape, recipe, PROMPT_TOKENS, half=True, shards=shards, device=device_gib)
        if memory.peak <= FULL * device_gib:
            return Preset(model.name, devices, device_gib, recipe, sharded, memory)
    return Preset(model.name, devices, device_gib)


def _candidates(model: SizedModel, devices: int, device_gib: int) -> Iterator[tuple[RecipeSettings, bool]]:
    for rank in (0, RANK):
        for sharded in (False, True) if devices > 1 else (False,):
            for micro in MICRO_BATCHES:
                for parallel in (count for count in DEVICES if count <= devices):
                    share = _vllm_share(model, parallel, device_gib)
                    if share < FULL:
                        yield _recipe(rank, micro, devices, share, parallel), sharded


def _vllm_share(model: SizedModel, parallel: int, device_gib: int) -> float:
    """Share of a device that a vLLM over so many takes: weights in 16 bits, keys and values, and its own overhead; rounded up to 5%."""
    cache = CONVERSATIONS * (PROMPT_TOKENS + COMPLETION_TOKENS) * model.shape.token_bytes
    gib = (2 * model.shape.parameters + cache) / parallel / GIB + OVERHEAD
    return math.ceil(20 * gib / device_gib) / 20


def _recipe(rank: int, micro: int, devices: int, share: float, parallel: int) -> RecipeSettings:
    return RecipeSettings.model_validate(
        {
            "num_generations": 8,
            "prompts_per_step": 32,
            "max_completion_length": COMPLETION_TOKENS,
            "micro_batch_size": micro,
            "lora": {"rank": rank},
            "rollouts": {"engine": "vllm-colocated", "gpu_memory": share, "tensor_parallel": parallel},
            "launcher": {"processes": devices},
        }
    )


COLUMNS = ("model", "devices", "trained", "weights", "peak GiB", "", "settings")


def preset_rows() -> list[list[str]]:
    """All presets as rows of a table with `COLUMNS`."""
    rows = []
    for model in SIZES:
        for gib in DEVICE_GIB:
            for devices in DEVICES:
                chosen = preset(model, devices, gib)
                name = f"{model.name} ({model.shape.parameters / 1e9:.1f}B)"
                if chosen.recipe is None or chosen.memory is None:
                    rows.append([name, f"{devices} x {gib} GB", "does not fit", "", "", "estimated", ""])
                    continue
                trained = f"adapters of rank {RANK}" if chosen.recipe.lora.rank else "all weights"
                spread = "spread" if chosen.sharded else "whole"
                peak = chosen.measured if chosen.measured is not None else chosen.memory.peak
                state = "measured" if chosen.measured is not None else "estimated"
                rows.append([name, f"{devices} x {gib} GB", trained, spread, f"{peak:.1f}", state, chosen.settings()])
    return rows


def preset_table() -> str:
    """All presets as a table of Markdown."""
    lines = [
        COLUMNS,
        ["---"] * len(COLUMNS),
        *([*row[:-1], f"`{row[-1]}`" if row[-1] else ""] for row in preset_rows()),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
