"""Lists: items by their own types, in order or without, as the question asks.

Without a question order counts, but for a set in braces. Each item is read with the question of the whole.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from wethink_assets.rewards.equivalence.amounts.cues import counts_in_order
from wethink_assets.rewards.equivalence.mathematics.notation import plainly
from wethink_assets.rewards.equivalence.mathematics.wording import apart, boxes, closing
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written

MOST_ITEMS = 30
LONGEST_ITEM = 80
MOST_WORDS = 5
"""Words of an item; what has more is a part of a sentence."""
_SEPARATOR = re.compile(r"[,;\n&/|\u3001\uff0c\u2022\u00b7]|\\\\|\b(?:and|or)\b", re.IGNORECASE)
_ORDER = re.compile(
    r"\b(?:orders?|ordered|sequence|ranked|ranking|rank|sort(?:ed)?|arranged?|ascending|descending|increasing|decreasing|chronological\w*|clockwise|"
    r"counterclockwise|anticlockwise|respectively|coordinates?|ordered pair|vector|steps?|spell(?:ed|ing)?|consecutive\w*|first to last|"
    r"(?:left|right|top|bottom|largest|smallest|highest|lowest|biggest|oldest|youngest|tallest|shortest|most|least|nearest|farthest|earliest|latest|"
    r"lightest|heaviest|front|back|inside|outside|start|beginning) to \w+|how many|how much|each|numerator|length|width|per|versus|vs|compared?|"
    r"say|says|said|read|reads|written|write|text|title|named?|called|address|quote|word|words|sentence|slogan|label(?:ed|led)?)\b",
)
_LISTED = re.compile(
    r"^(?:list|name|give|identify|mention)\b|\bnames? (?:the|of the|all|any|two|three|four|five)\b|\b(?:labels|words|names|titles)\b(?! (?:say|read))"
)
_ANY_ORDER = re.compile(
    r"\b(?:any order|order (?:does|do)(?: not|n't) matter|no (?:particular|specific) order|regardless of (?:the )?order)\b"
)
_COUNTED = re.compile(
    r"\b(?:which|what|name|list|give|identify|find|the|any|mention)\b(?: of)?(?: the| these| those)? "
    r"(?:two|three|four|five|six|seven|eight|nine|ten|\d{1,2}|both|several|different|all)\b"
)
_PAIRED = re.compile(r"\b(?:and|&|versus)\b")
_PLURAL = re.compile(
    r"\b(?:which|what) (?:\w+ ){0,2}?(?:are|were|do|have)\b|\b(?:who|what|which|where) (?:all )?(?:are|were)\b|"
    r"\b(?:list|name|identify|enumerate|mention|give)\b|\b(?:which|what) of (?:these|those|the following|them)\b|"
    r"\b(?:which|what|all|these|those|the) (?:[a-z-]+ ){0,3}?(?!(?:is|was|does|has|this|his|its|us|as|always|yes|class|glass|dress|address|business|"
    r"status|gas|news|bus|series|lens|mass|plus|process|less|axis|basis|focus|radius|across|tennis)\b)[a-z]{2,}s\b|"
    r"\b(?:colou?r|colou?rs|kinds?|types?|factors?|roots?|zeros?|zeroes|solutions?|intercepts?|values?|divisors?|multiples?|members?|items?|people|children|men|women)\b"
)
_OR = re.compile(r"\bor\b", re.IGNORECASE)
_SOLVED = re.compile(r"\b(?:solutions?|solve\w*|roots?|zeros?|zeroes|values? of|intercepts?)\b")
_SOLUTIONS = frozenset({"equation", "expression", "interval", "point"})
_BULLET = re.compile(r"^\s*(?:[-*\u2022\u00b7]|\(?\d{1,2}[.)]|\(?[a-z]\))\s+")
_BULLETS = re.compile(r"\n\s*(?:[-*\u2022\u00b7]|\(?\d{1,2}[.)])\s+|\n+")
_SEMICOLONS = re.compile(r"\s*[;\uff1b]\s*(?:and\b\s*)?")
_COMMAS = re.compile(
    r"\s*(?:[,\u3001\uff0c]\s*(?:(?:and|or)\b|&|\\&)?|\b(?:and|or)\b|\\?&(?=\s)|\\\\)\s*", re.IGNORECASE
)
_ANDS = re.compile(r"\s+(?:and|&)\s+", re.IGNORECASE)
_TIGHT_NUMBER = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER = re.compile(r"[$\u20ac\u00a3+-]?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?%?")
_MATHEMATICS = re.compile(r"(?<!\\)\$([^$]{1,80})(?<!\\)\$(?!\d)")
_SPACED = re.compile(r"[A-Z](?:\s[A-Z])+|-?\d{1,2}(?:\s-?\d{1,2}){2,}")
_DECIMAL_COMMA = re.compile(r"-?\d+,(?:\d{2}|\d{4,})")
_OUTER = {"(": ")", "[": "]", "{": "}", "\\{": "\\}"}
_ASSIGNED = re.compile(r"\s*([A-Za-z](?:_\{?\w+\}?)?|[a-z]\([a-z]\))\s*=\s*(.+)", re.DOTALL)
_ENVIRONMENT = re.compile(
    r"\\begin\{(?:cases|aligned|align\*?|gathered)\}(.*)\\end\{(?:cases|aligned|align\*?|gathered)\}", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Items:
    """A list's items, whether their order counts, and whether they are what one text with ± says."""

    items: tuple[Comparable, ...]
    ordered: bool
    alternatives: bool = False


@lru_cache(maxsize=4096)
def in_order(asked: Asked) -> bool:
    """Whether the order of a list counts: it does not where a question asks for several things of one kind.

    Example:
        >>> from wethink_assets.rewards.equivalence.reading import asked_of
        >>> [in_order(asked_of(question)) for question in ("Which two colours occur?", "What does the sign say?", "How many cats and dogs?", None)]
        [False, True, True, True]
    """
    text = asked.folded
    if not text:
        return True
    if _ANY_ORDER.search(text):
        return False
    if _ORDER.search(text) and not (
        _LISTED.search(text) and not re.search(r"\border|\bfrom \w+ to|\brespectively", text)
    ):
        return True
    if _COUNTED.search(text):
        return False
    return bool(_PAIRED.search(text)) or not _PLURAL.search(text)


def read_list(written: Written, asked: Asked) -> Reading | None:
    """Two items or more, between commas, semicolons, line ends or "and"."""
    said = written.said
    if not written.marked and " and " not in said and " or " not in said:
        spaced = said.split() if said[1:2] == " " or said[2:3] == " " else []
        if not 1 < len(spaced) <= MOST_ITEMS or not _SPACED.fullmatch(said):
            return None
        return _listed(spaced, asked, ordered=in_order(asked))
    if _SEPARATOR.search(said) is None and written.raw.count("\\boxed") < 2:
        return None
    boxed = _boxes(written.raw) if "\\boxed" in written.raw else None
    texts, braced = (boxed, True) if boxed else items_of(said)
    if not texts:
        return None
    reading = _listed(texts, asked, ordered=not braced and in_order(asked))
    return None if reading and _leaves_open(written, reading, asked) else reading


def _leaves_open(written: Written, reading: Reading, asked: Asked) -> bool:
    """Whether an "or" leaves open which of the items it is: `red or blue` are no two colours, as the solutions `x = 1 or x = 2` are two."""
    if _OR.search(written.said) is None or _SOLVED.search(asked.folded) or _MATHEMATICS.search(written.raw):
        return False
    return {item.reading.type for item in reading.value.items}.isdisjoint(_SOLUTIONS)


def _boxes(raw: str) -> tuple[str, ...] | None:
    """What stands in several boxes with nothing of their own between them."""
    inner, around = boxes(raw)
    return tuple(inner) if 1 < len(inner) <= MOST_ITEMS and apart(around) else None


def _listed(texts: Sequence[str], asked: Asked, *, ordered: bool) -> Reading | None:
    from wethink_assets.rewards.equivalence.comparison import read

    items: list[Comparable] = []
    name = ""
    assigned_to = {match[1] if (match := _ASSIGNED.fullmatch(text)) else "" for text in texts}
    for text in texts:
        item = read(text, asked)
        if item is None:
            return None
        assigned = _ASSIGNED.fullmatch(text)
        if name and not assigned and "=" not in text and item.reading.type in ("number", "expression"):
            item = read(f"{name} = {text}", asked) or item  # n = 1, 2, 3
        elif assigned:
            name = assigned[1]
        if isinstance(item.reading.value, Items) and item.reading.value.alternatives:
            items.extend(item.reading.value.items)
            continue
        items.append(item)
    kinds = {item.reading.type for item in items}
    one_name = (
        len(assigned_to) == 1 and "" not in assigned_to
    )  # x = 1 or x = 2, which a question that asks for x makes numbers of
    if (
        one_name
        or kinds == {"equation"}
        or (kinds <= {"point", "equation", "interval"} and len({_name_of(item) for item in items}) == 1)
    ):
        ordered = False  # solutions, each of which counts once
        items = list({(item.reading.type, item.reading.key): item for item in items}.values())
    return list_reading(items, ordered=ordered)


def _name_of(item: Comparable) -> str:
    return getattr(item.reading.value, "name", "")


def list_reading(items: Sequence[Comparable], *, ordered: bool) -> Reading:
    """The reading of a list of items that are read already."""
    keys = [[item.reading.type, item.reading.key] for item in items]
    return Reading(
        "list",
        f"{'in' if ordered else 'any'} order {json.dumps(keys if ordered else sorted(keys))}",
        Items(tuple(items), ordered),
    )


def alternatives_of(items: Sequence[Comparable]) -> Reading:
    """The reading of what ± says: two values in any order."""
    reading = list_reading(items, ordered=False)
    return Reading("list", reading.key, Items(tuple(items), False, True))


@lru_cache(maxsize=8192)
def items_of(said: str) -> tuple[tuple[str, ...], bool]:
    """The items of a text, none where it is no list, and whether it is a set in braces.

    Example:
        >>> items_of("red, green and blue"), items_of("1,200"), items_of("{1, 2}")
        ((('red', 'green', 'blue'), False), ((), False), (('1', '2'), True))
    """
    text = _MATHEMATICS.sub(r"\1", plainly(said)) if "\\" in said or "$" in said or "{" in said else said
    text = text.strip().rstrip(".;").strip()
    environment = _ENVIRONMENT.fullmatch(text)
    if environment:
        text = environment[1].replace("&", " ")
    braced = False
    for opening, ending in _OUTER.items():
        if text.startswith(opening) and text.endswith(ending) and closing(text, len(opening) - 1) == len(text) - 1:
            if opening == "(":
                return (), False
            text, braced = text[len(opening) : -len(ending)].strip(), "{" in opening
            break
    if not text or _NUMBER.fullmatch(text):
        return (), False
    parts = _parts(text)
    items = tuple(_BULLET.sub("", part).strip().strip("'\"\u201c\u201d").strip() for part in parts)
    if not 1 < len(items) <= MOST_ITEMS or not all(items):
        return (), False
    if any(
        len(item) > LONGEST_ITEM or (len(item.split()) > MOST_WORDS and "\\" not in item and "=" not in item)
        for item in items
    ):
        return (), False
    return items, braced


def _parts(text: str) -> list[str]:
    if "\n" in text:
        return [part for part in (part.strip().rstrip(",;") for part in _BULLETS.split("\n" + text)) if part]
    if ";" in text or "\uff1b" in text:
        parts = _split(text, _SEMICOLONS)
        if len(parts) > 1:
            return parts
    last = max(text.rfind(","), text.rfind("\u3001"))
    conjunction = list(_ANDS.finditer(text))
    if (
        len(conjunction) == 1
        and last > conjunction[0].end()
        and text.count(",") == 2
        and "=" not in text
        and not text[last + 1 :].strip()[:1].isdigit()
    ):
        return _split(text, _ANDS)  # Paris, France and Rome, Italy
    if " / " in text and "," not in text and not any(char.isdigit() for char in text):
        return [part.strip() for part in text.split(" / ")]
    return _split(_TIGHT_NUMBER.sub("\x00", text) if ", " in text or _ANDS.search(text) else text, _COMMAS)


def _split(text: str, separator: re.Pattern[str]) -> list[str]:
    """Parts between separators that stand outside of all brackets."""
    parts, start, depth, scanned = [], 0, 0, 0
    for match in separator.finditer(text):
        for char in text[scanned : match.start()]:
            depth += (char in "([{") - (char in ")]}")
        scanned = match.start()
        if depth == 0:
            parts.append(text[start : match.start()])
            start = match.end()
    parts.append(text[start:])
    return [part.replace("\x00", ",").strip() for part in parts if part.strip()]


def alike_lists(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Each item right beside one of the true list, in its place where order counts; the same words without commas."""
    true, given = gold.reading.value, candidate.reading.value
    if not isinstance(true, Items):
        return False
    if candidate.reading.type == "number" and _DECIMAL_COMMA.fullmatch(gold.written.said):
        return _beside(gold.written.said.replace(",", "."), candidate, asked, allowed)
    if isinstance(given, Items):
        if _matched(true.items, given.items, true.ordered and given.ordered, asked, allowed):
            return True
        counts, others = (counts_in_order(_texts(items), asked) for items in (true.items, given.items))
        return bool(counts) and counts == others
    if candidate.reading.type == "text":
        return all(item.reading.type == "text" for item in true.items) and _words(gold.written.folded) == _words(
            candidate.written.folded
        )
    coordinates = getattr(given, "coordinates", None)
    if coordinates is not None and gold.written.said[:1] not in ("[", "{", "\\"):
        values = [getattr(item.reading.value, "rest", "") or item.written.said for item in true.items]
        return _beside(f"({', '.join(values)})", candidate, asked, allowed)
    return False


def _texts(items: Sequence[Comparable]) -> tuple[str, ...]:
    return tuple(item.written.said for item in items)


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,;&/]+", text) if word and word != "and"]


def _matched(
    true: Sequence[Comparable], given: Sequence[Comparable], ordered: bool, asked: Asked, allowed: Allowed
) -> bool:
    if len(true) != len(given):
        return False
    if ordered:
        return all(_alike(one, other, asked, allowed) for one, other in zip(true, given, strict=True))
    left = list(given)
    for item in true:
        match = next((at for at, other in enumerate(left) if _equal(item, other)), None)
        if match is None:
            match = next((at for at, other in enumerate(left) if _alike(item, other, asked, allowed)), None)
        if match is None:
            return False
        del left[match]
    return True


def _equal(one: Comparable, other: Comparable) -> bool:
    return (one.reading.type, one.reading.key) == (other.reading.type, other.reading.key)


def _alike(one: Comparable, other: Comparable, asked: Asked, allowed: Allowed) -> bool:
    from wethink_assets.rewards.equivalence.comparison import right

    return right(one, other, asked, Allowed((), allowed.tolerance, allowed.edit_distance))


def _beside(gold: str, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    from wethink_assets.rewards.equivalence.comparison import read

    true = read(gold, asked)
    return true is not None and _alike(true, candidate, asked, allowed)


LIST = AnswerType("list", "math", read_list, alike_lists)
