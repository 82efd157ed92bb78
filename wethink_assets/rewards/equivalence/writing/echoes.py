"""Sentences that say a question again: what they say beyond its words.

The car of "What colour is the car?" comes again in "The car is red." A subject whose words all stand in the question is taken off with its verb, and
so is what follows a subject that is new, where the question has it ("The rabbit eats grass." to "What eats grass?"). What a where, when or
which question names itself goes too: `In 2015` is 2015, `Seat 3C` is 3C. A question or a sentence that denies is left as it is.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from wethink_assets.rewards.equivalence.reading import Asked
from wethink_assets.rewards.equivalence.writing.spelling import variants

_DENIED = re.compile(r"\b(?:not|no|never|none|neither|nor|except|without|other)\b|n['\u2019]t\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_COPULA = frozenset({"is", "are", "was", "were"})
_HAVE = frozenset({"has", "have", "had"})
_SAYS = frozenset({"says", "say", "reads", "read"})
_FUNCTION = frozenset(
    {
        "the", "a", "an", "of", "in", "on", "at", "to", "for", "by", "with", "from", "this", "that", "these", "those", "which", "who", "its", "their",
        "his", "her", "there", "and", "as", "it", "total", "than",
    }
)  # fmt: skip
_PRONOUNS = frozenset({"it", "they", "he", "she", "there"})
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
_SUBJECT_ASKED = re.compile(r"^(?:who|what|which(?: [^\W\d_]+)?|what [^\W\d_]+|whose [^\W\d_]+)\s+(\S.*?)\W*$")
_BY = re.compile(r"[^\W\d_]+(?:ed|en|wn|nt|de|lt|ung)\s+by\s+(\S.*)", re.IGNORECASE)
_DATED = re.compile(r"\bwhen\b|\b(?:which|what) (?:year|month|day|date|time|century|decade)\b|\bwhat time\b")
_PLACED = re.compile(r"\b(?:in|on|at|by)\s+(?:the\s+year\s+)?(?=[\d(])", re.IGNORECASE)
_ASKED_NOUN = re.compile(
    r"\b(?:which|what)\s+(?:(?:two|three|four|five|\d+)\s+)?([^\W\d_]+)(?:\s+(?!(?:is|are|was|were|do|does|did|has|have)\b)([^\W\d_]+))?"
)
_PREPOSITIONS = frozenset({"in", "on", "at", "by"})
_FIGURES = re.compile(r"(?=\S*\d)\S{1,20}")
_NAMED = frozenset(
    {
        "color",
        "letter",
        "number",
        "word",
        "year",
        "month",
        "day",
        "city",
        "country",
        "state",
        "team",
        "company",
        "brand",
    }
)
_ARTICLE = re.compile(r"^(?:the|an?)\s+")
_TAIL = re.compile(r"\s+(?:in|on|at|of|under|near|behind|inside|by|with)\s+(?:the|a|an|this|that|these|those)?\s*")


def may_be_echoed(words: Sequence[str], asked: Asked) -> bool:
    """Whether words in folded case may say a question again, though in other verbs than "is" and "has": a cheap look before the rest."""
    if not asked.folded or not _echoing(asked):
        return False
    return words[0] in _PREPOSITIONS or words[0] in _PRONOUNS or not _asked_words(asked).isdisjoint(words)


@lru_cache(maxsize=4096)
def _echoing(asked: Asked) -> bool:
    text = asked.folded
    return "do" in _asked_words(asked) or any(pattern.search(text) for pattern in (_SUBJECT_ASKED, _DATED, _ASKED_NOUN))


def counts(asked: Asked) -> bool:
    """Whether a question counts things."""
    return bool(asked.folded) and _COUNTING.search(asked.folded) is not None


def object_of(rest: str, asked: Asked) -> str:
    """What follows the subject and verb of a sentence, without a participle of the question and without the place in the picture.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> object_of("holding a dog", asked_of("What is the man holding?")), object_of("5 dogs in the picture", asked_of("How many dogs?"))
        ('a dog', '5 dogs')
    """
    return _unlocated(_unechoed(rest, asked), asked)


def said_beyond(sentence: str, asked: Asked) -> str | None:
    """What a sentence says beyond the question's words; None where it is no echo of the question."""
    if _DENIED.search(asked.folded):
        return None
    words = [(match[0].casefold(), match.start(), match.end()) for match in _WORD.finditer(sentence)]
    if not 2 <= len(words) <= 60:
        return None
    known = [word in _FUNCTION or _stands_in(word, asked) for word, _, _ in words]
    contentful = [word not in _FUNCTION and stands for (word, _, _), stands in zip(words, known, strict=True)]
    verb = _verb_of(words, known, contentful, asked)
    if verb is not None:
        subject, rest = sentence[: words[verb][1]].strip(), sentence[words[verb][2] :].strip(" ,:")
        if not rest or _DENIED.search(subject if words[verb][0] in _SAYS else sentence):
            return None
        if all(known[verb + 1 :]) and _WH.search(asked.folded):
            return _alternative(subject, rest, asked)
        return object_of(rest, asked)
    if _DENIED.search(sentence):
        return None
    return (
        _before(sentence, words, known, contentful)
        or _new_subject(sentence, words, known, asked)
        or _happening(sentence, words, known, asked)
        or _unnamed(sentence, asked)
    )


@lru_cache(maxsize=4096)
def _asked_words(asked: Asked) -> frozenset[str]:
    """Words of a question, as written and in the forms that stand for their variants; "do" for every form of it."""
    written = _WORD.findall(asked.folded)
    words = frozenset({*written, *(form for word in written for form in _forms(word))})
    return words | {"do"} if "does" in words or "did" in words else words


def _forms(word: str) -> tuple[str, ...]:
    word = word.casefold().replace("\u2019", "'")
    if word.endswith("'s"):
        word = word[:-2]
    return variants().get(word, (word,))


def _stands_in(word: str, asked: Asked) -> bool:
    return all(form in _asked_words(asked) for form in _forms(word))


def _verb_of(words: list[tuple[str, int, int]], known: list[bool], contentful: list[bool], asked: Asked) -> int | None:
    """Where the verb stands after a subject of the question's words: the last one that such words lead to."""
    verb = None
    for index in range(1, len(words) - 1):
        if not all(known[:index]):
            break
        subject = any(contentful[:index]) or (words[0][0] in _PRONOUNS and words[index][0] not in _COPULA)
        if subject and _is_verb(words, index, asked):
            if verb is not None and words[index - 1][0] not in _RELATIVE and words[verb - 1][0] not in _RELATIVE:
                return None
            verb = index
    return verb


def _is_verb(words: list[tuple[str, int, int]], index: int, asked: Asked) -> bool:
    word = words[index][0]
    if word in _COPULA:
        return True
    asked_words = _asked_words(asked)
    if word in _HAVE:
        return not _HAVE.isdisjoint(asked_words)
    if "do" not in asked_words:
        return False
    if asked.folded.rstrip(" ?.!").endswith(f" {word}"):
        return True
    stems = [word[:-1]] if word.endswith("s") and not word.endswith("ss") else []
    if word.endswith("ed"):
        stems = [word[:-2], word[:-1]]
    return word not in asked_words and any(len(stem) > 1 and stem in asked_words for stem in stems)


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


def _before(sentence: str, words: list[tuple[str, int, int]], known: list[bool], contentful: list[bool]) -> str | None:
    """The subject of a sentence whose rest stands in the question: `Red` of "Red is the colour of the car"."""
    verbs = [index for index in range(1, len(words) - 1) if words[index][0] in _COPULA]
    if len(verbs) != 1:
        return None
    index = verbs[0]
    if not all(known[index + 1 :]) or not any(contentful[index + 1 :]) or all(known[:index]):
        return None
    if words[index + 1][0] not in ("the", "what", "a", "an"):
        return None
    return sentence[: words[index][1]].strip() or None


def _new_subject(sentence: str, words: list[tuple[str, int, int]], known: list[bool], asked: Asked) -> str | None:
    """The subject of a sentence whose predicate is that of the question: `The rabbit` of "The rabbit eats grass"."""
    match = _SUBJECT_ASKED.match(asked.folded)
    if not match or " or " in asked.folded:
        return None
    predicate = _WORD.findall(match[1])
    if len(_WORD.findall(asked.folded)) == 2 and len(predicate) == 1:
        return None  # "Which street?" has a noun and no predicate
    for start in range(1, len(words)):
        rest = [word for word, _, _ in words[start:]]
        if rest == predicate[: len(rest)] and (len(rest) > 1 or rest == predicate) and not all(known[:start]):
            return sentence[: words[start][1]].strip() or None
    return None


def _happening(sentence: str, words: list[tuple[str, int, int]], known: list[bool], asked: Asked) -> str | None:
    """The verb of a sentence that tells what happens to what the question names."""
    if "happen" not in asked.folded or not words[-1][0].endswith(("s", "ed")) or known[-1]:
        return None
    return sentence[words[-1][1] :].strip() if all(known[:-1]) else None


def _unnamed(sentence: str, asked: Asked) -> str | None:
    """A value without the preposition of a time that is asked for, or without the noun that the question asks for."""
    if _DATED.search(asked.folded) or asked.folded.startswith(("in ", "at ", "on ")):
        placed = _PLACED.match(sentence)
        if placed:
            return sentence[placed.end() :]
    match = _ASKED_NOUN.search(asked.folded)
    if not match:
        return None
    first, second = match[1], match[2] or ""
    bare = _ARTICLE.sub("", sentence.casefold())
    for phrase in filter(None, (f"{first} {second}".strip(), second, first)):
        for form in (phrase, f"{phrase}s", phrase.removesuffix("s")):
            if bare.startswith(f"{form} "):
                value = sentence[len(sentence) - len(bare) + len(form) :].strip()
                worded = bare != sentence.casefold() and _forms(phrase.split()[-1])[0] in _NAMED
                return value if worded or _FIGURES.fullmatch(value) else None
    return None


def _unechoed(rest: str, asked: Asked) -> str:
    """What follows a verb without the participle that the question has: `a dog` of "holding a dog" to "What is the man holding?"."""
    if not asked.folded:
        return rest
    by = _BY.fullmatch(rest) if asked.folded.startswith(("who ", "which ", "what ", "by who")) else None
    if by:
        return by[1]
    if _DATED.search(asked.folded) or asked.folded.startswith(("in ", "at ", "on ")):
        for placed in _PLACED.finditer(rest):
            before = _WORD.findall(rest[: placed.start()])
            if all(word.casefold() in _FUNCTION or _stands_in(word, asked) for word in before):
                return rest[placed.end() :]
    match = _WORD.match(rest)
    if not match:
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
    if counts(asked):
        for match in _TAIL.finditer(rest):
            tail = _WORD.findall(rest[match.end() :])
            if tail and all(word.casefold() in _FUNCTION or _stands_in(word, asked) for word in tail):
                return rest[: match.start()].strip() or rest
    return rest
