"""Readings of an answer: its text in the forms that answer types look at, what was asked, and what a type makes of it.

A reading has a type and a key. Two answers to one question are strictly the same exactly if their readings have the same type and key, so that
a key can stand for the comparison wherever rows are grouped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from wethink_assets.rewards.equivalence.normal_form import plain_answer, unified

How = Literal["text", "math"]
LONGEST_QUESTION = 4000
"""Characters of a question that are looked at."""
_MARKS = frozenset(
    "\\()[]{}<>=+*^|!;,&/\n$~\u2208\u2264\u2265\u2260\u2248\u221a\u221b\u03c0\u221e\u222a\u2229\u00b1\u2213\u2220\u25b3\u2211\u211d\u2205\u00d7\u00b7\u22c5\u2022\u3001\uff0c\uff08\u27e8"
)


class Written:
    """An answer as it was written, without the wrappings of its wording; each form is made when it is first asked for.

    Attributes:
        raw: as given.
        said: the answer itself: Markdown, `$`, `\\boxed{}`, quotes and lead-ins ("The answer is", "= ", the question said again) taken off.
        plain: `said` with one sign for each thing (`unified`), case kept.
        folded: `plain` in folded case, white space as single spaces, a final full stop taken off.
    """

    def __init__(self, raw: str, said: str | None = None) -> None:
        self.raw = raw
        self.said = plain_answer(raw) if said is None else said

    @cached_property
    def marked(self) -> bool:
        """Whether it has a sign that mathematics and lists are written with: anything but letters, figures, blanks, points and hyphens."""
        return not _MARKS.isdisjoint(self.said)

    @cached_property
    def plain(self) -> str:
        """`said` with one sign for each thing."""
        return unified(self.said).strip()

    @cached_property
    def folded(self) -> str:
        """`plain` in folded case."""
        return " ".join(self.plain.casefold().split()).rstrip(".").rstrip()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as answer types look at it: empty where it is not known.

    Cues (a time signature, a zip code, a ratio, an order) are looked for by the type that they concern, in functions of this value that remember
    their results (`lru_cache`).
    """

    text: str = ""
    folded: str = ""


@lru_cache(maxsize=4096)
def asked_of(question: str | None) -> Asked:
    """A question's text, as types look at it."""
    text = (question or "")[:LONGEST_QUESTION]
    return Asked(text, " ".join(text.casefold().split()))


@dataclass(frozen=True, slots=True)
class Allowed:
    """Latitude of a question: what a lenient comparison takes beside its answer.

    answers: further answers that are right. tolerance: relative, of numbers: 0.05 takes what is within 5% of the true one. edit_distance:
    of texts, as a share of the longer one's characters: 0.2 takes one wrong character of five.
    """

    answers: tuple[str, ...] = ()
    tolerance: float = 0.0
    edit_distance: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer read as a value of a type.

    type: its name. key: canonical; equal exactly for strictly equal values of the type. value: what the type's lenient comparison works on.
    """

    type: str
    key: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Comparable:
    """One of two answers under comparison."""

    written: Written
    reading: Reading


def never(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Lenient comparison of a type that takes nothing beyond strict equality."""
    return False


@dataclass(frozen=True, slots=True)
class AnswerType:
    """A type of answers.

    name: as in the column `answer_type`. how: what equality by it is called in records. read: the reading of an answer, or None where it is
    none of this type; bounded in time, never raising. alike: whether a candidate is right beside the true answer, which is of this type, though
    their keys differ; the candidate may be of another type. beside: the same asked of the candidate's type, where the true answer is of another.
    """

    name: str
    how: How
    read: Callable[[Written, Asked], Reading | None]
    alike: Callable[[Comparable, Comparable, Asked, Allowed], bool] = never
    beside: Callable[[Comparable, Comparable, Asked, Allowed], bool] = never
