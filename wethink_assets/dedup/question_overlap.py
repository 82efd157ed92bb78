"""Overlap of questions with those of benchmarks, by runs of words that both have (n-grams): decontamination by text.

A question is compared with its options, as words: one case, one Unicode form, no punctuation. Two measures, both by hashes of runs:

- `asked`, by text alone: runs of `LONG` = 13 words, as GPT-3's training set was cleaned (Brown et al. 2020, arXiv 2005.14165, appendix C), none of
  which more than `COMMON` = 10 benchmark questions have (an instruction, or a template), must cover `WHOLE` of what the benchmark's question says
  beside such. The share of the test's words that are covered is how Llama 3 (2024, arXiv 2407.21783, section 5.1.4) and Tulu 3 (Lambert et al. 2024,
  arXiv 2411.15124, section 3.2) measure it; a preamble that is shared ("As shown in the figure, in triangle ABC, ...") is not the question.
- `alike`, beside a picture that the same benchmark shows: runs of `SHORT` = 5 words cover `HALF` of the benchmark's words, Tulu 3's share, or the
  words are the same where there are fewer.

A short question ("What is the title of the chart?") has no run of 13 words, so by its text alone it is never told.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from wethink_assets.dedup.methods import U64, Bools, Pairs, mixed
from wethink_assets.dedup.question_text import one_writing
from wethink_assets.identity import sha256_hex

__all__ = [
    "METHOD",
    "SIGNED",
    "AskedText",
    "BenchmarkQuestions",
    "Overlap",
    "by_text_alone",
    "signed_questions",
    "words_of",
]

METHOD = "words-1"
"""Name and version of what questions are signed by."""
LONG, SHORT = 13, 5
COMMON = 10
MANY = 100
"""Different questions that have a short run, at most, for it to count: of templates that fill in a word only the same one is alike."""
WHOLE, HALF = 0.8, 0.5
LETTERS = 100
"""Letters and digits that are in common at least, by the text alone: about twenty words. Less is a template as often as not ("What is the value of
the smallest individual bar in the whole chart?"), numbers, or half a sentence in Chinese."""
PAIRS = 500_000
"""Pairs of runs in memory at once: 100 MB."""
TOLD = 40
"""Words of a matching text that are told."""
SIGNED = pl.Schema(
    {
        "index": pl.String(),
        "words": pl.List(pl.UInt64()),  # hashes of the words, in their order
        "letters": pl.List(pl.UInt8()),  # how long each is
        "asked": pl.UInt32(),  # how many are the question's, before those of its options
    }
)
AskedText = tuple[str, Sequence[str]]
"""A question and its options."""
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+")
_UNSAID = re.compile(r"<\s*/?\s*(?:image|img)[\s_-]*\d*\s*/?>|[(\[]?\b[A-Za-z][)\].:](?=\s|$)", re.IGNORECASE)
"""Where a picture stands, and letters that options begin with."""


def words_of(question: str, options: Sequence[str] = ()) -> list[str]:
    """Words of a question, then of its options in alphabetical order; a sign of Chinese or Japanese is a word, the letter of an option is none.

    >>> words_of("<image 1> What's the x-axis' TITLE?", ["(B) H₂O", "A. 3.5 m"])
    ['what', 's', 'the', 'x', 'axis', 'title', '3', '5', 'm', 'h2o']
    """
    words = _words(question)
    return words + [word for option in sorted(map(_words, options)) for word in option] if options else words


def _words(text: str) -> list[str]:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", one_writing(text)).casefold()
    return _WORD.findall(_UNSAID.sub(" ", text).lower())


def signed_questions(asked: Iterable[tuple[str, str, Sequence[str]]]) -> pl.DataFrame:
    """What a benchmark's questions are compared by (`SIGNED`), one row for each. asked: index, question and options."""
    rows = []
    for index, question, options in asked:
        words = words_of(question, options)
        hashes, letters = [_hashed(word) for word in words], [min(len(word), 255) for word in words]
        rows.append({"index": index, "words": hashes, "letters": letters, "asked": len(words_of(question))})
    return pl.DataFrame(rows, schema=SIGNED)


@lru_cache(maxsize=200_000)
def _hashed(word: str) -> int:
    return int(sha256_hex(word.encode("utf-8", "surrogatepass"))[:16], 16)


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a question has in common with a benchmark's.

    row: its place among those that were compared; asked_in: benchmark and index of the first of the benchmark's rows that ask so; share: of that
    question's words, 0 to 1; text: the words that both have, as the row has them.
    """

    row: int
    asked_in: str
    share: float
    text: str


class BenchmarkQuestions:
    """Questions of benchmarks in memory, found by runs of their words: about 100 bytes a word. Those of the same words are held once."""

    def __init__(self, questions: pl.DataFrame) -> None:
        """questions: columns `benchmark` and those of `SIGNED`."""
        stem = {name: pl.col(name).list.head("asked") for name in ("words", "letters")}
        by_itself = by_text_alone(stem["letters"])
        # Options may be listed in another way elsewhere, so they count only where the question cannot be told without.
        self._whole = _Questions.of(
            questions.with_columns(pl.when(by_itself).then(of).otherwise(name).alias(name) for name, of in stem.items())
        )
        self._stems = _Questions.of(questions.with_columns(**stem))
        runs = _Runs.of(self._whole.texts, LONG)
        common = runs.held_by(self._whole.rows) > COMMON
        self._counted = ~_covered(len(self._whole.letters), runs.starts[common], LONG)
        self._long = runs.of_these(~common)
        short = _Runs.of(self._stems.texts, SHORT)
        self._short = short.of_these(short.held_by(np.ones(len(self._stems.names), np.int64)) <= MANY)

    def __len__(self) -> int:
        return len(self._stems.names)

    def asked(self, rows: Sequence[AskedText]) -> list[Overlap]:
        """Rows that ask what a benchmark asks, by the text alone; of several questions that with the largest share, the first of equals."""
        words = [words_of(*row) if _may_be_long(*row) else [] for row in rows]
        return _overlaps(words, self._whole, self._long, self._counted, WHOLE, LETTERS)

    def alike(self, rows: Sequence[AskedText], benchmark: str) -> list[Overlap]:
        """Rows that ask nearly what a benchmark asks, with other options or none: evidence beside a picture that it shows, none by itself."""
        words = [words_of(question) for question, _ in rows]
        its = self._stems.benchmarks == benchmark
        runs = self._short.of_these(its[self._stems.texts.owners[self._short.starts]])
        found = _overlaps(words, self._stems, runs, np.ones(len(self._stems.letters), np.bool_), HALF, 0)
        told = {one.row for one in found}
        same = {self._stems.texts.words(place): place for place in np.flatnonzero(its)[::-1].tolist()}
        for row, own in enumerate(words):
            place = same.get(tuple(map(_hashed, own))) if own and row not in told else None
            if place is not None:
                found.append(Overlap(row, self._stems.names[place], 1.0, " ".join(own[:TOLD])))
        return sorted(found, key=lambda one: one.row)


def _may_be_long(question: str, options: Sequence[str]) -> bool:
    """Whether a row can have `LETTERS` letters; NFKC writes some signs as many."""
    return (
        len(question) + sum(map(len, options)) >= LETTERS
        or not question.isascii()
        or not all(map(str.isascii, options))
    )


def by_text_alone(letters: pl.Expr) -> pl.Expr:
    """Whether questions can be told by their text alone. letters: lengths of their words."""
    return (letters.list.len() >= LONG) & (letters.list.sum() >= LETTERS)


def _overlaps(
    words: Sequence[Sequence[str]], questions: "_Questions", runs: "_Runs", counted: Bools, least: float, letters: int
) -> list[Overlap]:
    """The best overlap of each row that has one. counted: words of the questions that shares are of."""
    texts = _Texts.of([[_hashed(word) for word in one] for one in words])
    every = _Runs.of(texts, runs.size)
    own = every.once().by_start()
    count = runs.count_of(own.hashes)
    own, count = own.of_these(count > 0), count[count > 0]
    of_all = np.bincount(questions.texts.owners, counted, minlength=len(questions.names))
    found: list[Overlap] = []
    for rows in _blocks(texts.owners[own.starts], count):
        mine = own.of_these(rows)
        places, others = mine.pairs(runs)
        pair = np.stack([texts.owners[mine.starts[places]], questions.texts.owners[runs.starts[others]]])
        pairs, number = np.unique(pair, axis=1, return_inverse=True)
        number = number.ravel()
        at = runs.starts[others][:, None] + np.arange(runs.size)
        covered = np.unique(np.stack([np.repeat(number, runs.size), at.ravel()]), axis=1)
        covered = covered[:, counted[covered[1]]]
        shared = np.bincount(covered[0], minlength=pairs.shape[1])
        share = shared / np.maximum(of_all[pairs[1]], 1)
        enough = np.bincount(covered[0], questions.letters[covered[1]], minlength=pairs.shape[1]) >= letters
        chosen = np.flatnonzero((share >= least) & enough)
        chosen = chosen[np.lexsort((pairs[1][chosen], -share[chosen], pairs[0][chosen]))]
        first = np.r_[True, np.diff(pairs[0][chosen]) > 0] if len(chosen) else np.empty(0, np.bool_)
        for best in chosen[first].tolist():
            row, question = pairs[:, best].tolist()
            both = (every.owners == row) & np.isin(every.hashes, mine.hashes[places[number == best]])
            shown = _covered(len(words[row]), every.starts[both] - texts.first[row], runs.size)
            text = " ".join([word for word, told in zip(words[row], shown, strict=True) if told][:TOLD])
            found.append(Overlap(row, questions.names[question], round(float(share[best]), 4), text))
    return found


def _blocks(owners: Pairs, counts: Pairs) -> Iterator[slice]:
    """Slices of runs that have `PAIRS` pairs each, or a little more; those of one row stay together."""
    total, first = np.cumsum(counts), 0
    while first < len(owners):
        done = total[first - 1] if first else 0
        last = min(int(np.searchsorted(total, done + PAIRS)), len(owners) - 1)
        last = int(np.searchsorted(owners, owners[last], "right"))
        yield slice(first, last)
        first = last


@dataclass(frozen=True, slots=True)
class _Questions:
    """Different questions of benchmarks. names: benchmark and index of the first row with each; rows: how many have it; letters: of each word."""

    names: list[str]
    benchmarks: npt.NDArray[np.object_]
    rows: Pairs
    texts: "_Texts"
    letters: Pairs

    @classmethod
    def of(cls, questions: pl.DataFrame) -> "_Questions":
        named = pl.concat_str("benchmark", pl.lit(" "), "index")
        distinct = questions.group_by("benchmark", "words", maintain_order=True).agg(
            pl.col("letters").first(), named.first().alias("named"), pl.len().alias("rows")
        )
        letters = [length for one in distinct["letters"] for length in one]
        return cls(
            distinct["named"].to_list(), distinct["benchmark"].to_numpy(), distinct["rows"].to_numpy().astype(np.int64),
            _Texts.of(distinct["words"].to_list()), np.array(letters, np.int64),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Texts:
    """Words of texts one after the other. hashes: of each word; owners: the text of each; first: where each text begins, and the end."""

    hashes: U64
    owners: Pairs
    first: Pairs

    @classmethod
    def of(cls, texts: Sequence[Sequence[int]]) -> "_Texts":
        lengths = np.array([len(text) for text in texts], np.int64)
        hashes = np.fromiter((word for text in texts for word in text), np.uint64, int(lengths.sum()))
        return cls(hashes, np.repeat(np.arange(len(texts)), lengths), np.r_[0, np.cumsum(lengths)].astype(np.int64))

    def words(self, place: int) -> tuple[int, ...]:
        return tuple(self.hashes[self.first[place] : self.first[place + 1]].tolist())


@dataclass(frozen=True, slots=True)
class _Runs:
    """Runs of `size` words within one text. hashes: of each, sorted; starts: its first word; owners: its text."""

    size: int
    hashes: U64
    starts: Pairs
    owners: Pairs

    @classmethod
    def of(cls, texts: _Texts, size: int) -> "_Runs":
        last = len(texts.hashes) - size + 1
        if last < 1:
            return cls(size, np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.int64))
        starts = np.flatnonzero(texts.owners[:last] == texts.owners[size - 1 :])
        hashes = mixed(*(texts.hashes[offset : last + offset] for offset in range(size)))[starts]
        order = np.argsort(hashes, kind="stable")
        return cls(size, hashes[order], starts[order], texts.owners[starts[order]])

    def of_these(self, chosen: Bools | Pairs | slice) -> "_Runs":
        """Some of the runs."""
        return _Runs(self.size, self.hashes[chosen], self.starts[chosen], self.owners[chosen])

    def once(self) -> "_Runs":
        """The runs of each text without those that it repeats."""
        order = np.lexsort((self.starts, self.owners, self.hashes))
        same = (np.diff(self.hashes[order]) == 0) & (np.diff(self.owners[order]) == 0)
        return self.of_these(np.sort(order[np.r_[True, ~same][: len(order)]]))

    def by_start(self) -> "_Runs":
        """The same in the order of the texts."""
        order = np.argsort(self.starts)
        return _Runs(self.size, self.hashes[order], self.starts[order], self.owners[order])

    def count_of(self, hashes: U64) -> Pairs:
        """How often each of some hashes is among these."""
        return np.searchsorted(self.hashes, hashes, "right") - np.searchsorted(self.hashes, hashes, "left")

    def held_by(self, rows: Pairs) -> Pairs:
        """By how many rows each run is held, where `rows` is how many each text stands for."""
        _, number = np.unique(self.hashes, return_inverse=True)
        once = np.unique(np.stack([number, self.owners]), axis=1)
        return np.bincount(once[0], rows[once[1]], minlength=1).astype(np.int64)[number]

    def pairs(self, others: "_Runs") -> tuple[Pairs, Pairs]:
        """Places of runs here and there that are the same."""
        first = np.searchsorted(others.hashes, self.hashes, "left")
        count = others.count_of(self.hashes)
        places = np.repeat(np.arange(len(self.hashes)), count)
        offsets = np.arange(len(places)) - np.repeat(np.cumsum(count) - count, count)
        return places, first[places] + offsets


def _covered(length: int, starts: Pairs, size: int) -> Bools:
    """Which words of a text are in one of the runs that begin at `starts`."""
    steps = np.zeros(length + 1, np.int64)
    np.add.at(steps, starts, 1)
    np.add.at(steps, np.minimum(starts + size, length), -1)
    return np.cumsum(steps[:-1]) > 0
