"""Candidates for a copy: pairs of pictures whose signatures lie near each other in one of the eight ways to lay one of them down.

Search is by range and exact: which pairs are found depends on the two pictures alone, on no order and no other picture. Memory is bounded by `BLOCK`;
time is one product of matrices for each turn and each pair of parts, about a microsecond a pair of pictures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wethink_assets.dedup.copies.pixels import TURNS, Floats
from wethink_assets.dedup.copies.signature import FREQUENCIES, SIDE, Signatures, cropped, turned

DISTANCE = 0.12
"""Cosine distance of signatures up to which pictures are compared."""
UPRIGHT_FIRST = 0.004
"""What a turn must gain in distance to be taken: symmetric pictures stay as they are."""
PAIRED = ((0, 0), (1, 1), (1, 2), (2, 1), (0, 2), (2, 0), (0, 1), (1, 0))
"""Parts that are held against each other: the whole, without border, less a margin. Without its frame, a framed page is the whole of another."""
SHIFTS = ((0.5, 0.5), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
"""Where the picture lies in the whole that it is cropped from: in its middle, in its corners."""
LOW = np.flatnonzero(np.add.outer(np.arange(SIDE), np.arange(SIDE)).ravel() <= 7)
"""The 36 lowest of the frequencies."""
GATHERED = 200_000
"""Pairs whose frequencies are in memory at once: 230 MB."""
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
    found = [_near(first[top : top + BLOCK], second[left : left + BLOCK], limit, top, left)
             for top in range(0, len(first), BLOCK) for left in range(0, len(second), BLOCK)]  # fmt: skip
    if not found:
        none = np.empty(0, np.int64)
        return Candidates(none, none, np.empty(0, np.int8), np.empty(0, np.float32))
    one, other, turns, lengths = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((turns, lengths, other, one))
    one, other = one[order], other[order]
    least = np.r_[True, (one[1:] != one[:-1]) | (other[1:] != other[:-1])] if len(one) else np.empty(0, np.bool_)
    return Candidates(one[least], other[least], turns[order][least], lengths[order][least])


def _near(
    first: Signatures, second: Signatures, limit: float, top: int, left: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int8], Floats]:
    """Pairs within `limit` by each turn and pair of parts, so that one pair of pictures may come many times.

    What the frequencies beyond `LOW` add to a product is at most the product of their lengths (Cauchy and Schwarz), so most pairs are out by a few.
    """
    found = []
    for turn, one, other in _compared(first, second):
        penalty = UPRIGHT_FIRST if turn else 0
        least = 1 - limit + penalty
        near = np.flatnonzero(_bounded(one) @ _bounded(other).T >= least - 1e-5)
        row, column = np.divmod(near, len(second))
        alike = np.concatenate([
            np.einsum("ij,ij->i", one[row[at : at + GATHERED]], other[column[at : at + GATHERED]])
            for at in range(0, len(row), GATHERED)
        ]) if len(row) else np.empty(0, np.float32)  # fmt: skip
        reached = alike >= least
        row, column, alike = row[reached], column[reached], alike[reached]
        found.append((row + top, column + left, np.full(len(row), turn, np.int8), (1 - alike + penalty).astype("f4")))
    rows, columns, turns, lengths = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows, columns, turns, lengths


def _bounded(vectors: Floats) -> Floats:
    """Low frequencies of unit vectors, and the length of what is left of them."""
    low = vectors[:, LOW]
    beyond = np.sqrt(np.maximum(1 - (low**2).sum(1, keepdims=True), 0))
    return np.concatenate([low, beyond], axis=1)


def distances(first: Signatures, second: Signatures) -> tuple[Floats, npt.NDArray[np.int8]]:
    """Least cosine distance of each pair, shape (n, m), and by which turn of the second picture it is reached."""
    least = np.full((len(first), len(second)), np.inf, np.float32)
    by = np.zeros(least.shape, np.int8)
    for turn, one, other in _compared(first, second):
        distance = 1 - one @ other.T + (UPRIGHT_FIRST if turn else 0)
        nearer = distance < least
        least[nearer], by[nearer] = distance[nearer], turn
    return least, by


def _compared(first: Signatures, second: Signatures) -> Iterator[tuple[int, Floats, Floats]]:
    """What is held against each other, as unit vectors: a turn of the second pictures, parts or crops of the first ones and of these."""
    own = _unit(first)
    own_crops = [_unit(cropped(first, shift)) for shift in SHIFTS]
    for turn in range(len(TURNS)):
        laid = turned(second, turn)
        parts = _unit(laid)
        yield from ((turn, own[:, one], parts[:, other]) for one, other in PAIRED)
        yield from ((turn, crop, parts[:, 0]) for crop in own_crops)
        yield from ((turn, own[:, 0], _unit(cropped(laid, shift))) for shift in SHIFTS)


def _unit(frequencies: npt.NDArray[Any]) -> Floats:
    """Frequencies of unit length, (..., `FREQUENCIES`)."""
    flat = frequencies.reshape(*frequencies.shape[: -1 if frequencies.shape[-1] == FREQUENCIES else -2], FREQUENCIES)
    flat = flat.astype(np.float32)
    return flat / np.maximum(np.linalg.norm(flat, axis=-1, keepdims=True), 1e-9)
