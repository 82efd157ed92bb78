"""Candidates for a copy: pairs of pictures whose signatures lie near each other in one of the eight ways to lay one of them down.

Search is by range and exact: which pairs are found depends on the two pictures alone, on no order and no other picture. Memory is bounded by `BLOCK`;
time is one product of matrices for each turn and each pair of parts, about a microsecond a pair of pictures.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wethink_assets.dedup.copies.pixels import TURNS, Floats
from wethink_assets.dedup.copies.signature import FREQUENCIES, Signatures, cropped, turned

DISTANCE = 0.12
"""Cosine distance of signatures up to which pictures are compared."""
UPRIGHT_FIRST = 0.004
"""What a turn must gain in distance to be taken: symmetric pictures stay as they are."""
PAIRED = ((0, 0), (1, 1), (1, 2), (2, 1), (0, 2), (2, 0))
"""Parts that are held against each other: the whole, without border, less a margin."""
SHIFTS = ((0.5, 0.5), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
"""Where the picture lies in the whole that it is cropped from: in its middle, in its corners."""
BLOCK = 2_000
"""Pictures on each side whose distances are in memory at once: 36 MB."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs in the order of the first picture, then the second: arrays of one length.

    turn: the way to lay the second one down (`pixels.TURNS`) for the two to be compared; distance: cosine distance of signatures, 0 to `DISTANCE`.
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    turn: npt.NDArray[np.int8]
    distance: Floats

    def __len__(self) -> int:
        return len(self.first)


def candidates(first: Signatures, second: Signatures, limit: float = DISTANCE) -> Candidates:
    """Pairs of a picture of `first` with one of `second` whose distance is `limit` at most."""
    found: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int8], Floats]] = []
    for top in range(0, len(first), BLOCK):
        for left in range(0, len(second), BLOCK):
            distance, turn = distances(first[top : top + BLOCK], second[left : left + BLOCK])
            row, column = np.nonzero(distance <= limit)
            found.append((row + top, column + left, turn[row, column], distance[row, column]))
    if not found:
        none = np.empty(0, np.int64)
        return Candidates(none, none, np.empty(0, np.int8), np.empty(0, np.float32))
    one, other, turns, lengths = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((other, one))
    return Candidates(one[order], other[order], turns[order], lengths[order])


def distances(first: Signatures, second: Signatures) -> tuple[Floats, npt.NDArray[np.int8]]:
    """Least cosine distance of each pair, shape (n, m), and by which turn of the second picture it is reached."""
    own = _unit(first)
    own_crops = [_unit(cropped(first, shift)) for shift in SHIFTS]
    least = np.full((len(first), len(second)), np.inf, np.float32)
    by = np.zeros(least.shape, np.int8)
    for turn in range(len(TURNS)):
        laid = turned(second, turn)
        parts = _unit(laid)
        compared = [(own[:, one], parts[:, other]) for one, other in PAIRED]
        compared += [(crop, parts[:, 0]) for crop in own_crops]
        compared += [(own[:, 0], _unit(cropped(laid, shift))) for shift in SHIFTS]
        for one, other in compared:
            distance = 1 - one @ other.T + (UPRIGHT_FIRST if turn else 0)
            nearer = distance < least
            least[nearer], by[nearer] = distance[nearer], turn
    return least, by


def _unit(frequencies: npt.NDArray[Any]) -> Floats:
    """Frequencies of unit length, (..., `FREQUENCIES`)."""
    flat = frequencies.reshape(*frequencies.shape[: -1 if frequencies.shape[-1] == FREQUENCIES else -2], FREQUENCIES)
    flat = flat.astype(np.float32)
    return flat / np.maximum(np.linalg.norm(flat, axis=-1, keepdims=True), 1e-9)
