"""MinHash as the signature of texts: similarity of character 5-grams, found by locality-sensitive hashing (Broder 1997).

It tells how diverse questions are, and in versions whose rules are older than 5 which are nearly the same: those of one kind with one answer whose
MinHashes agree in a share of at least `text_similarity` of their 64 values. Since then `question_text` says so, for a similarity joins long questions
of which one word differs that matters, and misses short ones of which one differs that doesn't.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from rensa import RMinHash

from wethink_assets.config.data import DedupSettings
from wethink_assets.dedup.methods import U64, TextMethod, mixed
from wethink_assets.dedup.question_text import near_text
from wethink_assets.dedup.texts import shingles

PERMUTATIONS = 64
SEED = 42
PAIR_BLOCK = 1 << 16  # pairs whose MinHashes are compared at once
MISSED = 0.01  # share of pairs exactly at the threshold that banding may miss
BAND = 4  # values that must be equal for two questions to share a cell: about 0.7 of their 5-grams


def minhashes(texts: Sequence[str]) -> dict[str, Sequence[Any]]:
    """Column `minhash` for texts: 64 values each."""
    return {"minhash": RMinHash.digests_from_token_sets([shingles(text) for text in texts], PERMUTATIONS, SEED)}


def packed(rows: pl.DataFrame) -> npt.NDArray[np.uint32]:
    """The values of each row, as an array."""
    return rows["minhash"].explode().to_numpy().astype("<u4").reshape(rows.height, PERMUTATIONS)


def cells(rows: pl.DataFrame) -> int:
    """Cells that questions fall into, two sharing one where the first band of their MinHash is equal."""
    bands = np.array([values[:BAND] for values in rows["minhash"].to_list()], dtype=np.uint32)
    return len(np.unique(bands, axis=0)) if len(bands) else 0


def rows_per_band(permutations: int, similarity: float) -> int:
    """Most MinHash values a band may span so that at most `MISSED` of the pairs at the threshold share no band.

    >>> rows_per_band(64, 0.9), rows_per_band(64, 0.6)
    (7, 3)
    """
    for rows in range(permutations, 1, -1):
        if (1 - similarity**rows) ** (permutations // rows) <= MISSED:
            return rows
    return 1


def similar_pairs(
    values: npt.NDArray[np.uint32], representatives: npt.NDArray[np.int64], within: U64, similarity: float
) -> npt.NDArray[np.int64]:
    """Pairs (a < b, sorted) of texts whose estimated Jaccard similarity is at least `similarity`.

    Only texts that share a band and a value of `within` are compared, so unlike texts cost nothing.

    Args:
        values: one row of permutations for each row of the data set; may be memory-mapped.
        representatives: for each text, the row of `values` that holds its MinHash.
        within: for each text, a hash of what else must be equal (kind and answer).

    Returns an array of shape (pairs, 2) of indices into `representatives`.
    """
    permutations = values.shape[1] if values.ndim == 2 else 0
    pairs = [np.empty((0, 2), dtype=np.int64)]
    if len(representatives) < 2 or not permutations:
        return pairs[0]
    width = rows_per_band(permutations, similarity)
    for start in range(0, permutations - width + 1, width):
        band = values[:, start : start + width][representatives].astype(np.uint64)
        keys = mixed(within, *band.T)
        for left, right in _pairs_of_equal(keys):
            alike = (values[representatives[left]] == values[representatives[right]]).mean(axis=1) >= similarity
            same = within[left] == within[right]
            hits = alike & same
            pairs.append(np.stack([left[hits], right[hits]], axis=1))
    return np.unique(np.concatenate(pairs), axis=0)


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


def _near(
    values: npt.NDArray[np.uint32], representatives: npt.NDArray[np.int64], within: U64, settings: DedupSettings
) -> npt.NDArray[np.int64]:
    return similar_pairs(values, representatives, within, settings.text_similarity)


MINHASH = TextMethod(
    title="MinHash",
    columns={"minhash": pl.List(pl.UInt32)},
    sign=minhashes,
    words=PERMUTATIONS,
    packed=packed,
    pairs=_near,
    cells=cells,
    near_text=near_text,
)
