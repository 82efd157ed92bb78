"""Question slots of an image: the kind of each question that is to be written, and the abilities it asks for."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.identity import digest_of, slot_id
from wethink_assets.kinds import KINDS
from wethink_assets.stages.schemas import STRINGS

REASONING = "Reasoning"
OTHER_ABILITIES = ("Recognition", "OCR", "Knowledge", "Spatial Awareness", "Math", "Language Generation")
ABILITIES = (REASONING, *OTHER_ABILITIES)
_COLUMNS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "slot": pl.String,
    "image_id": pl.String,
    "kind": pl.String,
    "ordinal": pl.Int16,
    "abilities": STRINGS,
}
SLOTS = pl.Schema(_COLUMNS)
_GOLDEN = 0.6180339887498949  # successive multiples spread evenly, so the slots of one image differ in kind


def planned_slots(descriptions: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Slots of all described images (schema `SLOTS`), sorted by slot; one image always gets the same ones.

    Kinds follow the configured mix over many images, and differ within an image where the mix allows it. More questions an image
    add slots and keep those there are.
    """
    rows = [slot for image in descriptions.get_column("image_id") for slot in slots_of(image, settings)]
    return pl.DataFrame(rows, schema=SLOTS).sort("slot")


def slots_of(image_id: str, settings: Settings) -> list[dict[str, Any]]:
    """Slots of one image in the order in which its questions are written."""
    start = _uniform("kind", image_id)
    slots: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    for index in range(settings.pipeline.questions_per_image):
        kind = _kind_at((start + index * _GOLDEN) % 1, settings.pipeline.kinds)
        ordinal = counts.get(kind, 0)
        counts[kind] = ordinal + 1
        slots.append(
            {
                "slot": slot_id(image_id, kind, ordinal),
                "image_id": image_id,
                "kind": kind,
                "ordinal": ordinal,
                "abilities": abilities_of(image_id, kind, index),
            }
        )
    return slots


def abilities_of(image_id: str, kind: str, index: int) -> list[str]:
    """Reasoning and one or two further abilities; only questions that are answered in sentences can ask for language generation."""
    others = [name for name in OTHER_ABILITIES if KINDS[kind].prose or name != "Language Generation"]
    others.sort(key=lambda name: digest_of(["ability", image_id, index, name]))
    return [REASONING, *others[: 1 + (_uniform("abilities", image_id, index) < 0.5)]]


def _uniform(*parts: object) -> float:
    return int(digest_of(["slot", *parts])[:12], 16) / 16**12


def _kind_at(point: float, shares: Mapping[str, float]) -> str:
    total = 0.0
    chosen = ""
    for kind in sorted(shares):
        if shares[kind] > 0:
            chosen = kind
            total += shares[kind]
            if point < total:
                break
    return chosen
