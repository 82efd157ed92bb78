"""Which questions are nearly the same, among those of one kind with one answer: locality-sensitive hashing of MinHashes."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
PAIR_BLOCK = 1 << 16  # pairs whose MinHashes are compared at once
MISSED = 0.01  # share of pairs exactly at the threshold that banding may miss
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def rows_per_band(permutations: int, similarity: float) -> int:
    """Most MinHash values a band may span so that at most `MISSED` of the pairs at the threshold share no band.

    >>> rows_per_band(64, 0.9), rows_per_band(64, 0.6)
    (7, 2)
    """
    for rows in range(permutations, 1, -1):
        if (1 - similarity**rows) ** (permutations // rows) <= MISSED:
            return rows
    return 1


def mixed(*columns: U64) -> U64:
    """One 64-bit hash a row over several columns of 64-bit values."""
    state = np.full(len(columns[0]), _PRIME, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in columns:
            state = (state ^ column) * _PRIME
            state ^= state >> _SHIFT
    return state


def similar_pairs(
    minhashes: npt.NDArray[np.uint32], representatives: npt.NDArray[np.int64], within: U64, similarity: float
) -> npt.NDArray[np.int64]:
    """Pairs (a < b, sorted) of texts whose estimated Jaccard similarity is at least `similarity`.

    Only texts that share a band and a value of `within` are compared, so unlike texts cost nothing.

    Args:
        minhashes: one row of permutations for each row of the data set; may be memory-mapped.
        representatives: for each text, the row of `minhashes` that holds its MinHash.
        within: for each text, a hash of what else must be equal (kind and answer).

    Returns an array of shape (pairs, 2) of indices into `representatives`.
    """
    permutations = minhashes.shape[1] if minhashes.ndim == 2 else 0
    found = [np.empty((0, 2), dtype=np.int64)]
    if len(representatives) < 2 or not permutations:
        return found[0]
    width = rows_per_band(permutations, similarity)
    for start in range(0, permutations - width + 1, width):
        band = minhashes[:, start : start + width][representatives].astype(np.uint64)
        keys = mixed(within, *band.T)
        for left, right in _pairs_of_equal(keys):
            alike = (minhashes[representatives[left]] == minhashes[representatives[right]]).mean(axis=1) >= similarity
            same = within[left] == within[right]
            hits = alike & same
            found.append(np.stack([left[hits], right[hits]], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _pairs_of_equal(keys: U64) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Index pairs (a < b) with equal keys, in blocks."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ends = np.r_[starts[1:], len(ordered)]
    lefts: list[npt.NDArray[np.int64]] = []
    rights: list[npt.NDArray[np.int64]] = []
    waiting = 0
    for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        members = order[start:end]  # ascending, since the sort is stable
        for offset in range(len(members) - 1):
            others = members[offset + 1 :]
            lefts.append(np.broadcast_to(members[offset], others.shape))
            rights.append(others)
            waiting += len(others)
            if waiting >= PAIR_BLOCK:
                yield np.concatenate(lefts), np.concatenate(rights)
                lefts, rights, waiting = [], [], 0
    if waiting:
        yield np.concatenate(lefts), np.concatenate(rights)
