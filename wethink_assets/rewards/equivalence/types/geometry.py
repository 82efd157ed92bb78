"""Points and intervals: numbers in brackets, which the question or the brackets themselves tell apart."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache

from wethink_assets.rewards.equivalence.mathematics.cues import asks_for_interval, asks_for_point, names
from wethink_assets.rewards.equivalence.mathematics.notation import (
    LONGEST,
    Token,
    Unreadable,
    enclosed,
    plainly,
    split_at,
    tokens_of,
)
from wethink_assets.rewards.equivalence.mathematics.regions import (
    ALL,
    End,
    Interval,
    Region,
    key_of,
    region_of,
    solutions,
)
from wethink_assets.rewards.equivalence.mathematics.sameness import alike_values
from wethink_assets.rewards.equivalence.mathematics.terms import term_of
from wethink_assets.rewards.equivalence.mathematics.values import Value, value_of
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written

_BRACKET = re.compile(r"[(\[<{\]\u27e8\uff08]|\\l(?:eft|angle|brace|brack)(?![a-z])")
_LABEL = re.compile(
    r"(?:(?:the\s+)?(?:point|vertex|coordinates?(?: of)?)\s+)?(?:(?P<name>[A-Z]'{0,2})|(?P<letters>\(?\s*[a-z](?:\s*,\s*[a-z])+\s*\)?))?\s*"
    r"(?P<equal>[=:])?\s*"
    r"(?=\(|\\left\s*\(|\\langle|\\left\s*\\langle|<|\uff08|\u27e8)",
    re.IGNORECASE,
)
_BUILDER = re.compile(
    r"\\?(?:left)?\\?\{\s*[a-zA-Z]\s*(?:(?:\\in|\u2208)\s*(?:\\mathbb\s*\{?R\}?|\u211d)\s*)?(?:\||:|\\mid|\\colon)\s*(.{1,200}?)\s*(?:\\right)?\\?\}"
)
_WORDS = {"all real numbers": ALL, "all reals": ALL, "the set of all real numbers": ALL, "all real values": ALL}
_REGION_SIGN = re.compile(
    r"[\u221e<>\u2264\u2265\u2260\u2208\u222a\u211d]|\\(?:infty|cup|leq?|geq?|in|lt|gt|neq?|mathbb)(?![a-zA-Z])|\binfinity\b|\bU\b|oo\b"
)


@dataclass(frozen=True, slots=True)
class Point:
    """Coordinates, with the name of the point or the letters before them (empty: none)."""

    label: str
    coordinates: tuple[Value, ...]


def read_point(written: Written, asked: Asked) -> Reading | None:
    """Coordinates in round or angled brackets; two of them are an interval instead where the question asks for one."""
    said = written.said
    if not written.marked or _BRACKET.search(said) is None:
        return None
    point = point_of(said)
    if point is None or (len(point.coordinates) == 2 and not point.label and asks_for_interval(asked)):
        return None
    label = point.label if point.label and not (asked.text and names(asked, point.label)) else ""
    return Reading("point", json.dumps([label, *(value.key for value in point.coordinates)]), point)


@lru_cache(maxsize=8192)
def point_of(said: str) -> Point | None:
    """The coordinates in brackets that a text is."""
    said = plainly(said).strip()
    match = _LABEL.match(said)
    if match is None or len(said) > LONGEST:
        return None
    letters = re.sub(r"[\s()]", "", match["letters"] or "")
    if letters and not match["equal"]:
        return None
    if letters == ",".join(sorted(letters.split(","))):
        letters = ""  # (x, y) = (1, 2) says the order that is meant anyhow
    try:
        tokens = _without_less(tokens_of(said[match.end() :].rstrip(" .")))
        if not enclosed(tokens) or tokens[0].text not in ("(", "<") or tokens[-1].text not in (")", ">"):
            return None
        parts = split_at(tokens[1:-1], "comma")
        if not 2 <= len(parts) <= 12:
            return None
        return Point(match["name"] or letters, tuple(value_of(term_of(part)) for part in parts))
    except Unreadable:
        return None


def _without_less(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Tokens with `<1, 2>` as in brackets."""
    if len(tokens) > 2 and tokens[0] == Token("relation", "<") and tokens[-1] == Token("relation", ">"):
        return (Token("open", "<"), *tokens[1:-1], Token("close", ">"))
    return tokens


def alike_points(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Coordinates that round the true ones, a name left out or added; without brackets too where coordinates are asked for."""
    true: Point = gold.reading.value
    given = candidate.reading.value
    if isinstance(given, Point):
        if true.label and given.label and true.label != given.label:
            return False
        return _alike_all(true.coordinates, given.coordinates, allowed)
    if candidate.reading.type in ("interval", "equation") and isinstance(given, tuple) and not asked.text:
        region = given[1]
        return len(true.coordinates) == 2 and alike_regions(opened(true), region, allowed)
    if (
        candidate.reading.type == "list"
        and (asks_for_point(asked) or "=" in candidate.written.said)
        and candidate.written.said[:1] not in ("[", "{", "\\")
    ):
        point = point_of(f"({candidate.written.said})") or point_of(
            re.sub(r"[a-z]\s*=", "", f"({candidate.written.said})")
        )
        return point is not None and _alike_all(true.coordinates, point.coordinates, allowed)
    return False


def opened(point: Point) -> Region:
    """The open interval that two coordinates would be."""
    low, high = point.coordinates
    return (Interval(End(low, False), End(high, False)),)


def _alike_all(true: tuple[Value, ...], given: tuple[Value, ...], allowed: Allowed) -> bool:
    if len(true) != len(given):
        return False
    return all(alike_values(one, other, allowed.tolerance) for one, other in zip(true, given, strict=True))


POINT = AnswerType("point", "math", read_point, alike_points)


def read_interval(written: Written, asked: Asked) -> Reading | None:
    """An interval, or a union of them; an inequality in one letter where an interval is asked for."""
    said = written.said
    if not written.marked or (_BRACKET.search(said) is None and _REGION_SIGN.search(said) is None):
        region = (
            _WORDS.get(written.folded)
            if asked.text and said[:1] in "atAT" and "real" in said and asks_for_interval(asked)
            else None
        )
        return None if region is None else Reading("interval", key_of(region), ("", region))
    named = _region(without_builder(said), bool(asked.text) and not asks_for_interval(asked), asks_for_interval(asked))
    return None if named is None else Reading("interval", key_of(named[1]), named)


def without_builder(said: str) -> str:
    """A set as its condition alone: `{x | x > 3}` as `x > 3`; any other text as it is."""
    match = _BUILDER.fullmatch(said) if said[:1] in "{\\" else None
    return said if match is None else match[1]


@lru_cache(maxsize=8192)
def _region(said: str, otherwise: bool, wanted: bool) -> tuple[str, Region] | None:
    """The region that a text says, with the letter that lies in it.

    otherwise: the question is known and asks for no interval, so that `[1, 2]` is a list. wanted: it asks for one, so that inequalities are read.
    """
    try:
        tokens = tokens_of(said.rstrip(" ."))
    except Unreadable:
        return None
    try:
        region = region_of(tokens)
        plain = len(tokens) > 1 and tokens[0].text in ("(", "[", "{", "\\{") and enclosed(tokens)
        if plain and tokens[0].text in ("{", "\\{"):
            return None  # a set of single values is a list
        bounded = plain and (tokens[0].text, tokens[-1].text) in (("[", "]"), ("(", ")")) and not _unbounded(region)
        if bounded and (otherwise or (tokens[0].text == "(" and not wanted)):
            return None
        if len(tokens) == 1 and not wanted:
            return None
        return "", region
    except Unreadable:
        pass
    if not wanted:
        return None
    try:
        return solutions(tokens)
    except Unreadable:
        return None


def _unbounded(region: Region) -> bool:
    return any(end.value is None for interval in region for end in (interval.low, interval.high))


def alike_intervals(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Ends that round the true ones; an inequality that says the same; `(0, 3)` that was read as a point."""
    region: Region = gold.reading.value[1]
    given = candidate.reading.value
    if isinstance(given, Point):
        return len(given.coordinates) == 2 and not given.label and alike_regions(region, opened(given), allowed)
    if isinstance(given, tuple) and candidate.reading.type in ("interval", "equation"):
        return alike_regions(region, given[1], allowed)
    return False


def alike_regions(true: Region, given: Region, allowed: Allowed) -> bool:
    """Whether regions have the same ends, of which those of the second may be rounded."""
    if len(true) != len(given):
        return False
    for one, other in zip(true, given, strict=True):
        for end, given_end in ((one.low, other.low), (one.high, other.high)):
            if end.closed != given_end.closed or end.infinite != given_end.infinite:
                return False
            if end.value is None or given_end.value is None:
                if end.value is not given_end.value:
                    return False
            elif not alike_values(end.value, given_end.value, allowed.tolerance):
                return False
    return True


INTERVAL = AnswerType("interval", "math", read_interval, alike_intervals)
