"""Options that answers to a multiple choice question name, by letter or by wording.

A letter is an option's name wherever it can be one, also where the options are letters themselves: with the options B and A, the answer `B` is the
second letter's option, which is A; its text has to agree where both are said (`B. A`). An answer names an option only if it names no other
one and neither denies nor doubts it.
"""

from collections.abc import Sequence
from functools import lru_cache

from wethink_assets.kinds import LETTERS
from wethink_assets.rewards.equivalence.choices.choice import Choice, folded
from wethink_assets.rewards.equivalence.normal_form import MAX_VALUE, plain_answer

FEWEST_LETTERS = 10
"""Letters that count as an option's name however few options there are: models name some that do not exist, and what comes later in the
alphabet is rather a variable."""
_FORMS = (
    "{}", "{}.", "{})", "({})", "[{}]", "{}:", "**{}**", "({}).", "Option {}", "option {}", "Answer: {}", "\\boxed{{{}}}", "The answer is {}.",
)  # fmt: skip
_PLAIN = {
    form.format(written): index
    for index, letter in enumerate(LETTERS)
    for written in (letter, letter.lower())
    for form in _FORMS
}
"""Answers that are a letter and nothing else, in the ways that are most common, with its place in the alphabet."""
_AFTER_LETTER = frozenset((". ", ") ", ": "))


def letter_class(count: int) -> str:
    """Regular expression for the letters, in lower case, that an answer to a question with so many options may mean.

    >>> letter_class(4), letter_class(12)
    ('[a-j]', '[a-l]')
    """
    return f"[a-{LETTERS[min(max(count, FEWEST_LETTERS), len(LETTERS)) - 1].lower()}]"


def option_letter(answer: str, options: Sequence[str]) -> str | None:
    """The option that an answer names, as its letter; None when it names none, or more than one.

    Without options any letter of `LETTERS` is one.

    Example:
        >>> option_letter("(b)", ["red", "blue"]), option_letter("blue", ["red", "blue"]), option_letter("E", ["red", "blue"])
        ('B', 'B', None)
        >>> option_letter("B. blue or A. red", ["red", "blue"]), option_letter("The answer is (B).", [])
        (None, 'B')
        >>> option_letter("So the correct choice is **B**.", ["red", "blue"]), option_letter("B. blue is wrong", ["red", "blue"])
        ('B', None)
    """
    index = _PLAIN.get(answer)
    if index is not None:
        return LETTERS[index] if index < (len(options) or len(LETTERS)) else None
    if len(answer) > MAX_VALUE:
        answer = answer.strip()
        if len(answer) > MAX_VALUE:
            return None
    return _exactly_named(answer, options) or read_letter(answer, tuple(options))


def _exactly_named(answer: str, options: Sequence[str]) -> str | None:
    """The option that an answer names to the character, by its text or by letter and text (`B. blue`); None where that takes reading.

    Nothing is folded: it answers only where folding makes no difference to what `read_letter` says. An option of ASCII without backslashes
    folds to a part of itself in lower case, but for white space that is not one blank.
    """
    labelled = answer[1:3] in _AFTER_LETTER
    own = answer[3:] if labelled else answer
    if own not in options:
        return None
    shown, ended = "|".join(options), own.rstrip(".")
    if not ended[-1:].isalnum() or not shown.isascii() or "\\" in shown:
        return None
    if labelled:
        index = LETTERS.find(answer[0])
        if not -1 < index < len(options) or options[index] != own:
            return None
        worded_so = answer[1] in shown and answer[:2].lower() in shown.lower()  # an option may be "b. blue" itself
        return None if worded_so else answer[0]
    if own[0] == " " or "  " in shown or not shown.isprintable() or shown.lower().count(ended.lower()) > 1:
        return None
    index = options.index(own)
    return LETTERS[index] if index < len(LETTERS) else None


@lru_cache(maxsize=16384)
def _folded_option(option: str) -> str:
    return folded(plain_answer(option))


@lru_cache(maxsize=16384)
def read_letter(answer: str, options: tuple[str, ...]) -> str | None:
    """`option_letter` of an answer of at most `MAX_VALUE` characters, without short cuts."""
    said = plain_answer(answer)
    index = _PLAIN.get(said)
    if index is not None:
        return LETTERS[index] if index < (len(options) or len(LETTERS)) else None
    shown = [_folded_option(option) for option in options[: len(LETTERS)]]
    written = folded(said)
    if shown.count(written) == 1:
        return LETTERS[shown.index(written)]
    # The commonest wording of all, which needs no look at the rest: a letter with its option's whole text.
    if (
        said[1:3] in _AFTER_LETTER
        and (index := LETTERS.find(said[0])) in range(len(shown))
        and folded(said[3:]) == shown[index]
    ):
        return said[0]
    known = LETTERS[: max(len(options), FEWEST_LETTERS)] if options else LETTERS
    return Choice(said, options[: len(LETTERS)], known).letter
