"""Question kinds: how questions of each are answered, graded, lettered and spoken of in prompts.

Multiple choice, fill in the blank and descriptive questions are those of the paper (arXiv 2506.07905). A kind of one's own is registered in
`KINDS` by a plugin (`docs/extending.md`); whatever depends on a question's kind asks its entry, and no other module knows a kind by its code.
"""

import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from wethink_assets.errors import ConfigError
from wethink_assets.extensions.registry import Registry

__all__ = [
    "DESCRIPTIVE",
    "FILL_IN",
    "KINDS",
    "LETTERS",
    "MULTIPLE_CHOICE",
    "PAPER_KINDS",
    "Grader",
    "PromptWords",
    "QuestionKind",
    "graded_by",
    "lettered",
    "option_letters",
]

Grader = Literal["rule", "judge"]
LETTERS = string.ascii_uppercase
"""Names of options, in order: wherever a question is written, shown, answered, rewarded or scored."""
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,15}")


@dataclass(frozen=True, slots=True)
class PromptWords:
    """The words of a kind in prompts.

    question: what a question of the kind must satisfy, for its writer. answer: what an answer consists of, for whoever answers. example: an
    answer of the right form.
    """

    question: str
    answer: str
    example: str


@dataclass(frozen=True, slots=True)
class QuestionKind:
    """A kind of question, complete: everything that another module may want to know of it.

    Args:
        code (`str`): its name in settings, tables and prompts, such as `MC`; part of a row's identity.
        title (`str`): its name for people.
        grader (`Literal["rule", "judge"]`): how an answer is compared with the true one where it is not worded alike.
        longest_answer (`int`): characters of an answer, at most.
        words (`PromptWords`): what prompts say of it.
        longest_proposal (`int`, *optional*): characters of the answer that a question's writer has in mind, at most.
        option_counts (`range`, *optional*): how many options a question has; without it none. The answer is then the letter of one.
        prose (`bool`, *optional*): an answer is sentences: it is kept as written and may need the ability Language Generation; two of them that
            are worded differently do not contradict each other.
        normalised (`Callable[[str], str]`, *optional*): the form in which an answer without options is kept and compared; empty for a text
            that is no answer to such a question. Deterministic, never raising.

    Attributes:
        has_options: whether a question of this kind has options, of which its answer is the letter of one.

    Example:
        >>> KINDS["MC"].title, KINDS["MC"].has_options, KINDS["DES"].grader
        ('multiple choice', True, 'judge')
        >>> KINDS["YN"]
        Traceback (most recent call last):
        wethink_assets.errors.UnknownName: unknown question kind 'YN'; known: MC, FIB, DES
    """

    code: str
    title: str
    grader: Grader
    longest_answer: int
    words: PromptWords
    longest_proposal: int | None = None
    option_counts: range | None = None
    prose: bool = False
    normalised: Callable[[str], str] | None = None
    has_options: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "has_options", self.option_counts is not None)


def _complete(key: str, kind: QuestionKind) -> None:
    """Refuse a kind that cannot work. Raises `ConfigError`."""
    fault = None
    if not isinstance(kind, QuestionKind):
        fault = "is no QuestionKind"
    elif key != kind.code:
        fault = f"has the code {kind.code!r}"
    elif not _CODE.fullmatch(key):
        fault = "needs a code of at most 16 letters, digits, _ and -, beginning with a letter"
    elif kind.grader not in ("rule", "judge"):
        fault = f"is graded by {kind.grader!r}; a grader is rule or judge"
    elif kind.longest_answer < 1:
        fault = "allows no answer: longest_answer is below 1"
    elif kind.option_counts is not None and not (kind.option_counts and min(kind.option_counts) >= 2):
        fault = "has options, yet fewer than two"
    elif kind.option_counts is not None and max(kind.option_counts) > len(LETTERS):
        fault = f"has up to {max(kind.option_counts)} options; there are {len(LETTERS)} letters"
    elif kind.has_options and (kind.prose or kind.normalised):
        fault = "has options, so its answer is a letter: neither prose nor normalised"
    elif not all((kind.title, kind.words.question, kind.words.answer, kind.words.example)):
        fault = "lacks its title or words for prompts"
    if fault:
        raise ConfigError(f"question kind {key!r} {fault}")


MULTIPLE_CHOICE = QuestionKind(
    code="MC",
    title="multiple choice",
    grader="rule",
    longest_answer=500,
    option_counts=range(2, 7),
    words=PromptWords(
        question="3 to 5 options, exactly one of them right, the others plausible to somebody who looks carelessly (values or things that do "
        'occur in the image are best). Options without letters or numbering, of one form and similar length. No "all of the above", '
        '"none of the above" or "both". "answer" is the text of the right option. Do not always put the right option in the same place.',
        answer="the letter of the one right option, and nothing else.",
        example="C",
    ),
)
FILL_IN = QuestionKind(
    code="FIB",
    title="fill in the blank",
    grader="rule",
    longest_answer=200,
    longest_proposal=60,
    words=PromptWords(
        question="the answer is a single number, word or short phrase of at most five words that follows from the image without room for "
        'dispute. The question says which form is wanted (unit, colour, name as written). "options" is empty.',
        answer="only the number, word or short phrase that was asked for, with its unit if the question wants one; no sentence.",
        example="5",
    ),
)
DESCRIPTIVE = QuestionKind(
    code="DES",
    title="descriptive",
    grader="judge",
    longest_answer=4000,
    prose=True,
    words=PromptWords(
        question="the answer is one to three sentences that explain or compare something visible. It must still be checkable: a reader of "
        'the image can tell a right answer from a wrong one. "options" is empty.',
        answer="one to three complete sentences that answer the question.",
        example="In 2019 the first group was larger by 5, since its blue bar reaches 14 and the other only 9.",
    ),
)
PAPER_KINDS = (MULTIPLE_CHOICE, FILL_IN, DESCRIPTIVE)
"""The kinds of the paper, which ship. Prompts name them all; of other kinds only the one that is asked for."""

KINDS: Registry[QuestionKind] = Registry(
    "question kind",
    {
        **{kind.code: kind for kind in PAPER_KINDS},
    },
    _complete,
)
"""All question kinds by code, those of plugins last. An unknown code raises `UnknownName`, which names the known ones."""


def graded_by(grader: Grader) -> list[str]:
    """Codes of the kinds that are graded in this way.

    >>> graded_by("rule")
    ['MC', 'FIB']
    """
    return [code for code, kind in KINDS.items() if kind.grader == grader]


def option_letters(count: int) -> str:
    """Letters of so many options. Raises `ConfigError` where the alphabet is too short.

    >>> option_letters(4)
    'ABCD'
    """
    if count > len(LETTERS):
        raise ConfigError(f"{count} options: there are letters for {len(LETTERS)} (A to Z) only; shorten the list")
    return LETTERS[:count]


def lettered(options: Sequence[str]) -> list[tuple[str, str]]:
    """Options with their letters, in order. Raises as `option_letters`.

    >>> lettered(["red", "blue"])
    [('A', 'red'), ('B', 'blue')]
    """
    return list(zip(option_letters(len(options)), options, strict=True))
