"""Wording around an answer: lead-ins ("The answer is", "Answer:", "="), and sentences that say the question again.

Only words that say nothing are taken off: a generic subject ("the answer", "it", "there"), or one whose words all stand in the question ("The car
is red." to "What colour is the car?"), with the verb after it. What denies, doubts or gives two answers keeps its wording, and so does
an answer of which nothing would be left.
"""

import re
from functools import lru_cache

from wethink_assets.rewards.equivalence.mathematics.wording import mathematics_in
from wethink_assets.rewards.equivalence.normal_form import plain_answer
from wethink_assets.rewards.equivalence.reading import Asked
from wethink_assets.rewards.equivalence.writing.spelling import variants

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
    r"|\?|[.!;]\s+\S|\n",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(r"^(?:not|no|neither|nor|never|n't|none|nothing|hardly)\b|n['\u2019]t\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:not|no|never|none|neither|nor|except|without|other)\b|n['\u2019]t\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_COPULA = frozenset({"is", "are", "was", "were"})
_HAVE = frozenset({"has", "have", "had"})
_FUNCTION = frozenset(
    {
        "the", "a", "an", "of", "in", "on", "at", "to", "for", "by", "with", "from", "this", "that", "these", "those", "which", "who", "its", "their",
        "his", "her", "there", "and", "as", "it", "total", "than",
    }
)  # fmt: skip
_RELATIVE = frozenset({"that", "which", "who"})
_PARTICIPLES = frozenset({"made", "shown", "worn", "seen", "held", "known", "built", "drawn", "written", "given"})
_SEEN = re.compile(
    r"\s+(?:(?:shown|visible|present|depicted|displayed|seen)\s+)?(?:in|on)\s+(?:the|this)\s+(?:given\s+)?"
    r"(?:image|picture|photo|photograph|figure|chart|graph|diagram|scene|drawing|illustration)$",
    re.IGNORECASE,
)
_IN_ALL = re.compile(r"\s+(?:in\s+(?:total|all)|altogether|overall)$", re.IGNORECASE)
_COUNTING = re.compile(r"\bhow many\b|\bnumber of\b|\bcount\b")
_WH = re.compile(r"\b(?:who|which|what)\b")
_ARTICLE = re.compile(r"^(?:the|an?)\s+")
_TAIL = re.compile(r"\s+(?:in|on|at|of|under|near|behind|inside|by|with)\s+(?:the|a|an|this|that|these|those)?\s*")


def said_of(text: str, asked: Asked) -> str:
    """The answer itself, without what its wording adds.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> said_of("So the answer is **9**.", Asked()), said_of("The car is red.", asked_of("What colour is the car?"))
        ('9', 'red')
        >>> said_of("The car is not red.", asked_of("What colour is the car?")), said_of("The answer is 9 or 10.", Asked())
        ('The car is not red.', 'The answer is 9 or 10.')
    """
    said = plain_answer(mathematics_in(text) if "$" in text or "\\" in text else text)
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
    return len(words) > 1 and (not _VERBS.isdisjoint(words) or (len(words) > 2 and "do" in _asked_words(asked)))


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
        return _unlocated(_unechoed(settled, asked), asked) if settled else None
    return _echoed(said, asked) if asked.folded else None


def _settled(text: str) -> str | None:
    """An answer out of its sentence; None for one that denies, doubts or goes on: a lead-in does not make it another."""
    rest = _ended(text)
    if rest.isalpha():
        return rest
    return None if _UNSETTLED.search(rest) or _NEGATIVE.search(rest) else rest


def _ended(text: str) -> str:
    """An answer without the full stop of the sentence that it stood in, and without its own wrappings."""
    text = text.strip()
    if text[-1:] in (".", "\u3002") and not re.search(r"(?:^|[\s.])[^\W\d_]\.$", text):
        text = text[:-1].rstrip()
    return plain_answer(text)


@lru_cache(maxsize=4096)
def _asked_words(asked: Asked) -> frozenset[str]:
    """Words of a question, each in the form that stands for its variants."""
    words = frozenset(form for word in _WORD.findall(asked.folded) for form in _forms(word))
    return words | {"do"} if "does" in words else words


def _forms(word: str) -> tuple[str, ...]:
    word = word.casefold().replace("\u2019", "'")
    if word.endswith("'s"):
        word = word[:-2]
    return variants().get(word, (word,))


def _stands_in(word: str, asked: Asked) -> bool:
    return all(form in _asked_words(asked) for form in _forms(word))


def _echoed(said: str, asked: Asked) -> str | None:
    """What a sentence says beyond the question's own words: after its verb, or before it where all that follows stands in the question."""
    sentence = _ended(said)
    if _UNSETTLED.search(sentence) or _NEGATIVE.search(sentence) or _DENIED.search(asked.folded):
        return None
    words = [(match[0].casefold(), match.start(), match.end()) for match in _WORD.finditer(sentence)]
    if not 3 <= len(words) <= 60:
        return None
    known = [word in _FUNCTION or _stands_in(word, asked) for word, _, _ in words]
    contentful = [word not in _FUNCTION and stands for (word, _, _), stands in zip(words, known, strict=True)]
    verb = None
    for index in range(1, len(words) - 1):
        if not all(known[:index]):
            break
        if any(contentful[:index]) and _is_verb(words, index, asked):
            if verb is not None and words[index - 1][0] not in _RELATIVE and words[verb - 1][0] not in _RELATIVE:
                return None
            verb = index
    if verb is not None and not _DENIED.search(sentence):
        subject, rest = sentence[: words[verb][1]].strip(), sentence[words[verb][2] :].strip(" ,:")
        if all(known[verb + 1 :]) and _WH.search(asked.folded):
            return _alternative(subject, rest, asked)
        return _unlocated(_unechoed(rest, asked), asked) if rest else None
    return _before(sentence, words, known, contentful)


def _alternative(subject: str, rest: str, asked: Asked) -> str | None:
    """Which of two parts of a sentence, both of the question's words, is one of the two that the question has around an "or"."""
    parts = [part for part in (subject, rest) if _offered(part, asked)]
    return parts[0] if len(parts) == 1 else None


def _offered(part: str, asked: Asked) -> bool:
    bare = _ARTICLE.sub("", part.casefold())
    return bool(bare) and any(
        form in f" {asked.folded} "
        for form in (f" {bare} or ", f" or {bare} ", f" or {bare}?", f" or the {bare}", f" or a {bare}")
    )


def _is_verb(words: list[tuple[str, int, int]], index: int, asked: Asked) -> bool:
    word = words[index][0]
    if word in _COPULA:
        return True
    asked_words = _asked_words(asked)
    if word in _HAVE:
        return not _HAVE.isdisjoint(asked_words)
    stem = word[:-1] if word.endswith("s") and not word.endswith("ss") else ""
    return bool(stem) and "do" in asked_words and stem in asked_words and word not in asked_words


def _before(sentence: str, words: list[tuple[str, int, int]], known: list[bool], contentful: list[bool]) -> str | None:
    """The subject of a sentence whose rest stands in the question: `Red` of "Red is the colour of the car"."""
    if _DENIED.search(sentence):
        return None
    verbs = [index for index in range(1, len(words) - 1) if words[index][0] in _COPULA]
    if len(verbs) != 1:
        return None
    index = verbs[0]
    if not all(known[index + 1 :]) or not any(contentful[index + 1 :]) or all(known[:index]):
        return None
    if words[index + 1][0] not in ("the", "what", "a", "an"):
        return None
    return sentence[: words[index][1]].strip() or None


def _unechoed(rest: str, asked: Asked) -> str:
    """What follows a verb without the participle that the question has: `a dog` of "holding a dog" to "What is the man holding?"."""
    match = _WORD.match(rest)
    if not match or not asked.folded:
        return rest
    word = match[0].casefold()
    left = rest[match.end() :].strip()
    if left and (word.endswith(("ing", "ed")) or word in _PARTICIPLES) and _stands_in(word, asked):
        return left
    return rest


def _unlocated(rest: str, asked: Asked) -> str:
    """An answer without the place in the picture, and where things are counted without any place that the question names."""
    for pattern in (_SEEN, _IN_ALL):
        bare = pattern.sub("", rest).strip()
        rest = bare or rest
    if asked.folded and _COUNTING.search(asked.folded):
        for match in _TAIL.finditer(rest):
            tail = _WORD.findall(rest[match.end() :])
            if tail and all(word.casefold() in _FUNCTION or _stands_in(word, asked) for word in tail):
                return rest[: match.start()].strip() or rest
    return rest
