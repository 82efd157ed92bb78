"""Wording around an answer: lead-ins ("The answer is", "Answer:", "="), and sentences that say the question again.

Only words that say nothing are taken off: a generic subject ("the answer", "it", "there"), or one whose words all stand in the question ("The car
is red." to "What colour is the car?"), with the verb after it. What denies, doubts or gives two answers keeps its wording, and so does
an answer of which nothing would be left.
"""

import re

from wethink_assets.rewards.equivalence.normal_form import plain_answer
from wethink_assets.rewards.equivalence.reading import Asked
from wethink_assets.rewards.equivalence.writing.echoes import counts, may_be_echoed, object_of, said_beyond

_LONGEST_WORDING = 400
_VERBS = frozenset(
    {
        "is", "are", "was", "were", "has", "have", "had", "be", "equals", "equal",
        "is:", "are:", "be:", "it's", "that's", "there's", "he's", "she's",
        "they're", "it\u2019s", "that\u2019s", "there\u2019s", "he\u2019s", "she\u2019s", "they\u2019re", "=", "-",
        "answer", "ans", "ans.", "answer.",
    }
)  # fmt: skip
_SIGNS = (":", "\uff1a", "=", "\u7b54", "\uc815\ub2f5", "\u2234")
_NOUN = r"(?:answer|result|solution|response|total|value|sum|number|count)"
_ADJECTIVE = r"(?:(?:final|correct|right|best|exact|overall|most\s+likely|required|resulting|numerical)\s+)*"
_SO = r"(?:(?:so|therefore|thus|hence|then|finally|in\s+conclusion|ok(?:ay)?|well|and)\s*,?\s+)?"
_BE = r"(?:is|are|was|were|would\s+be|should\s+be|must\s+be|will\s+be|equals?|is\s+equal\s+to)(?![\w'\u2019])"
_LEADS = re.compile(
    rf"{_SO}(?:(?:the|my|our|your|its|this)\s+)?{_ADJECTIVE}{_NOUN}(?:\s+(?:to|of|for)\s+(?:the|this)\s+(?:question|problem))?(?:\s+here)?"
    rf"(?:\s+{_BE}\s*[:\uff1a]?\s*|\s*[:\uff1a=]\s*|\s+-\s+)(\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_SPACES = re.compile(r"[^\S\n]+")
_LABELS = re.compile(
    r"(?:(?:(?:final|correct|short)\s+)?(?:answer|ans|result|solution|output)\s*[:\uff1a.]\s*|(?:=|\u2234)\s*(?!=)"
    r"|(?:\u6240\u4ee5|\u56e0\u6b64|\u6545)?[,\uff0c]?\s*(?:\u6700\u7ec8|\u6b63\u786e)?(?:\u7b54\u6848|\u7b54\u3048)\s*(?:\u662f|\u4e3a|\u306f|[:\uff1a])\s*[:\uff1a]?\s*|\uc815\ub2f5\s*[:\uff1a]\s*)(\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_PRONOUN = re.compile(
    rf"{_SO}(?:(?:it|this|that|these|those|there|they|he|she)\s+{_BE}|(?:it|that|there|he|she)['\u2019]s|they['\u2019]re)\s+(\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_LAST = re.compile(
    rf"(\S.*?)\s+(?:is|are|was|would\s+be)\s+(?:the|my)\s+{_ADJECTIVE}(?:answer|result|solution)\s*[.!]?",
    re.IGNORECASE | re.DOTALL,
)
_UNSETTLED = re.compile(
    r"\b(?:or|maybe|perhaps|possibly|probably|but|though|however|might|could|unclear|unless|unsure|wait|actually|instead|rather|if|unknown|either)\b"
    r"|\?|(?<=\w\w|\w[)\]%])(?<!\bst)(?<!\bdr)(?<!\bmr)(?<!\bmt)(?<!\bms)(?<!\bmrs)(?<!\bno)(?<!\bvs)[.!;]\s+\S|\n",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(r"^(?:not|no|neither|nor|never|n't|none|nothing|hardly)\b|n['\u2019]t\b", re.IGNORECASE)

_NO_THINGS = re.compile(r"no [^\W\d_]+(?: [^\W\d_]+)?(?: (?:in|on|at) [^.,;!?]{1,60})?\.?", re.IGNORECASE)
"""None of what is counted, which says how many there are."""


def said_of(text: str, asked: Asked) -> str:
    """The answer itself, without what its wording adds.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> said_of("So the answer is **9**.", Asked()), said_of("The car is red.", asked_of("What colour is the car?"))
        ('9', 'red')
        >>> said_of("The car is not red.", asked_of("What colour is the car?")), said_of("The answer is 9 or 10.", Asked())
        ('The car is not red.', 'The answer is 9 or 10.')
    """
    if "$" in text or "\\" in text:
        from wethink_assets.rewards.equivalence.mathematics.wording import mathematics_in  # loads with the answer types

        text = mathematics_in(text)
    said = plain_answer(text)
    if not 2 < len(said) <= _LONGEST_WORDING or not _may_be_worded(said, asked):
        return said
    if said.startswith(("**", "#")):
        said = said.lstrip("# ").replace("**", "")
    if "  " in said:
        said = _SPACES.sub(" ", said)
    for _ in range(2):
        bare = _bare(said, asked)
        if not bare or bare == said:
            break
        said = bare
    return said


def _may_be_worded(said: str, asked: Asked) -> bool:
    """Whether a text has any sign of wording: a cheap look before the patterns."""
    if said.isascii() and (said.isalnum() or (said[0].isdigit() and " is the " not in said)):
        return False
    if any(sign in said for sign in _SIGNS):
        return True
    words = said.casefold().split()
    return len(words) > 1 and (not _VERBS.isdisjoint(words) or may_be_echoed(words, asked))


def _bare(said: str, asked: Asked) -> str | None:
    """A text without one layer of wording; None where it has none."""
    for pattern in (_LABELS, _LEADS):
        match = pattern.fullmatch(said)
        if match:
            rest = _ended(match[1])
            return None if _UNSETTLED.search(rest) else rest
    match = _LAST.fullmatch(said)
    if match:
        return _settled(match[1])
    match = _PRONOUN.fullmatch(said)
    if match:
        settled = _settled(match[1])
        if settled is None and counts(asked) and _NO_THINGS.fullmatch(match[1]):
            settled = _ended(match[1])
        return object_of(settled, asked) if settled else None
    if not asked.folded:
        return None
    sentence = _ended(said)
    shorter = said_beyond(sentence, asked)
    if shorter and _UNSETTLED.search(sentence):
        return None
    return plain_answer(shorter) if shorter else None


def _settled(text: str) -> str | None:
    """An answer out of its sentence; None for one that denies, doubts or goes on: a lead-in does not make it another."""
    rest = _ended(text)
    if rest.isalpha():
        return rest
    return None if _UNSETTLED.search(rest) or _NEGATIVE.search(rest) else rest


def _ended(text: str) -> str:
    """An answer without the full stop of the sentence that it stood in, and without its own wrappings."""
    text = text.strip()
    if text[-1:] in (".", "\u3002") and not re.search(r"(?:^|(?<!\d)[\s.])[^\W\d_]\.$", text):
        text = text[:-1].rstrip()
    return plain_answer(text)
