"""Duplicates among the rows of a data set: image and question both must be the same, never one of them alone.

- Images are the same when their `image_id` is, nearly the same when the image method of `[dedup]` says so (`perceptual_hash`).
- Questions are the same when kind, normalised text and set of options are; nearly the same when the text method says so (`minhash`) and kind and
  answer are equal: templated questions differ in one word ("the circle", "the square") that decides the answer.
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

from wethink_assets.dedup.methods import U64, mixed
from wethink_assets.dedup.row_index import RowIndex

REASONS = ("", "duplicate_exact", "duplicate_near", "conflicting_answers")
EXACT, NEAR, CONFLICT = 1, 2, 3
DETAIL_BLOCK = 1024  # images whose details are compared at once


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


def find_duplicates(rows: RowIndex) -> Duplicates:
    """Decide for each row of the index whether it is kept.

    Time grows with the rows, and within rows of equal question and answer with the square of those kept (1 ns a pair).
    """
    verdicts = Duplicates(np.zeros(len(rows), dtype=np.int8), np.full(len(rows), -1, dtype=np.int64))
    if len(rows):
        _same_image_same_question(rows, verdicts)
        _nearly_same(rows, verdicts)
        moved = np.flatnonzero((verdicts.reason == EXACT) & (verdicts.reason[verdicts.survivor] == NEAR))
        verdicts.survivor[moved] = verdicts.survivor[verdicts.survivor[moved]]  # its first copy was dropped in turn
        verdicts.reason[moved] = NEAR
    return verdicts


def _same_image_same_question(rows: RowIndex, verdicts: Duplicates) -> None:
    keys = mixed(rows.image_key, rows.text_key)
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.r_[True, keys[order][1:] != keys[order][:-1]])
    ends = np.r_[starts[1:], len(order)]
    for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        group = order[start:end]
        conflicting = not rows.descriptive[group[0]] and len(np.unique(rows.answer_key[group])) > 1
        if conflicting:
            verdicts.reason[group] = CONFLICT
        else:
            verdicts.reason[group[1:]] = EXACT
            verdicts.survivor[group[1:]] = group[0]


def _nearly_same(rows: RowIndex, verdicts: Duplicates) -> None:
    left = np.flatnonzero(verdicts.reason == 0)
    claims = mixed(rows.text_key[left], rows.answer_key[left])  # a claim: one question with one answer
    _, first, claim, sizes = np.unique(claims, return_index=True, return_inverse=True, return_counts=True)
    representatives = left[first]
    within = mixed(rows.answer_key[representatives], rows.kind_key[representatives])
    near = rows.comparison.similar_pairs(rows.words, representatives, within)
    starts = np.r_[0, np.cumsum(sizes)[:-1]]
    _Survivors(rows, verdicts, starts, near).take(left, claim, sizes)


class _Survivors:
    """Kept rows by claim, each claim in its own stretch of one array, filled in order."""

    def __init__(
        self,
        rows: RowIndex,
        verdicts: Duplicates,
        starts: npt.NDArray[np.int64],
        near: npt.NDArray[np.int64],
    ) -> None:
        self._rows, self._verdicts, self._starts = rows, verdicts, starts
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
                self._verdicts.reason[position] = NEAR
                self._verdicts.survivor[position] = survivor
            else:
                slot = self._starts[own] + self._counts[own]
                self._kept[slot] = position
                self._hashes[slot] = self._rows.image_hash[position]
                self._counts[own] += 1

    def _match(self, position: int, claim: int) -> int:
        """First kept row of a claim whose image is the same or nearly so; the number of rows where there is none."""
        rows, start, count = self._rows, self._starts[claim], self._counts[claim]
        if not count:
            return len(rows)
        hashes: U64 = self._hashes[start : start + count]
        close = np.flatnonzero(rows.comparison.close(hashes, rows.image_hash[position]))
        own = rows.details[rows.entry[position]]
        for block in range(0, len(close), DETAIL_BLOCK):
            others = self._kept[start + close[block : block + DETAIL_BLOCK]]
            alike = rows.comparison.alike(rows.details[rows.entry[others]], own[None])
            hits = np.flatnonzero(alike | (rows.image_key[others] == rows.image_key[position]))
            if len(hits):
                return int(others[hits[0]])
        return len(rows)
