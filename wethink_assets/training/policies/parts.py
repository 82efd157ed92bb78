"""Parts of an image-text model: the tower that sees, the projector behind it, and the language part; frozen, or given adapters, by a recipe.

Which module is which part is what transformers says by `get_encoder(modality="image")`, `get_decoder` and `get_output_embeddings`; the rest is the
projector, and so is a tower's own last module that merges patches (Qwen-VL's and GLM's `merger`, Llama 4's `vision_adapter`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from wethink_assets.errors import TrainingError

TOWER, PROJECTOR, LANGUAGE = "tower", "projector", "language"
PROJECTORS_OF_TOWERS = ("merger", "vision_adapter")
"""In the names of a tower's direct children that are projectors."""


def part_prefixes(model: Any) -> list[tuple[str, str]]:
    """Prefixes of the names of a model's weights with the part that they are of, the longest first; what has none of them is projector."""
    names = {id(module): name for name, module in reversed(list(model.named_modules()))}
    prefixes: dict[str, str] = {}
    for part, owner in (
        (LANGUAGE, _given(model, "get_decoder")),
        (LANGUAGE, _given(model, "get_output_embeddings")),
        (TOWER, _given(model, "get_encoder", modality="image")),
    ):
        name = names.get(id(owner), "")
        if not name:  # the model itself, or none
            continue
        prefixes[f"{name}."] = part
        if part == TOWER:
            children = (
                child for child, _ in owner.named_children() if any(mark in child for mark in PROJECTORS_OF_TOWERS)
            )
            prefixes.update({f"{name}.{child}.": PROJECTOR for child in children})
    return sorted(prefixes.items(), key=lambda prefix: -len(prefix[0]))


def _given(model: Any, method: str, **arguments: Any) -> Any:
    try:
        return getattr(model, method)(**arguments)
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return None


def part_of(name: str, prefixes: Sequence[tuple[str, str]]) -> str:
    """The part that a weight or module of this name is of, by `part_prefixes`."""
    return next((part for prefix, part in prefixes if f"{name}.".startswith(prefix)), PROJECTOR)


def freeze(model: Any, frozen: Sequence[str]) -> None:
    """Keep parts of a model as they are: `tower`, `projector`, `language`. Raises `TrainingError` for one that the model has not."""
    if not frozen:
        return
    prefixes = part_prefixes(model)
    weights: Counter[str] = Counter()
    for name, values in model.named_parameters():
        part = part_of(name, prefixes)
        weights[part] += values.numel()
        if part in frozen:
            values.requires_grad_(False)
    _require(model, frozen, weights)


def _require(model: Any, frozen: Sequence[str], weights: Counter[str]) -> None:
    family = type(model).__name__
    if missing := [part for part in frozen if not weights[part]]:
        there = ", ".join(part for part in (TOWER, PROJECTOR, LANGUAGE) if weights[part])
        raise TrainingError(f"`frozen` names {' and '.join(missing)}, which {family} has not: its parts are {there}")
    if not any(count for part, count in weights.items() if part not in frozen):
        raise TrainingError(f"`frozen` names all parts of {family}, so that nothing would be learnt")


def adapter_targets(model: Any, named: Sequence[str], frozen: Sequence[str] = ()) -> list[str]:
    """Full names of the linear layers that get adapters: those in parts that are not frozen, all of them or those whose last name is `named`.

    PEFT's own `all-linear` takes those of a `MultiheadAttention`, too, whose weights are read beside any adapter: here they get none, nor does
    the output layer. Weights that are no layers (experts in one tensor, Gemma 3's projector) get none. Raises `TrainingError` where nothing is left.
    """
    from torch.nn import Linear, MultiheadAttention

    prefixes = part_prefixes(model)
    if frozen:
        _require(model, frozen, Counter(part_of(name, prefixes) for name, _ in model.named_parameters()))
    targets = [
        name
        for name, module in _outside(model, MultiheadAttention)
        if isinstance(module, Linear)
        and module is not _given(model, "get_output_embeddings")
        and part_of(name, prefixes) not in frozen
        and (not named or name.rsplit(".", 1)[-1] in named or name in named)
    ]
    if not targets:
        there = sorted(
            {name.rsplit(".", 1)[-1] for name, module in model.named_modules() if isinstance(module, Linear)}
        )
        raise TrainingError(
            f"`lora.target_modules` ({', '.join(named)}) names no linear layer that is trained; {type(model).__name__} has {', '.join(there)}"
        )
    return targets


def _outside(model: Any, kind: type) -> Iterator[tuple[str, Any]]:
    """Modules by name, but for those within modules of a kind."""
    inside: tuple[str, ...] = ()
    for name, module in model.named_modules():
        if inside and name.startswith(inside):
            continue
        if isinstance(module, kind):
            inside = (*inside, f"{name}.")
        yield name, module
