"""Candidates for a copy: pairs of pictures whose signatures lie near each other in one of the eight ways to lay one of them down.

Search is by range and exact: which pairs are found depends on the two pictures alone, on no order and no other picture. Memory is bounded by `BLOCK`;
time is two products of matrices for each pair of views, a tenth to a quarter of a microsecond a pair of pictures, and more where many are alike
(`benchmarks/candidates.py`).
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wethink_assets.dedup.copies.pixels import TURNS, Floats
from wethink_assets.dedup.copies.signature import FREQUENCIES, PARTS, SIDE, Signatures, cropped, turned

DISTANCE = 0.12
"""Cosine distance of signatures up to which pictures are compared."""
UPRIGHT_FIRST = 0.004
"""What a turn must gain in distance to be taken: symmetric pictures stay as they are."""
PAIRED = ((0, 0), (1, 1), (1, 2), (2, 1), (0, 2), (2, 0), (0, 1), (1, 0))
"""Parts that are held against each other: the whole, without border, less a margin. Without its frame, a framed page is the whole of another."""
SHIFTS = ((0.5, 0.5), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
"""Where the picture lies in the whole that it is cropped from: in its middle, in its corners."""
CROPS = range(PARTS, PARTS + len(SHIFTS))
VIEWED = (*PAIRED, *((view, 0) for view in CROPS), *((0, view) for view in CROPS))
"""Views (parts, then crops) that are held against each other; a crop of a picture that is turned is a turned crop, so all turns are among them."""
ROWS, COLUMNS = np.divmod(np.arange(FREQUENCIES), SIDE)
PARITIES = [np.flatnonzero(parity == ROWS % 2 * 2 + COLUMNS % 2) for parity in range(4)]
"""Frequencies by whether their row and column are odd: a turn negates all of one of these or none, of the first of them never any."""
ORDER = np.concatenate(PARITIES)
"""Order in which frequencies are held while they are searched."""
ACROSS = np.argsort(ORDER)[(COLUMNS * SIDE + ROWS)[ORDER]]
"""Where in that order the frequencies of a picture laid across its diagonal come from."""
LOW = np.flatnonzero((ROWS + COLUMNS)[ORDER] <= 11)
"""Places in that order of the 78 lowest of the frequencies. Charts and documents have much beyond fewer; more cost more than they save."""
PLAIN, TRANSPOSED = ((0, 2, 4, 6), (1, 3, 5, 7))
"""Turns by whole and by half, mirrored or not; and by quarters."""
SIGNS = [
    [np.float32(turned(np.ones((1, 1, SIDE, SIDE), np.int8), turn).ravel()[places[0]]) for places in PARITIES]
    for turn in range(len(TURNS))
]
"""By turn, what frequencies of each parity are multiplied by, once they are transposed or not."""
SLACK = 1e-5
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

    def of_these(self, chosen: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Candidates":
        """Some of the pairs."""
        return Candidates(self.first[chosen], self.second[chosen], self.turn[chosen], self.distance[chosen])


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


def by_distance(found: Candidates) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Order of pairs by the first picture, then the nearest second one first, and in this order the rank of each among those of its first picture."""
    order = np.lexsort((found.second, found.distance, found.first))
    first = found.first[order]
    begins = np.flatnonzero(np.r_[True, np.diff(first) > 0][: len(first)])
    return order, np.arange(len(first)) - np.repeat(begins, np.diff(np.r_[begins, len(first)]))


def _near(
    first: Signatures, second: Signatures, limit: float, top: int, left: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int8], Floats]:
    """Pairs within `limit` by each turn and pair of views, so that one pair of pictures may come many times.

    Turns only negate frequencies, and transpose: what a product comes to by four of them is at most that of absolute values, where frequencies of
    even row and column, which no turn negates, keep their signs. What those beyond `LOW` add is at most the product of their lengths (Cauchy and
    Schwarz). So most pairs are out by two products in place of eight, of a few numbers each.
    """
    found = []
    own, its = _views(first), _views(second)
    own_bounds = [_bounds(view) for view in own]
    for turns in (PLAIN, TRANSPOSED):
        laid = its if turns is PLAIN else [view[:, ACROSS] for view in its]
        its_bounds = [_bounds(view) for view in laid]
        for one, other in VIEWED:
            near = np.flatnonzero(own_bounds[one] @ its_bounds[other].T >= 1 - limit - SLACK)
            row, column = np.divmod(near, len(second))
            for at in range(0, len(row), GATHERED):
                part = slice(at, at + GATHERED)
                alike = _by_turn(own[one][row[part]], laid[other][column[part]], turns)
                for turn, reached in zip(turns, alike, strict=True):
                    penalty = UPRIGHT_FIRST if turn else 0
                    within = np.flatnonzero(reached >= 1 - limit + penalty)
                    by = np.full(len(within), turn, np.int8)
                    length = (1 - reached[within] + penalty).astype("f4")
                    found.append((row[part][within] + top, column[part][within] + left, by, length))
    if not found:
        none = np.empty(0, np.int64)
        return none, none, none.astype(np.int8), none.astype(np.float32)
    rows, columns, by_turns, lengths = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows, columns, by_turns, lengths


def _views(signatures: Signatures) -> list[Floats]:
    """Parts and crops of pictures that are held against each other, as unit vectors."""
    parts = _unit(signatures)
    views = [*(parts[:, part] for part in range(PARTS)), *(_unit(cropped(signatures, shift)) for shift in SHIFTS)]
    return [np.ascontiguousarray(view[:, ORDER]) for view in views]


def _bounds(vectors: Floats) -> Floats:
    """What bounds a product by any turn that does not transpose: low frequencies, of those that turns negate the size, and the length of the rest."""
    steady = np.arange(FREQUENCIES) < len(PARITIES[0])
    low = np.where(steady, vectors, np.abs(vectors))[:, LOW]
    beyond = np.sqrt(np.maximum(1 - (low**2).sum(1, keepdims=True), 0))
    return np.concatenate([low, beyond], axis=1)


def _by_turn(first: Floats, second: Floats, turns: Sequence[int]) -> list[Floats]:
    """Products of pairs by each of four turns; each pair by itself, so that it depends on no other."""
    shape = (len(first), len(PARITIES), -1)
    sums = np.einsum("nkf,nkf->nk", first.reshape(shape), second.reshape(shape)).T
    return [functools.reduce(np.add, map(np.multiply, SIGNS[turn], sums)) for turn in turns]


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
