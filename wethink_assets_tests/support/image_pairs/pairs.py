"""Labelled pairs: each picture with its copies, with itself but for one thing, and with others of its kind."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wethink_assets_tests.support.image_pairs.copies import COPIES, as_jpeg, encoded
from wethink_assets_tests.support.image_pairs.scenes import DRAWN, document

FURTHER = 100_002
"""Seeds of pictures that a picture is unlike, beyond those of any pair."""


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two image files and what they are to each other. kind: of the pictures; change: what makes the second one of the first."""

    kind: str
    seed: int
    change: str
    truth: str
    first: bytes
    second: bytes


def labelled_pairs(seeds: Iterable[int], kinds: Iterable[str] = tuple(DRAWN)) -> Iterator[LabelledPair]:
    """All pairs of pictures with these seeds, about 20 a picture."""
    for kind in kinds:
        draw, changes = DRAWN[kind]
        for seed in seeds:
            rng = random.Random(f"pairs {kind} {seed}")
            picture = draw(seed)
            first = encoded(picture, "PNG")
            for change, copied in COPIES.items():
                yield LabelledPair(kind, seed, change, "copy", first, copied(picture, rng))
            for change in changes:
                yield LabelledPair(kind, seed, f"another {change}", "altered", first, as_jpeg(draw(seed, change), rng))
            yield LabelledPair(kind, seed, "unrelated", "other", first, as_jpeg(draw(seed + FURTHER), rng))
            if kind == "document":
                filled = document(seed, contents=seed + FURTHER)
                yield LabelledPair(kind, seed, "look-alike", "other", first, as_jpeg(filled, rng))
