"""Ranges: two ends with their unit, or one end that is open (`65+`, `under 18`)."""

import re
from dataclasses import dataclass
from fractions import Fraction

from wethink_assets.rewards.equivalence.amounts.asked_unit import asked_unit, names_unit
from wethink_assets.rewards.equivalence.amounts.units import in_base, unit_of
from wethink_assets.rewards.equivalence.numbers import NUMBER_WORDS, spelled_out
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.types.cues import cues_of
from wethink_assets.rewards.equivalence.types.shapes import shape_of

LONGEST = 80
"""Characters of a range that are read."""
_MONEY = {
    "$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD", "us dollar": "USD", "\u20ac": "EUR", "eur": "EUR", "euro": "EUR",
    "\u00a3": "GBP", "gbp": "GBP",
    "\u00a5": "JPY", "jpy": "JPY", "yen": "JPY", "\u20b9": "INR", "inr": "INR", "rupee": "INR", "rs": "INR",
}  # fmt: skip
_SCALES = {"k": 3, "thousand": 3, "million": 6, "mn": 6, "billion": 9, "bn": 9, "trillion": 12, "M": 6, "K": 3, "B": 9}
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,15} \d{1,3}/\d{1,3}|\d{1,6}/\d{1,6}|\d{1,20}(?:\.\d{1,20})?|\.\d{1,20}"
_CURRENCY = r"US\$|[$\u20ac\u00a3\u00a5\u20b9]|(?:USD|EUR|GBP|INR|JPY|Rs\.?)(?=[ \d])"
_BETWEEN = r"\s?-{1,3}\s?|\s(?:to|through|thru|until|till|up to)\s|\s?(?:~|\.{2,3}|\u2026)\s?"
_LINKS = r"(?!(?:to|through|thru|until|till|up|and)\b)"
_INNER = rf"[ -]?{_LINKS}[^\d\s,;:()=]{{0,20}}?(?: {_LINKS}[a-zA-Z]{{1,12}})?"
_OUTER = r".{0,40}"


def _end(at: int, unit: str) -> str:
    return rf"(?P<sign{at}>-)?\s?(?P<before{at}>{_CURRENCY})?\s?(?P<number{at}>{_NUMBER})(?P<after{at}>{unit})"


_TWO = re.compile(f"{_end(1, _INNER)}(?:{_BETWEEN}){_end(2, _OUTER)}")
_AND = re.compile(f"{_end(1, _INNER)} and {_end(2, _OUTER)}")
_ONE = re.compile(_end(1, _OUTER))
_LEAD = re.compile(r"(?:in |the |within )*(?:ages?|aged|years?|range)? ?:? ?(from |between )?", re.IGNORECASE)
_AGED = re.compile(r"(?:ages?|aged)\b", re.IGNORECASE)
_TAIL = re.compile(r" (?:age )?(?:group|range|bracket|category)$", re.IGNORECASE)
_OPENINGS = (
    (">=", r">=|=>|\\geqslant|at least|no less than|not less than|no fewer than|minimum of"),
    ("<=", r"<=|=<|\\leqslant|at most|no more than|not more than|up to|maximum of"),
    (">", r">|\\gt|over|above|more than|greater than|older than|higher than|exceeding|longer than|larger than"),
    ("<", r"<|\\lt|under|below|less than|fewer than|younger than|lower than|shorter than|smaller than"),
)
_OPENING = re.compile("|".join(f"(?P<s{at}>(?:{words})(?![a-z]))" for at, (_, words) in enumerate(_OPENINGS)))
_MORE = r"(?:over|above|older|up|upwards?|more|higher|greater|longer|larger|beyond|onwards?|later)"
_LESS = r"(?:under|below|younger|less|fewer|lower|shorter|smaller|earlier|before)"
_CLOSINGS = (
    (">=", re.compile(rf"\+ ?((?:[a-z][a-z .]*)?)$|(?: ?plus| (?:and|or|&) {_MORE}| onwards?)$")),
    ("<=", re.compile(rf" (?:and|or|&) {_LESS}$")),
)
_YEARS = re.compile(r"(\d{4})/(\d{2}|\d{4})")
_OPEN = re.compile(
    r"[<>+\u2264\u2265\\]|\b(?:over|under|above|below|than|least|most|to|or|and|plus|onwards?|since|present|now|exceeding|maximum|minimum)\b",
    re.IGNORECASE,
)
_SINCE = re.compile(
    r"(?:since |from )?(\d{4}) ?(?:-|to|until|till) ?(?:the )?(?:present|now|today|date|current)|since (\d{4})"
)
_WORDED = frozenset(
    [
        "between",
        "from",
        "over",
        "under",
        "above",
        "below",
        "more",
        "less",
        "at",
        "up",
        "no",
        "fewer",
        "greater",
        "older",
        "younger",
    ]
)


@dataclass(frozen=True, slots=True)
class Ends:
    """Two ends of a range with the unit of both; an open one has a sign and no second end."""

    sign: str
    low: Fraction
    high: Fraction | None
    unit: str
    other_unit: str = ""

    @property
    def key(self) -> str:
        """The range as a text."""
        low, unit = _converted(self.low, self.unit)
        if self.high is None:
            return f"{self.sign}{low} {unit}".rstrip()
        high, other = _converted(self.high, self.other_unit)
        return f"{low}..{high} {unit}".rstrip() if unit == other else f"{low} {unit}..{high} {other}"


def _converted(value: Fraction, unit: str) -> tuple[Fraction, str]:
    """A value in the base unit of its dimension; months and years are no days."""
    if not unit or unit == "%" or unit.isupper() or unit in ("month", "year", "decade", "century"):
        return (value * 12, "month") if unit == "year" else (value, unit)
    base = in_base(unit) if unit in ("degC", "degF") or unit_of(unit) == unit else None
    return (value * base[0] + base[1], base[2]) if base else (value, unit)


def read_range(written: Written, asked: Asked) -> Reading | None:
    """An answer as a range; a hyphen between two numbers is one of a range unless the question is arithmetic.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> [read_range(Written(text), asked_of(None)).key for text in ("from 35 to 44", "$10-20k", "1990–95", "65 or older")]
        ['35..44', '10000..20000 USD', '1990..1995', '>=65']
    """
    said = written.said
    shape = shape_of(said)
    if said.isalnum() or len(said) > LONGEST or shape.number or not (shape.figures or shape.spoken):
        return None
    if shape.figures == 2 and said.count("frac") == 1:  # one fraction of LaTeX
        return None
    if shape.figures == 1 and not _OPEN.search(said):
        return None
    text = " ".join(written.plain.split()).rstrip(".").rstrip()
    if not shape.figures:
        words = text.casefold().replace("-", " ").split()
        if len(words) < 2 or not (words[0] in _WORDED or words[0] in NUMBER_WORDS) or NUMBER_WORDS.isdisjoint(words):
            return None
        text = " ".join(spelled_out(words))
        if not any(char.isdecimal() for char in text):
            return None
    ends = _ends(text, asked)
    return None if ends is None else Reading("range", ends.key, ends)


def _ends(text: str, asked: Asked) -> Ends | None:
    cues = cues_of(asked)
    aged = cues.aged or _AGED.match(text) is not None
    text = _TAIL.sub("", text)
    lead = _LEAD.match(text)
    introduced = lead[1] if lead else None
    core = text[lead.end() :] if lead else text
    if core[:1] == "-":
        core = core.replace("--", " to -")
    present = _SINCE.fullmatch(text.casefold())
    if present:
        return Ends("since ", Fraction(present[1] or present[2]), None, "")
    seasons = _YEARS.fullmatch(core)
    if seasons and int(seasons[2]) in ((int(seasons[1]) + 1) % 100, int(seasons[1]) + 1):
        return Ends("", Fraction(seasons[1]), Fraction(seasons[1]) + 1, "")
    match = _TWO.fullmatch(core)
    if match is None and ((introduced or "").casefold().strip() == "between" or "between wh" in asked.folded):
        match = _AND.fullmatch(core)
    if match:
        return _closed(match, aged, plain=not introduced and cues.arithmetic)
    return None if introduced else _opened(core, aged)


def _closed(match: re.Match[str], aged: bool, *, plain: bool) -> Ends | None:
    bare = not (match["after1"].strip() or match["after2"].strip() or match["before1"] or match["before2"])
    written = match["number1"], match["number2"]
    if match["after1"] in ("e", "E"):
        return None  # a power of ten
    if bare and " to " not in match[0] and (plain or "/" in "".join(written)):
        return None  # the hyphen may be a minus sign
    low, high = _value(match, 1), _value(match, 2)
    first, second = _unit(match["before1"], match["after1"], aged), _unit(match["before2"], match["after2"], aged)
    if low is None or high is None or first is None or second is None:
        return None
    (unit, scale), (other, other_scale) = first, second
    if match["after1"].strip() in ("", "-") and low < high:
        scale = other_scale
    unit, other = unit or other, other or unit
    if (
        bare
        and written[0].isdecimal()
        and written[1].isdecimal()
        and len(written[0]) == 4
        and len(written[1]) == 2
        and low >= 1000
    ):
        century, year = divmod(int(low), 100)
        if high > year:
            high += century * 100
        elif high == (year + 1) % 100:
            high += (century + 1) * 100
        else:
            return None
    return Ends("", low * 10**scale, high * 10**other_scale, unit, other)


def _opened(text: str, aged: bool) -> Ends | None:
    folded = text.casefold()
    opening = _OPENING.match(folded)
    if opening:
        sign = _OPENINGS[int((opening.lastgroup or "s0")[1:])][0]
        return _single(sign, text[opening.end() :].strip(), aged)
    for sign, pattern in _CLOSINGS:
        match = pattern.search(folded)
        if match:
            rest = f"{text[: match.start()]} {match[1] or ''}" if match.groups() else text[: match.start()]
            return _single(sign, rest.strip(), aged)
    return None


def _single(sign: str, text: str, aged: bool) -> Ends | None:
    match = _ONE.fullmatch(text)
    value = _value(match, 1) if match else None
    if match is None or value is None:
        return None
    unit = _unit(match["before1"], match["after1"], aged)
    return None if unit is None else Ends(sign, value * 10 ** unit[1], None, unit[0])


def _value(match: re.Match[str], end: int) -> Fraction | None:
    number = match[f"number{end}"].replace(",", "")
    whole, _, rest = number.rpartition(" ")
    if "/" in rest and int(rest.partition("/")[2]) == 0:
        return None
    value = Fraction(rest) + int(whole or 0)
    return -value if match[f"sign{end}"] else value


def _unit(before: str | None, after: str, aged: bool) -> tuple[str, int] | None:
    """The unit of an end and the power of ten that its words say; None for what is no unit."""
    money = _MONEY.get((before or "").casefold().rstrip("."), "")
    attached, after = after[:1] not in (" ", "-", ""), after.strip(" -")
    scale = 0
    head, _, tail = after.partition(" ")
    if (head in _SCALES and (attached or len(head) > 1)) or head.casefold() in ("thousand", "million", "billion"):
        scale, after = _SCALES.get(head) or _SCALES[head.casefold()], tail
    after = after.strip()
    if not after:
        return money, scale
    if any(char.isdecimal() for char in after.replace("^2", "").replace("^3", "")) or len(after.split()) > 3:
        return None
    folded = after.casefold().rstrip(".")
    if folded in ("%", "percent", "pct"):
        return "%", scale
    currency = _MONEY.get(folded) or _MONEY.get(folded.rstrip("s"))
    if currency:
        return (currency, scale) if money in ("", currency) else None
    if money:
        return None
    if folded in ("years old", "year olds", "year old", "years of age", "yrs old", "y/o", "yo"):
        return ("" if aged else "year"), scale
    unit = unit_of(after)
    if unit:
        return ("" if aged and unit == "year" else unit), scale
    words = folded.split()
    if not all(word.replace("-", "").replace("'", "").isalpha() for word in words) or not _NO_NOUNS.isdisjoint(words):
        return None
    return " ".join(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words), scale


_NO_NOUNS = frozenset(
    [
        "and",
        "or",
        "not",
        "to",
        "but",
        "x",
        "by",
        "nor",
        "am",
        "pm",
        "a",
        "i",
        "win",
        "loss",
        "draw",
        "victory",
        "defeat",
    ]
)


def same_but_for_unit(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Whether two ranges have the same ends, and the unit that only one says is one that the question names."""
    one, other = gold.reading.value, candidate.reading.value
    if not isinstance(one, Ends) or not isinstance(other, Ends) or one.unit == other.unit:
        return False
    if (one.sign, one.low, one.high) != (other.sign, other.low, other.high) or (one.unit and other.unit):
        return False
    return unit_asked(one.unit or other.unit, asked)


def unit_asked(unit: str, asked: Asked) -> bool:
    """Whether a unit may be left out: it is the one that a question asks for, or a noun that it has."""
    named = asked_unit(asked)
    if named is not None and named.part == 1:
        return unit == named.unit
    if unit == "%" or unit.isupper():
        return False
    return names_unit(asked, unit) or any(word in (unit, f"{unit}s") for word in asked.folded.replace("?", " ").split())


RANGE = AnswerType("range", "math", read_range, same_but_for_unit)
