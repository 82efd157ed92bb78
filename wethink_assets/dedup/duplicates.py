"""Duplicates among the rows of a data set: image and question both must be the same, never one of them alone.

- Images are the same when their `image_id` is, nearly the same when the image method of `[dedup]` says so (`perceptual_hash`).
- Questions are the same when kind, text and options are, and nearly the same when only words differ that ask nothing (`question_text`), or when
  another text method says so; then answers must be equal too: templated questions differ in one word that decides the answer.
- Same image, same question: `duplicate_exact`. Where their answers differ, one is wrong and nobody knows which, so all of them are left out as
  `conflicting_answers`, or where it is asked for those alone that most of them contradict. Descriptive answers never conflict: they say one thing
  in many words.
- Otherwise both nearly the same, with equal answers: `duplicate_near`. Nearly equal images with different answers
  differ in what was asked about; both rows stay.

Rows are taken by a digest of what they are: one that matches a kept row is dropped and names it, any other is kept. So every dropped row
matches a kept one directly (no chains), and who stays follows from the rows alone, in however many steps and in whatever order they came. Cuts that
were decided by rules before version 5 took rows in the order they were added, and compared questions as they were signed.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from wethink_assets.dedup.methods import U64, mixed
from wethink_assets.dedup.row_index import RowIndex
from wethink_assets.dedup.sketches import SketchSearch

REASONS = ("", "duplicate_exact", "duplicate_near", "conflicting_answers")
EXACT, NEAR, CONFLICT = 1, 2, 3
DETAIL_BLOCK = 1024  # images whose details are compared at once
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What became of each row, by its position in the order added.

    reason: why it is dropped, an index into `REASONS`, 0 where it is kept; survivor: for which row, -1 without; opponent: of a row whose answers
    conflict, the first row that answers otherwise; bits, difference: between the hashes of a near duplicate's image and its survivor's (of 64), and
    between the bytes of their details (0 to 255, on average); worded: whether their questions are worded differently. The last four are told of
    rows that are compared whatever their order, and otherwise empty.
    """

    reason: npt.NDArray[np.int8]
    survivor: Positions
    opponent: Positions
    bits: npt.NDArray[np.uint8]
    difference: npt.NDArray[np.float32]
    worded: npt.NDArray[np.bool_]

    @classmethod
    def none(cls, rows: int) -> "Duplicates":
        """Of rows that are all kept."""
        zero = np.zeros(rows, dtype=np.int8)
        unknown = np.full(rows, -1, dtype=np.int64)
        return cls(zero, unknown, unknown.copy(), zero.view(np.uint8).copy(), zero.astype(np.float32), zero != 0)

    def frame(self, start: int, length: int) -> pl.DataFrame:
        """Columns `reason` (null where kept), `survivor`, `opponent` (positions, null where none), `bits`, `difference` and `worded` of some rows."""
        part = slice(start, start + length)
        return pl.DataFrame(
            {
                "reason": pl.Series(self.reason[part]).replace_strict(
                    range(len(REASONS)), list(REASONS), return_dtype=pl.String
                ),
                "survivor": pl.Series(self.survivor[part], dtype=pl.Int64),
                "opponent": pl.Series(self.opponent[part], dtype=pl.Int64),
                "bits": self.bits[part],
                "difference": self.difference[part],
                "worded": self.worded[part],
            }
        ).with_columns(pl.col("reason").replace("", None), pl.col("survivor", "opponent").replace(-1, None))


def find_duplicates(rows: RowIndex) -> Duplicates:
    """Decide for each row of the index whether it is kept.

    Time grows with the rows, and within rows of equal question and answer with the square of those kept (a few ns a pair).
    """
    verdicts = Duplicates.none(len(rows))
    if len(rows):
        order = rows.order
        _same_image_same_question(rows, order, verdicts)
        _nearly_same(rows, order, verdicts)
        moved = np.flatnonzero((verdicts.reason == EXACT) & (verdicts.reason[verdicts.survivor] == NEAR))
        verdicts.survivor[moved] = verdicts.survivor[verdicts.survivor[moved]]  # its first copy was dropped in turn
        verdicts.reason[moved] = NEAR
        if rows.order_free:
            _measure(rows, verdicts)
    return verdicts


def _same_image_same_question(rows: RowIndex, order: Positions, verdicts: Duplicates) -> None:
    keys = mixed(rows.image_key, rows.text_key)
    by_key = order[np.argsort(keys[order], kind="stable")]
    starts = np.flatnonzero(np.r_[True, keys[by_key][1:] != keys[by_key][:-1]])
    ends = np.r_[starts[1:], len(by_key)]
    for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        group = by_key[start:end]
        answers = rows.answer_key[group]
        others = np.flatnonzero(answers != answers[0])
        agreed = group
        if not rows.descriptive[group[0]] and len(others):
            verdicts.reason[group] = CONFLICT
            agreed = group[_said_by_most(answers)] if rows.majority else group[:0]
            if len(agreed):
                verdicts.opponent[group] = agreed[0]
            elif rows.order_free:
                verdicts.opponent[group] = np.where(answers == answers[0], group[others[0]], group[0])
        if len(agreed):
            verdicts.reason[agreed], verdicts.survivor[agreed], verdicts.opponent[agreed] = EXACT, agreed[0], -1
            verdicts.reason[agreed[0]], verdicts.survivor[agreed[0]] = 0, -1


def _said_by_most(answers: U64) -> npt.NDArray[np.bool_]:
    """Which of some answers are the one that more than half of them are; none where no answer is."""
    _, group, counts = np.unique(answers, return_inverse=True, return_counts=True)
    most: npt.NDArray[np.bool_] = (2 * counts > len(answers))[group]
    return most


def _nearly_same(rows: RowIndex, order: Positions, verdicts: Duplicates) -> None:
    left = order[verdicts.reason[order] == 0]
    question = rows.near_key if rows.near_by_key else rows.text_key
    claims = mixed(question[left], rows.answer_key[left])  # a claim: one question with one answer
    _, first, claim, sizes = np.unique(claims, return_index=True, return_inverse=True, return_counts=True)
    near = np.empty((0, 2), dtype=np.int64)
    if not rows.near_by_key:
        representatives = left[first]
        within = mixed(rows.answer_key[representatives], rows.kind_key[representatives])
        near = rows.comparison.similar_pairs(rows.words, representatives, within)
    starts = np.r_[0, np.cumsum(sizes)[:-1]]
    _Survivors(rows, verdicts, starts, near).take(left, claim, sizes)


def _measure(rows: RowIndex, verdicts: Duplicates) -> None:
    """Tell how far near duplicates are from their survivors."""
    near = np.flatnonzero(verdicts.reason == NEAR)
    survivor = verdicts.survivor[near]
    verdicts.bits[near], verdicts.difference[near] = apart(rows, near, survivor)
    verdicts.worded[near] = rows.text_key[near] != rows.text_key[survivor]


def apart(rows: RowIndex, first: Positions, second: Positions) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """How far the images of pairs of rows, given by their positions, are apart.

    Returns bits in which their hashes differ (of 64), and by how much the bytes of their details do (0 to 255, on average).
    """
    bits = np.bitwise_count(rows.image_hash[first] ^ rows.image_hash[second])
    difference = np.zeros(len(first), dtype=np.float32)
    for block in range(0, len(first), DETAIL_BLOCK):
        one, other = (rows.entry[part[block : block + DETAIL_BLOCK]] for part in (first, second))
        each = rows.details[one].astype(np.int16) - rows.details[other]
        difference[block : block + DETAIL_BLOCK] = np.abs(each).mean(axis=1)
    return bits, difference


class _Survivors:
    """Kept rows by claim, each claim in its own stretch of one array, filled in order."""

    def __init__(
        self,
        rows: RowIndex,
        verdicts: Duplicates,
        starts: Positions,
        near: Positions,
    ) -> None:
        self._rows, self._verdicts, self._starts = rows, verdicts, starts
        self._near: dict[int, list[int]] = {}
        for one, other in near.tolist():
            self._near.setdefault(one, []).append(other)
            self._near.setdefault(other, []).append(one)
        self._searches: dict[int, SketchSearch] = {}

    def take(self, left: Positions, claim: Positions, sizes: Positions) -> None:
        """Go through the rows `left` in order, keep or drop each."""
        contested = sizes > 1
        contested[list(self._near)] = True
        self._kept = np.empty(len(left), dtype=np.int64)  # numbers of rows in `left`
        self._hashes = np.empty(len(left), dtype=np.uint64)
        self._counts = np.zeros(len(sizes), dtype=np.int64)
        self._left = left
        for number in np.flatnonzero(contested[claim]).tolist():
            own = int(claim[number])
            survivor = min((self._match(number, other) for other in (own, *self._near.get(own, ()))), default=-1)
            if survivor < len(left):
                self._verdicts.reason[left[number]] = NEAR
                self._verdicts.survivor[left[number]] = left[survivor]
            else:
                self._keep(number, own)

    def _keep(self, number: int, claim: int) -> None:
        slot = self._starts[claim] + self._counts[claim]
        self._kept[slot] = number
        self._hashes[slot] = self._rows.image_hash[self._left[number]]
        self._counts[claim] += 1
        if self._rows.comparison.images.sketch:
            if claim in self._searches:
                self._searches[claim].add(self._details(number))
            elif self._counts[claim] == SketchSearch.FEWEST:
                kept = self._left[self._kept[self._starts[claim] : slot + 1]]
                self._searches[claim] = SketchSearch(self._rows.comparison, self._rows.details[self._rows.entry[kept]])

    def _match(self, number: int, claim: int) -> int:
        """First kept row of a claim whose image is the same or nearly so, as its number in `left`; the length of that where there is none."""
        rows, start, count = self._rows, self._starts[claim], self._counts[claim]
        if not count:
            return len(self._left)
        position = self._left[number]
        hashes: U64 = self._hashes[start : start + count]
        close = np.flatnonzero(rows.comparison.close(hashes, rows.image_hash[position]))
        own = self._details(number)
        if len(close) >= SketchSearch.FEWEST and claim in self._searches:
            close = self._searches[claim].among(close, own)
        for block in range(0, len(close), DETAIL_BLOCK):
            others = self._kept[start + close[block : block + DETAIL_BLOCK]]
            kept = self._left[others]
            alike = rows.comparison.alike(rows.details[rows.entry[kept]], own)
            hits = np.flatnonzero(alike | (rows.image_key[kept] == rows.image_key[position]))
            if len(hits):
                return int(others[hits[0]])
        return len(self._left)

    def _details(self, number: int) -> npt.NDArray[np.uint8]:
        own: npt.NDArray[np.uint8] = self._rows.details[self._rows.entry[self._left[number]]][None]
        return own
