"""Memory of a training on each device, by formulas: weights, gradients, optimiser, reference, activations and the KV cache of completions.

Estimates, not measurements: fragments of the allocator, a tower's activations and a service's own buffers are in `OVERHEAD` alone. Sources:
ZeRO (Rajbhandari et al. 2019, arXiv 1910.02054) for weights, gradients and the two moments of Adam and their sharding; Korthikanti et al. 2022
(arXiv 2205.05198) for a layer's activations, 34 bytes a token and hidden value in 16 bits without the attention's own, which no fused attention
keeps; Chen et al. 2016 (arXiv 1604.06174) for checkpointed layers, of which the input alone is kept; Kwon et al. 2023 (vLLM, arXiv 2309.06180)
for keys and values, 2 x layers x heads x width a token; Hu et al. 2021 (LoRA, arXiv 2106.09685) for gradients and moments of adapters alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wethink_assets.config import RecipeSettings
from wethink_assets.models.servers.memory import GIB, token_bytes

LAYER_BYTES = 17
"""Bytes of a layer's activations for each token, hidden value and byte of precision: 34 in 16 bits."""
LOGIT_BYTES = 14
"""For each token of a completion and entry of the vocabulary: logits in 16 bits, in 32, divided by the temperature, and their gradient."""
OVERHEAD = 1.0
"""GiB of a device for the CUDA context, kernels and fragments."""
SHARDS = {"NO": (), "1": ("optimizer",), "2": ("optimizer", "gradients"), "3": ("optimizer", "gradients", "weights")}
"""What DeepSpeed's stages spread over the processes; FSDP spreads what the third does."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Sizes of a model: parameters in all and trained, layers, hidden values, vocabulary, and bytes of keys and values a token in 16 bits."""

    parameters: int
    trained: int
    layers: int
    hidden: int
    vocabulary: int
    token_bytes: float


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """GiB on each device; `copies` are weights in half precision beside those in full, `rollouts` is the KV cache, or what vLLM is given."""

    weights: float
    copies: float
    gradients: float
    optimizer: float
    reference: float
    activations: float
    rollouts: float
    resident_rollouts: bool = False

    @property
    def peak(self) -> float:
        """GiB at most: updates hold gradients and activations, completions by transformers the KV cache; a colocated vLLM keeps its share."""
        kept = OVERHEAD + self.weights + self.optimizer + self.reference
        update = self.copies + self.gradients + self.activations
        return kept + (update + self.rollouts if self.resident_rollouts else max(update, self.copies + self.rollouts))


def shards_of(accelerate_config: str) -> tuple[str, ...]:
    """What a file of `accelerate config` spreads over the processes: `optimizer`, `gradients`, `weights`, or none of them."""
    if not accelerate_config:
        return ()
    import yaml

    try:
        loaded = yaml.safe_load(Path(accelerate_config).read_text())
    except (OSError, yaml.YAMLError):
        return ()
    values: Mapping[str, Any] = loaded if isinstance(loaded, dict) else {}
    kind = str(values.get("distributed_type", "NO")).upper()
    if kind == "FSDP":
        return SHARDS["3"]
    stage = (values.get("deepspeed_config") or {}).get("zero_stage", "NO") if kind == "DEEPSPEED" else "NO"
    return SHARDS.get(str(stage), ())


def memory_of(
    shape: ModelShape,
    recipe: RecipeSettings,
    prompt_tokens: int,
    *,
    half: bool,
    shards: tuple[str, ...] = (),
    device: float = 0.0,
) -> MemoryEstimate:
    """Memory that a recipe takes on each of its devices.

    Args:
        prompt_tokens: of the longest prompt, with those of its image.
        half: whether the run computes in bfloat16; adapters then leave the weights in it, too.
        shards: as of `shards_of`.
        device: GiB of one device, of which a colocated vLLM is given its share.

    Example:
        >>> shape = ModelShape(parameters=2**30, trained=2**30, layers=28, hidden=3584, vocabulary=152064, token_bytes=57344)
        >>> memory = memory_of(shape, RecipeSettings(), 1000, half=False)
        >>> memory.weights, memory.gradients, memory.optimizer, memory.reference
        (4.0, 4.0, 8.0, 4.0)
    """
    processes = recipe.launcher.processes
    parts = {name: processes if name in shards else 1 for name in ("weights", "gradients", "optimizer")}
    adapters = bool(recipe.lora.rank)
    value = 2 if half else 4
    weight = 2 if half and adapters else 4
    grpo = "grpo" in recipe.phases
    completions = max(1, recipe.prompts_per_step * recipe.num_generations // processes)
    micro = min(recipe.micro_batch_size or completions, completions)
    tokens = micro * (prompt_tokens + recipe.max_completion_length)
    layer = LAYER_BYTES * value * tokens * shape.hidden
    kept = shape.layers * (tokens * shape.hidden * value if recipe.gradient_checkpointing else layer)
    logits = LOGIT_BYTES * micro * recipe.max_completion_length * shape.vocabulary
    engine = recipe.rollouts.engine
    cache = completions * (prompt_tokens + recipe.max_completion_length) * shape.token_bytes * value / 2
    rollouts = {"transformers": cache / GIB, "vllm-colocated": device * recipe.rollouts.gpu_memory}.get(engine, 0.0)
    return MemoryEstimate(
        weights=weight * shape.parameters / parts["weights"] / GIB,
        copies=2 * shape.trained / parts["weights"] / GIB if half and not adapters else 0.0,
        gradients=4 * shape.trained / parts["gradients"] / GIB,
        optimizer=8 * shape.trained / parts["optimizer"] / GIB,
        reference=weight * shape.parameters / parts["weights"] / GIB if grpo and recipe.beta and not adapters else 0.0,
        activations=(kept + layer + logits) / GIB,
        rollouts=rollouts if grpo else 0.0,
        resident_rollouts=engine == "vllm-colocated",
    )


def shape_of(config: Any, recipe: RecipeSettings) -> ModelShape:
    """Sizes of a model by its configuration, as transformers builds it: counted on torch's device `meta`, which allocates nothing."""
    import torch
    from transformers import AutoModelForImageTextToText

    from wethink_assets.training.policies.parts import freeze
    from wethink_assets.training.runs.phases import adapter_config

    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config)
    parameters = sum(weights.numel() for weights in model.parameters())
    if recipe.lora.rank:
        from peft import inject_adapter_in_model

        inject_adapter_in_model(adapter_config(recipe, model), model, low_cpu_mem_usage=True)
    else:
        freeze(model, recipe.frozen)
    trained = sum(
        weights.numel()
        for name, weights in model.named_parameters()
        if weights.requires_grad and (not recipe.lora.rank or "lora_" in name)
    )
    text = config.get_text_config()
    return ModelShape(
        parameters=parameters,
        trained=trained,
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        vocabulary=text.vocab_size,
        token_bytes=token_bytes(text.to_dict(), "bfloat16"),
    )
