"""Near copies of a prompt's examples: questions and thoughts that say an example again in other words, about other things, with other numbers.

A weak writer hands an example back with its numbers, names and things exchanged. What stays is the frame: the order of the words around what was
exchanged, and most of the words that carry the relation. Both are measured: the longest common subsequence of the words, after which numbers,
currencies, directions and the like are all the same (Lin 2004, ROUGE-L), and the share of words in common, function words counting little.
"""

import re
import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat

__all__ = ["copied_example", "likeness"]

COPY = 0.6
"""Likeness from which on a text is a copy; measured on reworded examples and honest questions (`test_example_copies.py`)."""
FEWEST_WORDS = 6
PLAIN = 0.25  # what a function word counts
FEWEST_COMMON = (
    0.3  # of the distinct words of the shorter text; what has fewer in common is no copy and not looked at further
)
_FORM_WANTED = re.compile(r"(?:(?<=[.?!])\s+|^)(?:answer|give|reply|round|write)\b[^.?!]*[.?!]*", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+|\d+(?:[.,:]\d+)*|[€$£¥]")
_ALIKE = (
    "# one two three four five six seven eight nine ten eleven twelve twenty thirty fifty hundred half quarter third fifth tenth twice "
    "first second fourth last next",
    "$ € £ ¥ euro euros dollar dollars pound pounds franc francs cent cents note bill voucher coin coins",
    "left right top bottom upper lower middle centre front north south east west northern southern eastern western northernmost southernmost "
    "easternmost westernmost above below beneath under over directly",
    "best worst most least longest shortest largest smallest strongest weakest highest lowest more less fewer longer shorter larger smaller "
    "larger closest nearest nearer latest earliest far few",
    "customer guest visitor somebody someone who person people woman man he she they you one group family driver",
    "pays pay paid buys buy bought orders order ordered hands spends",
    "due back left receive receives get gets got given",
    "may must can should could might would will has have had does do did is are was were be been being",
    "exceed exceeds exceeded more",
    "spring summer autumn winter morning evening monday tuesday wednesday thursday friday saturday sunday weekday",
    "shows show shown displays display drawn visible seen",
    "white black",
    "according going using by with per",
    "grams gram kilograms kilogram metres metre centimetres centimetre inches inch units unit kilometres km minutes minute hour hours",
    "object item thing tool article product book books volume",
)
_CLASS = {word: words.split()[0] for words in reversed(_ALIKE) for word in words.split()}
_PLAIN_WORDS = (
    "a an the of in on at to from for by and or as it its this that these those there here which what how who whose where when why if is are was "
    "were be with within into than then so not no any each all both some such only also still once just may # $ left best customer"
)
_PLAIN = frozenset(_PLAIN_WORDS.split())


@dataclass(frozen=True, slots=True)
class _Text:
    words: tuple[str, ...]
    places: dict[str, int]  # of each word, as bits
    counts: Counter[str]
    weight: float


def copied_example(text: str, examples: Sequence[str]) -> str | None:
    """The example of which a text is a near copy, the likest first; None without one.

    >>> board = "A customer pays for two coffees and one tea with a 10-euro note. How much change is due, by the prices on the board?"
    >>> copied_example("A guest pays for three beers and a juice with a 50-dollar note. How much change is due, by the board?", [board]) == board
    True
    >>> copied_example("How many of the beers on the board cost more than the juice?", [board]) is None
    True
    """
    if not examples:
        return None
    one, pool = _read(text), _pool(tuple(examples))
    if len(one.words) < FEWEST_WORDS:
        return None
    likely = [number for number, count in pool.shared(one) if _may_be_alike(one, pool.known[number], count)]
    found = [(likeness(text, examples[number]), examples[number]) for number in likely]
    best = max(found, default=(0.0, ""))
    return best[1] if best[0] >= COPY else None


def _may_be_alike(one: _Text, two: _Text, shared: int) -> bool:
    """Whether texts with so many distinct words in common can reach `COPY`: their lengths bound frame and words in common."""
    if shared < FEWEST_COMMON * min(len(one.places), len(two.places)):
        return False
    lengths, weights = (len(one.words), len(two.words)), (one.weight, two.weight)
    return min(lengths) / sum(lengths) + min(weights) / sum(weights) >= COPY


@dataclass(frozen=True, slots=True)
class _Pool:
    """Examples as they are compared.

    having: for each word a number with a 1 in the place of each example that has it, 16 bits a place, so that the sum over the words of a text
    holds, place by place, how many of them an example has: one addition a word, however many examples there are.
    fewest: of each example, how many words a long text must have in common with it.
    """

    known: tuple[_Text, ...]
    having: dict[str, int]
    fewest: tuple[float, ...]

    def shared(self, text: _Text) -> list[tuple[int, int]]:
        """Numbers of the examples with which a text has words enough in common, and how many."""
        counts = sum(map(self.having.get, text.places, repeat(0)))
        each = array("H", counts.to_bytes(2 * len(self.known), sys.byteorder))
        if sys.byteorder == "big":
            each.reverse()
        least = FEWEST_COMMON * len(text.places)
        return [
            (number, count)
            for number, (count, fewest) in enumerate(zip(each, self.fewest, strict=True))
            if count and (count >= fewest or count >= least)
        ]


@lru_cache(maxsize=64)
def _pool(examples: tuple[str, ...]) -> _Pool:
    known, having = tuple(map(_read, examples)), dict[str, int]()
    for number, example in enumerate(known):
        for word in example.places:
            having[word] = having.get(word, 0) | 1 << 16 * number
    return _Pool(known, having, tuple(FEWEST_COMMON * len(example.places) for example in known))


def likeness(text: str, example: str) -> float:
    """How much a text is like an example, from 0 to 1: the mean of frame and words in common; 0 for texts of a few words."""
    one, two = _read(text), _read(example)
    if min(len(one.words), len(two.words)) < FEWEST_WORDS:
        return 0.0
    shared = one.places.keys() & two.places.keys()
    if len(shared) < FEWEST_COMMON * min(len(one.places), len(two.places)):
        return 0.0
    common = sum(min(one.counts[word], two.counts[word]) * _weight(word) for word in shared)
    frame = _common_subsequence(one.words, two)
    return frame / (len(one.words) + len(two.words)) + common / (one.weight + two.weight)


def _common_subsequence(words: Sequence[str], other: _Text) -> int:
    """Length of the longest common subsequence, all places of a word at a time (Hyyrö 2004)."""
    everywhere = (1 << len(other.words)) - 1
    row = everywhere
    for word in words:
        matches = row & other.places.get(word, 0)
        row = ((row + matches) | (row - matches)) & everywhere
    return len(other.words) - row.bit_count()


def _weight(word: str) -> float:
    return PLAIN if word in _PLAIN else 1.0


@lru_cache(maxsize=4096)
def _read(text: str) -> _Text:
    asked = _FORM_WANTED.sub("", text)  # "Answer with one word." is said of many questions
    words = tuple(_class_of(word) for word in _WORD.findall(asked.lower()))
    places: dict[str, int] = {}
    for place, word in enumerate(words):
        places[word] = places.get(word, 0) | 1 << place
    counts = Counter(words)
    return _Text(words, places, counts, sum(count * _weight(word) for word, count in counts.items()))


def _class_of(word: str) -> str:
    if word[0].isdigit():
        return "#"
    if word in _CLASS:
        return _CLASS[word]
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
