"""Which rows of a data set are the same: image and question both, never one of them alone.

- Images are the same when their `image_id` is, nearly the same when their perceptual hashes differ in at most
  `phash_distance` bits AND their 16 x 16 pixels differ by at most `pixel_difference` on average AND by at most
  `LOCAL_FACTOR` times that at any one pixel. The last is for drawings: of 1,800 sample images 39% have an unrelated
  neighbour within 8 bits; of those 1,993 pairs 127 pass the average, since one shape is a small part of a picture, and 3 pass
  both: pictures of one and the same scene. Altered copies of photographs differ by at most 2.3 on average and 21 at any pixel.
- Questions are the same when kind, normalised text and set of options are; nearly the same when their 5-gram
  MinHashes agree in at least `text_similarity` and kind and answer are equal: templated questions differ in one
  word ("the circle", "the square") that decides the answer.
- Same image, same question: `duplicate_exact`. Where their answers differ, one is wrong and nobody knows which, so all of
  them are left out as `conflicting_answers`. Descriptive answers never conflict: they say one thing in many words.
- Otherwise both nearly the same, with equal answers: `duplicate_near`. Nearly equal images with different answers
  differ in what was asked about; both rows stay.

Rows are taken in the order they were added: one that matches a kept row is dropped and names it, any other is kept. So every
dropped row matches a kept one directly (no chains), and a row added later never displaces an earlier one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from wethink_assets.dedup.pixels import BYTES, SIDE
from wethink_assets.dedup.row_index import RowIndex
from wethink_assets.dedup.similar_texts import U64, mixed, similar_pairs

REASONS = ("", "duplicate_exact", "duplicate_near", "conflicting_answers")
EXACT, NEAR, CONFLICT = 1, 2, 3
LOCAL_FACTOR = 4
PIXEL_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When two images, and two questions, are nearly the same."""

    phash_distance: int = 8
    pixel_difference: float = 6.0
    text_similarity: float = 0.9


@dataclass(frozen=True, slots=True)
class Duplicates:
    """For each row in the order added: why it is dropped (an index into `REASONS`, 0: kept) and for which row (-1: none)."""

    reason: npt.NDArray[np.int8]
    survivor: npt.NDArray[np.int64]

    def frame(self, start: int, length: int) -> pl.DataFrame:
        """Columns `reason` (null where kept) and `survivor` (position, null where none) of some rows."""
        reason, survivor = self.reason[start : start + length], self.survivor[start : start + length]
        return pl.DataFrame(
            {
                "reason": pl.Series(reason).replace_strict(range(len(REASONS)), list(REASONS), return_dtype=pl.String),
                "survivor": pl.Series(survivor, dtype=pl.Int64),
            }
        ).with_columns(pl.col("reason").replace("", None), pl.col("survivor").replace(-1, None))


def images_alike(
    first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8], pixel_difference: float
) -> npt.NDArray[np.bool_]:
    """Whether reduced pixels (arrays of shape (n, 768)) are alike on average and at each single pixel."""
    difference = np.abs(first.astype(np.int16) - second.astype(np.int16)).reshape(-1, SIDE * SIDE, 3)
    local = difference.mean(axis=2).max(axis=1)
    average = difference.reshape(-1, BYTES).mean(axis=1)
    alike: npt.NDArray[np.bool_] = (average <= pixel_difference) & (local <= LOCAL_FACTOR * pixel_difference)
    return alike


def find_duplicates(rows: RowIndex, thresholds: Thresholds) -> Duplicates:
    """Decide for each row of the index whether it is kept.

    Time grows with the rows, and within rows of equal question and answer with the square of those kept (1 ns a pair).
    """
    found = Duplicates(np.zeros(len(rows), dtype=np.int8), np.full(len(rows), -1, dtype=np.int64))
    if len(rows):
        _same_image_same_question(rows, found)
        _nearly_same(rows, found, thresholds)
        moved = np.flatnonzero((found.reason == EXACT) & (found.reason[found.survivor] == NEAR))
        found.survivor[moved] = found.survivor[found.survivor[moved]]  # its first copy was dropped in turn
        found.reason[moved] = NEAR
    return found


def _same_image_same_question(rows: RowIndex, found: Duplicates) -> None:
    keys = mixed(rows.image_key, rows.text_key)
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.r_[True, keys[order][1:] != keys[order][:-1]])
    ends = np.r_[starts[1:], len(order)]
    for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        group = order[start:end]
        conflicting = not rows.descriptive[group[0]] and len(np.unique(rows.answer_key[group])) > 1
        if conflicting:
            found.reason[group] = CONFLICT
        else:
            found.reason[group[1:]] = EXACT
            found.survivor[group[1:]] = group[0]


def _nearly_same(rows: RowIndex, found: Duplicates, thresholds: Thresholds) -> None:
    left = np.flatnonzero(found.reason == 0)
    claims = mixed(rows.text_key[left], rows.answer_key[left])  # a claim: one question with one answer
    _, first, claim, sizes = np.unique(claims, return_index=True, return_inverse=True, return_counts=True)
    representatives = left[first]
    within = mixed(rows.answer_key[representatives], rows.kind_key[representatives])
    near = similar_pairs(rows.minhashes, representatives, within, thresholds.text_similarity)
    starts = np.r_[0, np.cumsum(sizes)[:-1]]
    _Survivors(rows, found, thresholds, starts, near).take(left, claim, sizes)


class _Survivors:
    """Kept rows by claim, each claim in its own stretch of one array, filled in order."""

    def __init__(
        self,
        rows: RowIndex,
        found: Duplicates,
        thresholds: Thresholds,
        starts: npt.NDArray[np.int64],
        near: npt.NDArray[np.int64],
    ) -> None:
        self._rows, self._found, self._thresholds, self._starts = rows, found, thresholds, starts
        self._near: dict[int, list[int]] = {}
        for one, other in near.tolist():
            self._near.setdefault(one, []).append(other)
            self._near.setdefault(other, []).append(one)

    def take(self, left: npt.NDArray[np.int64], claim: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> None:
        """Go through the rows `left` in order, keep or drop each."""
        contested = sizes > 1
        contested[list(self._near)] = True
        self._kept = np.empty(len(left), dtype=np.int64)
        self._hashes = np.empty(len(left), dtype=np.uint64)
        self._counts = np.zeros(len(sizes), dtype=np.int64)
        among = contested[claim]
        for position, own in zip(left[among].tolist(), claim[among].tolist(), strict=True):
            survivor = min((self._match(position, other) for other in (own, *self._near.get(own, ()))), default=-1)
            if survivor < len(self._rows):
                self._found.reason[position] = NEAR
                self._found.survivor[position] = survivor
            else:
                slot = self._starts[own] + self._counts[own]
                self._kept[slot] = position
                self._hashes[slot] = self._rows.phash[position]
                self._counts[own] += 1

    def _match(self, position: int, claim: int) -> int:
        """First kept row of a claim whose image is the same or nearly so; the number of rows where there is none."""
        rows, start, count = self._rows, self._starts[claim], self._counts[claim]
        if not count:
            return len(rows)
        hashes: U64 = self._hashes[start : start + count]
        close = np.flatnonzero(np.bitwise_count(hashes ^ rows.phash[position]) <= self._thresholds.phash_distance)
        own = rows.pixels[rows.entry[position]]
        for block in range(0, len(close), PIXEL_BLOCK):
            others = self._kept[start + close[block : block + PIXEL_BLOCK]]
            alike = images_alike(rows.pixels[rows.entry[others]], own[None], self._thresholds.pixel_difference)
            hits = np.flatnonzero(alike | (rows.image_key[others] == rows.image_key[position]))
            if len(hits):
                return int(others[hits[0]])
        return len(rows)
