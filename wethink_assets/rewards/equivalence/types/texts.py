"""Texts, and the yes or no that answers a question: the types of answers that are words.

A text is what no other type reads. Its strict form is that of `wethink_assets.rewards.equivalence.writing.words`. Beyond it a lenient
comparison takes
- what the question itself adds to the true answer: the noun that it asks for ("red car", "the red one" for "red"), a preposition of place or
  time where it asks where or when ("in the kitchen"), the owner's `'s` where it asks whose;
- a name with or without the abbreviation that stands for it in brackets, "World Health Organization (WHO)";
- texts that differ by no more than the share of characters that the question allows (`Allowed.edit_distance`, as ANLS measures it), where
  digits, words that deny or doubt, and words that have an opposite are the same.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.writing.spelling import table
from wethink_assets.rewards.equivalence.writing.words import joined, words_of

_AUXILIARY = (
    "is|are|was|were|am|do|does|did|can|could|has|have|had|will|would|should|shall|may|might|must|"
    "isn't|aren't|wasn't|weren't|don't|doesn't|didn't|can't|couldn't|hasn't|haven't|won't|wouldn't|shouldn't"
)
_YES_NO_QUESTION = re.compile(
    rf"(?:^|[.!:;]\s+|,\s*)(?:{_AUXILIARY})\b[^.?!]*(?:\?|$)|\byes\s*(?:or|/)\s*no\b|\by\s*/\s*n\b|\u5417|\u662f\u5426"
)
_TRUE_FALSE = re.compile(r"\btrue\s*(?:or|/)\s*false\b|\bis it true\b|\bt\s*/\s*f\b|\bwhether\b.*\b(?:is|are) true\b")
_CORRECT = re.compile(r"\bcorrect\s*(?:or|/)\s*(?:incorrect|wrong)\b|\bright\s*(?:or|/)\s*wrong\b")
_PLAIN = {"yes": "yes", "no": "no"}
_SPOKEN = {
    "yeah": "yes", "yep": "yes", "yup": "yes", "nope": "no", "nah": "no", "y": "yes", "n": "no", "\u662f": "yes", "\u662f\u7684": "yes",
    "\u5bf9": "yes", "\u5426": "no", "\u4e0d\u662f": "no", "\u4e0d": "no", "\u6ca1\u6709": "no",
}  # fmt: skip
_TRUTH = {"true": "yes", "false": "no", "t": "yes", "f": "no"}
_RIGHTNESS = {"correct": "yes", "incorrect": "no", "right": "yes", "wrong": "no"}
_LED = re.compile(r"(yes|no|yeah|yep|nope)\s*([,.;:!\u2014-])\s*(\S.*)", re.DOTALL)
_FOLLOWED = re.compile(r"(yes|no)\s+((?:there|it|he|she|they|the|this|that|these|those|i|we|you)\s+\S.*)", re.DOTALL)
_DENIES = re.compile(r"\b(?:not|no|never|none|neither|nor|nobody|nothing|cannot)\b|n't\b|n\u2019t\b")
_DOUBTS = re.compile(
    r"\b(?:or|but|maybe|perhaps|possibly|probably|however|although|though|unless|except|unsure|sure|wait|actually|might|could|yes|unclear|if)\b|\?"
)
_OPPOSITE = frozenset(table("opposite"))
_ADDED_NEVER = _OPPOSITE | frozenset(table("value"))
_ATTRIBUTES = frozenset(
    {"color", "colour", "shape", "size", "material", "pattern", "kind", "type", "brand", "make", "breed", "flavor", "flavour", "style", "texture"}
)  # fmt: skip
_WH_NOUN = re.compile(
    r"\b(?:what|which)\s+([^\W\d_]+)(?:\s+(?:of|is|are|was|were|do|does|did|has|have|can)\s+(?:the|this|that|these|those)?\s*([^\W\d_]+))?"
)
_THE_ATTRIBUTE = re.compile(r"\bwhat(?:'s| is| are| was| were) the ([a-z]+)\b")
_WHERE = re.compile(
    r"\b(?:where|when|which side|what side|which way|what time|which direction|what position|which position|what room|which room|what place)\b"
)
_PLACED = frozenset({"in", "on", "at"})
_SIDES = frozenset({"left", "right", "top", "bottom", "north", "south", "east", "west"})
_BRACKETED = re.compile(r"([^()]+?)\s*\(([^()]{2,12})\)\s*\.?")
_PLAYED = re.compile(r"\b(?:sport|game|instrument)s?\b")
_WHOSE = re.compile(r"\bwhose\b")
_LONGEST_EDITED = 400


@lru_cache(maxsize=4096)
def _scale(asked: Asked) -> tuple[bool, bool, bool]:
    """Whether a question wants yes or no, true or false, correct or incorrect."""
    text = asked.folded
    truth, rightness = _TRUE_FALSE.search(text) is not None, _CORRECT.search(text) is not None
    return _YES_NO_QUESTION.search(text) is not None or truth or rightness, truth, rightness


def asks_yes_no(asked: Asked) -> bool:
    """Whether a question wants yes or no, or words for them."""
    return bool(asked.folded) and _scale(asked)[0]


def read_yes_no(written: Written, asked: Asked) -> Reading | None:
    """An answer that is yes or no, alone or before the sentence that says the same; other words for it only where the question asks so."""
    said = written.said
    if said[:1] in "yYnN" and said[1:2] in "eEoOyYnNaA":
        pass
    elif not asked.folded or len(said) > 20 or not _scale(asked)[0]:
        return None
    text = said.casefold().strip(" .!\u3002'\"")
    value = _PLAIN.get(text)
    if value is None and " " not in text and len(text) < 12:
        value = _spoken(text, asked) if asked.folded else None
    elif value is None:
        value = _led(text, asked)
    return Reading("yes_no", value) if value else None


def _spoken(text: str, asked: Asked) -> str | None:
    either, truth, rightness = _scale(asked)
    if not either:
        return None
    return _SPOKEN.get(text) or (_TRUTH.get(text) if truth else None) or (_RIGHTNESS.get(text) if rightness else None)


def _led(text: str, asked: Asked) -> str | None:
    """The yes or no before a sentence that does not take it back."""
    match = _LED.fullmatch(text)
    if match:
        word, mark, rest = match.groups()
        if asked.folded and not _scale(asked)[0]:
            return None
        if rest[0].isdigit() or (not asked.folded and (mark != "," or len(rest.split()) < 3 or word not in _PLAIN)):
            return None
    else:
        match = _FOLLOWED.fullmatch(text) if asked.folded and _scale(asked)[0] else None
        if not match:
            return None
        word, rest = match.groups()
    value = _PLAIN.get(word) or _SPOKEN[word]
    if _DOUBTS.search(rest) or (value == "yes" and _DENIES.search(rest)):
        return None
    return value


YES_NO = AnswerType("yes_no", "text", read_yes_no)


def read_text(written: Written, asked: Asked) -> Reading | None:
    """A text, by its words."""
    words = words_of(written.said, asked)
    return Reading("text", joined(words), words)


def alike(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether a text says what the true one does, with the latitude that this module's docstring names."""
    if candidate.reading.type in ("yes_no", "quantity"):
        return False  # a unit is known by its case, which words leave out
    if candidate.reading.type == "code" and candidate.reading.key[-1] in "+-":
        return False  # a sign that words leave out
    true = gold.reading.value
    words = candidate.reading.value if candidate.reading.type == "text" else words_of(candidate.written.said, asked)
    if joined(words) == gold.reading.key and any(char.isalpha() for char in gold.reading.key):
        return True
    if candidate.reading.type == "text" and (
        (not asked.folded and _same_name_of_date(true, words))
        or _said_by_question(true, words, asked)
        or _abbreviated(gold.written.said, words, asked)
        or _abbreviated(candidate.written.said, true, asked)
    ):
        return True
    return allowed.edit_distance > 0 and within(" ".join(true), " ".join(words), allowed.edit_distance)


TEXT = AnswerType("text", "text", read_text, alike)


def _same_name_of_date(true: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a candidate is the short form of a weekday or month; the long one of a short form that is no word of its own (`Sun`, `May`)."""
    if len(true) != 1 or len(words) != 1 or true[0] == words[0]:
        return False
    for kind in ("weekday", "month"):
        names = table(kind)
        full, other = names.get(true[0], tuple(true)), names.get(words[0], tuple(words))
        if full == other and (true[0] not in names or true[0] not in _OWN_WORDS):
            return True
    return False


_OWN_WORDS = frozenset({"sun", "sat", "wed", "mar", "may", "dec", "sept"})


def _said_by_question(true: Sequence[str], words: Sequence[str], asked: Asked) -> bool:
    """Whether a candidate is the true answer with what the question has beside it, or without the noun that it asks for."""
    if not asked.folded:
        return False
    if _WHERE.search(asked.folded) and _unplaced(true) == _unplaced(words):
        return len({_placed(true), _placed(words)} - {""}) < 2
    if _WHOSE.search(asked.folded) and len(words) == len(true) and list(words[:-1]) == list(true[:-1]):
        return {words[-1], true[-1]} in ({true[-1], f"{true[-1]}s"}, {words[-1], f"{words[-1]}s"})
    count = len(true)
    if len(words) == count - 1 > 0 and tuple(words) == tuple(true[:-1]):
        return true[-1] in _nouns(asked) and true[-1] not in _ADDED_NEVER
    if not 0 < len(words) - count <= 3:
        return False
    if tuple(words[:count]) == tuple(true):
        added = words[count:]
        if list(added) in (["one"], ["1"]):
            return True
    elif tuple(words[-count:]) == tuple(true):
        added = tuple(word for word in words[:-count] if word != "of")
        if added == ("playing",) and _PLAYED.search(asked.folded):
            return True
    else:
        return False
    return bool(added) and all(word in _nouns(asked) and word not in _ADDED_NEVER for word in added)


@lru_cache(maxsize=4096)
def _nouns(asked: Asked) -> frozenset[str]:
    """The noun that a question asks for, and where that is a property of a thing, the thing."""
    if " or " in asked.folded:
        return frozenset()
    nouns: set[str] = set()
    attribute = _THE_ATTRIBUTE.search(asked.folded)
    if attribute and attribute[1] in _ATTRIBUTES:
        nouns.update(words_of(attribute[1], Asked()))
    for match in _WH_NOUN.finditer(asked.folded):
        nouns.update(words_of(match[1], Asked()))
        if match[2] and match[1] in _ATTRIBUTES:
            nouns.update(words_of(match[2], Asked()))
    return frozenset(nouns)


def _placed(words: Sequence[str]) -> str:
    if len(words) == 2 and words[0] == "to" and words[1] in _SIDES:
        return "to"
    return words[0] if len(words) > 1 and words[0] in _PLACED else ""


def _unplaced(words: Sequence[str]) -> tuple[str, ...]:
    rest = tuple(words[1:]) if _placed(words) else tuple(words)
    if rest[:1] == ("the",):
        rest = rest[1:]
    return rest[:1] if len(rest) == 2 and rest[0] in _SIDES and rest[1] == "side" else rest


def _abbreviated(said: str, words: Sequence[str], asked: Asked) -> bool:
    """Whether words are a name, or its abbreviation, of which a text has both: the abbreviation in brackets."""
    match = _BRACKETED.fullmatch(said) if said.endswith((")", ").")) else None
    if not match:
        return False
    for name, short in ((match[1], match[2]), (match[2], match[1])):
        letters = "".join(char for char in short if char.isalnum()).casefold()
        initials = [word[0] for word in re.findall(r"[^\W_]+", name.casefold())]
        small = [
            word[0]
            for word in re.findall(r"[^\W_]+", name.casefold())
            if word not in ("of", "the", "and", "for", "in", "on")
        ]
        if len(letters) > 1 and letters in ("".join(initials), "".join(small)):
            return tuple(words) in (words_of(name, asked), words_of(short, asked))
    return False


def within(first: str, second: str, share: float) -> bool:
    """Whether two texts differ by at most a share of the longer one's characters, and in nothing that makes another value of them.

    Example:
        >>> within("invoice of acme corporation", "invoice of acme corporatlon", 0.2), within("invoice 12", "invoice 13", 0.2)
        (True, False)
    """
    longest = max(len(first), len(second))
    most = int(share * longest + 1e-9)
    if not most or longest > _LONGEST_EDITED or abs(len(first) - len(second)) > most:
        return False
    if re.findall(r"\d+", first) != re.findall(r"\d+", second):
        return False
    ones, others = first.split(), second.split()
    if [word for word in ones if word in _OPPOSITE] != [word for word in others if word in _OPPOSITE]:
        return False
    return _distance(first, second, most) <= most


def _distance(first: str, second: str, most: int) -> int:
    """Edits from one text to another (Levenshtein), or more than `most`: only the band that so many edits can reach is computed."""
    if first == second:
        return 0
    previous = list(range(len(second) + 1))
    for row, char in enumerate(first, 1):
        low, high = max(1, row - most), min(len(second), row + most)
        current = [most + 1] * (len(second) + 1)
        if low == 1:
            current[0] = row
        for column in range(low, high + 1):
            current[column] = min(
                previous[column] + 1,
                current[column - 1] + 1,
                previous[column - 1] + (char != second[column - 1]),
            )
        if min(current[low - 1 : high + 1]) > most:
            return most + 1
        previous = current
    return previous[-1]
