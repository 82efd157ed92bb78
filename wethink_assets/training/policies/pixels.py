"""Bounds of the pixels that a model is shown of each image, handed to its processor in the way of its family."""

from collections.abc import Mapping
from math import isqrt
from typing import Any

from wethink_assets.errors import ModelError

LONGEST_SIDE = 10_000
"""A `longest_edge` beyond it is no side but an area (Qwen-VL, GLM-V and PaddleOCR-VL call it so)."""


def bound_pixels(processor: Any, least: int, most: int) -> None:
    """Let a processor show each image in at least and at most so many pixels; 0 leaves a bound as it is.

    Areas (`size` with `shortest_edge` and `longest_edge` in pixels, or `min_pixels` and `max_pixels`) are set as they are; a longest side (Pixtral,
    Mistral 3, LightOnOCR) to that of a square of `most` pixels; the number of tiles (InternVL, Aya Vision) to those that fit.

    Raises `ModelError` for a processor that knows no such bound, with what it knows.
    """
    if not (least or most):
        return
    images = processor.image_processor
    size = _plain(getattr(images, "size", None))
    kind = _plain(getattr(type(images), "size", None)) or size
    if "max_pixels" in kind:
        size = _between(size, least, most, "min_pixels", "max_pixels")
    elif kind.get("longest_edge", 0) > LONGEST_SIDE:
        size = _between(size, least, most, "shortest_edge", "longest_edge")
    elif set(size) == {"longest_edge"} and not least:
        size = {"longest_edge": isqrt(most)}
    elif hasattr(images, "crop_to_patches") and not least:
        images.max_patches = max(getattr(images, "min_patches", 1), most // (size["height"] * size["width"]))
        return
    else:
        setting = (
            "min_pixels"
            if least and (set(size) == {"longest_edge"} or hasattr(images, "crop_to_patches"))
            else "max_pixels"
        )
        raise ModelError(
            f"{type(processor).__name__} has no bound that `{setting}` could set ({_shown(images, size)}): leave `{setting}` out of the recipe"
        )
    images.size = type(images.size)(**size) if not isinstance(images.size, dict) else size
    for name, value in (("min_pixels", least), ("max_pixels", most)):
        if value and getattr(images, name, None) is not None:
            setattr(images, name, value)


def _plain(size: Any) -> dict[str, int]:
    return {str(name): value for name, value in dict(size or {}).items() if isinstance(value, int)}


def _between(size: Mapping[str, int], least: int, most: int, low: str, high: str) -> dict[str, int]:
    bounds = {**size, **({low: least} if least else {}), **({high: most} if most else {})}
    if bounds.get(low, 0) > bounds.get(high, bounds.get(low, 0)):
        raise ModelError(
            f"`min_pixels` is {bounds[low]:,} and `max_pixels` {bounds[high]:,} (where the recipe leaves one out it is the processor's): none fits"
        )
    return bounds


def _shown(images: Any, size: Mapping[str, int]) -> str:
    if getattr(images, "image_grid_pinpoints", None):
        return "the shapes of its tiles are part of the model"
    if {"height", "width"} <= set(size):
        return f"it shows images in {size['width']} x {size['height']} pixels"
    return f"its size is {', '.join(f'{name} {value}' for name, value in size.items())}" if size else "it names no size"
