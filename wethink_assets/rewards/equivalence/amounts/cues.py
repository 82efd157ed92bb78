"""Cues of a question for amounts: what it counts, whether it is about money, percentages or temperatures, what it makes of `/` and ordinals.

Each cue is found once for a question and remembered.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from wethink_assets.rewards.equivalence.numbers import UNITS
from wethink_assets.rewards.equivalence.reading import Asked

HOW_MANY = re.compile(r"\b(?:how many|number of|count of)\s+", re.IGNORECASE)
WORD = re.compile(r"[^\s]+")
_PHRASE = re.compile(r"[a-zA-Z]+(?:[ -][a-zA-Z]+)*")
_STEM = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_VERBS = frozenset(
    [
        "are",
        "is",
        "was",
        "were",
        "do",
        "does",
        "did",
        "can",
        "could",
        "have",
        "has",
        "had",
        "will",
        "would",
        "should",
        "there",
        "than",
        "that",
        "which",
        "who",
        "in",
        "on",
        "at",
        "from",
        "with",
        "for",
        "by",
        "to",
        "if",
        "must",
        "may",
        "might",
        "appear",
        "appears",
        "remain",
        "remained",
        "exist",
        "shown",
        "visible",
    ]
)
_FRACTION = re.compile(
    r"\b(?:fraction|proportion|probability|likelihood|chance|odds|what (?:part|share)|as a decimal|ratio)\b"
)
_SHARE = re.compile(r"\b(?:rates?|shares?|proportions?|growth|percentile)\b")
_MATHEMATICAL = re.compile(
    r"\b(?:fractions?|proportion|probability|likelihood|chance|odds|slope|gradient|simplif\w+|value|calculate|compute|solve|solution|evaluate|"
    r"what (?:part|share)|how (?:much|many|far|long|tall|old|wide)|equals?|sum|product|difference|quotient|divided|mean|average|median|ratio|"
    r"sine?|cosine|tan(?:gent)?|length|area|volume|width|height|distance|amount|cups?|inch(?:es)?|integral|limit|derivative|root|factor|"
    r"coefficient|expression|find)\b|[=+*]|\bx\b|\d\s*[/\u00f7-]\s*\d"
)
_SLASH_CODE = re.compile(
    r"\b(?:time signature|dates?|scores?|blood pressure|pages?|vision|visual acuity|grade|track|slide|address|apartment|plate|printed|"
    r"written|text|says?|read|label|rating|rank|station|platform|channel|bus|flight|route|ti?yre|tire|version|expir\w+|birthday|when|what day|"
    r"serial|model|result of the (?:game|match)|sign|meter signature|metre)\b"
)
_TEMPERATURE = re.compile(
    r"\btemperatures?\b|\bthermometers?\b|\bweather\b|\bcelsius\b|\bfahrenheit\b|"
    r"\b(?:melting|boiling|freezing) point|\u00b0[cf]\b|\bhow (?:hot|cold|warm)\b"
)
_MONEY = re.compile(
    r"\b(?:prices?|costs?|pay|pays|paid|payment|fees?|salar(?:y|ies)|wages?|revenues?|income|profits?|budget|spend|spent|spending|expens\w+|"
    r"money|invoice|balance due|tax(?:es)?|tip|bill|charged?|worth|earn(?:s|ed|ings)?|fare|rent|loan|debt|gdp|sales|deposit|refund|subtotal|"
    r"dollars?|euros?|currency)\b"
)
_MONEY_WIDE = re.compile(r"\b(?:how much|amount|total|value|sum|net|gross)\b")
_MASS = re.compile(r"\b(?:weigh\w*|heavy|heavier|mass)\b")
_YEAR = re.compile(
    r"\b(?:years?|when|dates?|decade|century|born|founded|established|built|published|released|since|until)\b"
)
_SCALE = re.compile(
    r"(?:\bin|\bhow many|\(in|\()\s?(?:us |usd |us\$ |\$ ?|\u20ac ?|\u00a3 ?)?(thousand|million|billion|trillion)s?\b"
)
_SCALES = {"thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
ORDINAL_NOUNS = (
    "floor|storey|story|grade|row|column|place|position|rank|level|century|lap|day|week|month|chapter|round|lane|step|line|edition|inning|quarter|period|"
    "seat|stage|lesson|unit|figure|page|item|house|game|season|episode|anniversary|term|month|generation|congress|amendment|street|avenue|hole"
)
_ORDINAL = re.compile(
    rf"\b(?:which|what)(?: is the)? ({ORDINAL_NOUNS})\b|\b(rank|position|place|floor|grade)(?:ed|ing)?\b"
)
_TIMES = re.compile(
    r"\bhow many times\b|\bby what factor\b|\btimes (?:as|larger|greater|more|bigger|higher|longer)\b|\bmagnification\b|\bhow often\b"
)
_POINTS = re.compile(r"\b(?:percentage points?|pp)\b")


@lru_cache(maxsize=4096)
def counted_nouns(asked: Asked) -> frozenset[str] | None:
    """Stems of what a question counts (`How many red circles`: red, circle), None where it counts nothing or things joined by `and` or `or`."""
    many = list(HOW_MANY.finditer(asked.folded))
    if not many:
        return None
    nouns = []
    for word in WORD.findall(asked.folded[many[-1].end() :])[:8]:
        bare = word.strip("?!.,;:()'\"")
        if bare in ("and", "or", "/"):
            return frozenset()
        if bare in _VERBS:
            break
        if bare in ("of", "the", "these", "those", "different"):
            continue
        nouns.append(stem(bare))
        if word[-1] in "?!.,;:":
            break
    return frozenset(nouns)


def stem(word: str) -> str:
    """A noun without the ending of its plural."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return {
        "people": "person",
        "children": "child",
        "men": "man",
        "women": "woman",
        "feet": "foot",
        "mice": "mouse",
        "geese": "goose",
    }.get(word, word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word)


@lru_cache(maxsize=4096)
def stems(asked: Asked) -> frozenset[str]:
    """Stems of all words of a question."""
    return frozenset(stem(word) for word in _STEM.findall(asked.folded))


def asks_count(asked: Asked) -> bool:
    """Whether a question counts."""
    return "how many" in asked.folded or "number of" in asked.folded


def names_percent(asked: Asked) -> bool:
    """Whether a question speaks of percentages."""
    return "percent" in asked.folded or "%" in asked.folded or "per cent" in asked.folded


def names_points(asked: Asked) -> bool:
    """Whether a question asks for percentage points."""
    return _POINTS.search(asked.folded) is not None


@lru_cache(maxsize=4096)
def asks_share(asked: Asked) -> bool:
    """Whether a question is about a share or rate, which may be said in percent."""
    return _SHARE.search(asked.folded) is not None


@lru_cache(maxsize=4096)
def asks_fraction(asked: Asked) -> bool:
    """Whether a question asks for a share of one."""
    return _FRACTION.search(asked.folded) is not None


@lru_cache(maxsize=4096)
def slash_is_code(asked: Asked) -> bool:
    """Whether `3/4` would be no fraction: a date, a score, a time signature, a page."""
    return bool(asked.text) and _SLASH_CODE.search(asked.folded) is not None and not asks_fraction(asked)


@lru_cache(maxsize=4096)
def is_mathematical(asked: Asked) -> bool:
    """Whether a question calculates or measures."""
    return _MATHEMATICAL.search(asked.folded) is not None


@lru_cache(maxsize=4096)
def asks_money(asked: Asked, *, wide: bool = False) -> bool:
    """Whether a question is about money; `wide`: or about an amount that may be money."""
    return _MONEY.search(asked.folded) is not None or (wide and _MONEY_WIDE.search(asked.folded) is not None)


@lru_cache(maxsize=4096)
def asks_temperature(asked: Asked) -> bool:
    """Whether a question is about temperatures."""
    return _TEMPERATURE.search(asked.folded) is not None


@lru_cache(maxsize=4096)
def pounds_are_money(asked: Asked) -> bool:
    """Whether `5 pounds` is an amount of money under this question."""
    return asks_money(asked) and _MASS.search(asked.folded) is None


@lru_cache(maxsize=4096)
def asks_year(asked: Asked) -> bool:
    """Whether a question asks for a year or date."""
    return _YEAR.search(asked.folded) is not None


@lru_cache(maxsize=4096)
def asked_scale(asked: Asked) -> int:
    """The power of ten in which a question counts (`in millions`); 1 where it names none."""
    match = _SCALE.search(asked.folded)
    return _SCALES[match[1]] if match else 1


@lru_cache(maxsize=4096)
def ordinal_nouns(asked: Asked) -> frozenset[str] | None:
    """What a question numbers (`Which floor`), where `3rd` and `3` are one answer; None where it numbers nothing."""
    match = _ORDINAL.search(asked.folded)
    return frozenset(filter(None, match.groups())) if match else None


@lru_cache(maxsize=4096)
def asks_times(asked: Asked) -> bool:
    """Whether a question asks how often, or how many times as much."""
    return _TIMES.search(asked.folded) is not None


_MAY_BE = {
    "K": re.compile(r"\b(?:temperature|kelvin|resolution|resistor|resistance|ohms?|tax id|flight|room|seat|gate|karat|gold|screen|video)\b"),
    "M": re.compile(r"\b(?:size|length|distance|far|long|tall|high|height|deep|depth|wide|width|molar\w*|concentration|solution|memory|"
                    r"storage|disk|file|speed|bandwidth|room|seat|gate|flight|met(?:er|re)s?|bus|route)\b"),
    "B": re.compile(r"\b(?:room|seat|gate|flight|section|row|apartment|class|grade|memory|file|bytes?|"
        r"building|block|unit|parameters?|bus|route|locker|platform)\b"),
}  # fmt: skip


@lru_cache(maxsize=4096)
def may_be_unit(asked: Asked, letter: str) -> bool:
    """Whether K, M or B after a number may be no power of ten under a question: kelvin, a size, a seat."""
    return bool(asked.text) and _MAY_BE[letter].search(asked.folded) is not None


def said_by_question(text: str, asked: Asked) -> bool:
    """Whether some words say only what the question has said."""
    if not asked.text or len(text) > 80 or " or " in asked.folded or not _PHRASE.fullmatch(text):
        return False
    words = text.casefold().replace("-", " ").split()
    return words[0] in ("of", "in", "are", "is", "the") and all(
        word in ("of", "the", "all", "a", "in") or stem(word) in stems(asked) for word in words
    )


def counts_in_order(texts: Sequence[str], asked: Asked) -> list[str]:
    """How many of each several texts say, in the order in which the question names what it counts; empty where they say something else.

    Numbers alone are in that order already; with nouns each noun has to stand in the question.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> asked = asked_of("How many red and how many blue ones are there?")
        >>> counts_in_order(("4", "1"), asked), counts_in_order(("1 blue", "4 red"), asked), counts_in_order(("4 red", "1"), asked)
        (['4', '1'], ['4', '1'], [])
    """
    if not 1 < len(texts) <= _MOST_COUNTED or not ("how many" in asked.folded or "number of" in asked.folded):
        return []
    counts: list[tuple[int, str]] = []
    for place, text in enumerate(texts):
        match = _COUNT.fullmatch(text.casefold())
        if match is None:
            return []
        number = str(UNITS.get(match[1], match[1]))
        noun = match[2] and re.search(rf"\b{re.escape(match[2].removesuffix('s'))}", asked.folded)
        if match[2] and not noun:
            return []
        counts.append((noun.start() if noun else place - len(texts), number))
    places = {place for place, _ in counts}
    if len(places) < len(counts) or min(places) < 0 <= max(places):
        return []
    return [number for _, number in sorted(counts)]


_MOST_COUNTED = 6
_COUNT = re.compile(r"(\d{1,9}|[a-z]{3,9})(?: ((?!or\b|and\b|not\b|no\b)[a-z]{2,20})(?: ones?)?)?")
