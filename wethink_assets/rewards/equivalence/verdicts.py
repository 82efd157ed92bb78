"""Verdicts by question kind: the strict key of an answer, its type, and whether a candidate is right beside it.

Kinds with options compare the option that is chosen, kinds with a normal form of their own that form, prose its wording; of all others the
values that answers are read as are compared (`wethink_assets.rewards.equivalence.comparison`).
"""

from typing import Literal

from wethink_assets.kinds import LETTERS, QuestionKind
from wethink_assets.rewards.equivalence.comparison import NOTHING, answer_types, lenient, read, strict
from wethink_assets.rewards.equivalence.options import option_letter
from wethink_assets.rewards.equivalence.reading import Allowed, Asked, Comparable, Reading, Written, asked_of

CHOICE = "choice"
"""Answer type of the kinds with options."""
TEXT = "text"
"""Answer type of prose, and of what is nothing else."""
_NOT_ASKED = Asked()
_LETTERS = frozenset(LETTERS)


def key_of(kind: QuestionKind, answer: str, options: tuple[str, ...], question: str | None) -> str:
    """The key that stands for an answer; empty for a text that is no answer to such a question."""
    if kind.has_options:
        return _choice_key(answer, options, question)
    if kind.normalised:
        normal = kind.normalised(answer)
        return f"{kind.code}:{normal}" if normal else ""
    return _key(as_worded(answer) if kind.prose else read(answer, asked_of(question)))


def agreement(
    kind: QuestionKind, first: str, second: str, options: tuple[str, ...], question: str | None
) -> tuple[bool, Literal["letter", "text", "math"]]:
    """Whether two answers are strictly the same, which is whether their keys are, and by what they were compared."""
    if not (kind.has_options or kind.normalised or kind.prose):
        how = strict(first, second, question)
        return how is not None, how or "text"
    key = key_of(kind, first, options, question)
    return bool(key) and key == key_of(kind, second, options, question), "letter" if kind.has_options else "text"


def type_of(kind: QuestionKind, answer: str, question: str | None) -> str:
    """The name of the answer type."""
    if kind.has_options:
        return CHOICE
    comparable = None if kind.prose else read(answer, asked_of(question))
    return comparable.reading.type if comparable else TEXT


def accepted(
    kind: QuestionKind, answer: str, candidate: str, options: tuple[str, ...], question: str | None, allowed: Allowed
) -> bool:
    """Whether a candidate is right beside the true answer, or beside a further one that the question allows."""
    if kind.has_options:
        letter = option_letter(candidate, options)
        if letter is None or allowed.answers:
            return _chosen_beyond(letter, answer, candidate, options, allowed)
        # A letter names its own option or none, so that it need not be read.
        return letter == answer or (answer not in _LETTERS and letter == option_letter(answer, options))
    if kind.normalised:
        normal = kind.normalised(candidate)
        return bool(normal) and any(normal == kind.normalised(true) for true in (answer, *allowed.answers))
    if kind.prose:
        return any(worded_alike(true, candidate, allowed) for true in (answer, *allowed.answers))
    return lenient(answer, candidate, question, allowed) is not None


def as_worded(answer: str) -> Comparable:
    """Sentences as they are worded, whatever they say."""
    written = Written(answer, answer.strip())
    return Comparable(written, answer_types()[TEXT].read(written, _NOT_ASKED) or Reading(TEXT, written.folded))


def worded_alike(answer: str, candidate: str, allowed: Allowed = NOTHING) -> bool:
    """Whether a candidate that says something is worded like the true answer, up to the edit distance that is allowed."""
    one, other = as_worded(answer), as_worded(candidate)
    if not other.reading.key:
        return False
    if one.reading.key == other.reading.key:
        return True
    return bool(allowed.edit_distance) and answer_types()[TEXT].alike(one, other, _NOT_ASKED, allowed)


def _chosen_beyond(letter: str | None, answer: str, candidate: str, options: tuple[str, ...], allowed: Allowed) -> bool:
    """Whether a candidate is right that names no option, or one beside several answers that are right."""
    trues = (answer, *allowed.answers)
    if letter is None:
        return not options and any(
            option_letter(true, options) is None and worded_alike(true, candidate, allowed) for true in trues
        )
    return any(letter == option_letter(true, options) for true in trues)


def _choice_key(answer: str, options: tuple[str, ...], question: str | None) -> str:
    letter = option_letter(answer, options)
    if letter is None:
        return "" if options else _key(as_worded(answer))
    if not options:
        return f"{CHOICE}:{letter}"
    index = LETTERS.index(letter)
    keys = [_key(read(option, asked_of(question))) for option in options]
    return keys[index] if keys[index] and keys.count(keys[index]) == 1 else f"{keys[index]}:{letter}"


def _key(comparable: Comparable | None) -> str:
    return f"{comparable.reading.type}:{comparable.reading.key}" if comparable and comparable.reading.key else ""
