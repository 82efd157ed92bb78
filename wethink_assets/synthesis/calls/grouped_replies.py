"""Grouped replies: one JSON reply with an entry for each of several things that were asked at once, each entry taken or refused by itself.

A grouped reply is `{"questions": [{"number": 1, ...}, {"number": 2, ...}]}`; the reply model names the list. What is wrong with one entry (it
lacks, is there twice with different contents, is no JSON, has the wrong shape) costs that entry alone. A reply that was cut off has the entries
that are whole.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any, Generic, TypeVar

from wethink_assets.models.chat import CallFailed
from wethink_assets.synthesis.calls.collector import Rejected
from wethink_assets.synthesis.calls.replies import DECODER, MalformedReply, as_model, final_text, first_object
from wethink_assets.synthesis.calls.reply_schemas import JsonReply, json_schema

R = TypeVar("R", bound=JsonReply)
LISTS_TRIED = 4
SPARE_ENTRIES = 40  # entries of a list, above those asked for, that are looked at
NUMBER = "number"
_NUMBER = re.compile(r"[^\d.+-]*(\d{1,4})\.?[^\d]*")
_LIST = re.compile(r"\[\s*(?=\{)")
_NEXT = re.compile(r"\}\s*,\s*(?=\{)")
_SPACE = re.compile(r"[\s,]*")


@dataclass(slots=True)
class Entry(Generic[R]):
    """What became of one of the things asked for: its value, or why there is none; and the keys of the calls that asked for it."""

    value: R | None = None
    fate: Rejected | CallFailed | None = None
    keys: list[str] = field(default_factory=list)

    def taken(self) -> R:
        """The value. Raises `Rejected` or `CallFailed` where there is none."""
        if self.value is None:
            raise self.fate or Rejected("malformed_reply", "never asked for")
        return self.value


@cache
def grouped_schema(model: type[JsonReply], count: int) -> dict[str, Any]:
    """JSON schema of a reply with `count` numbered entries."""
    entry = json_schema(model)
    numbered = {NUMBER: {"type": "integer", "minimum": 1, "maximum": count}, **entry["properties"]}
    items = {**entry, "properties": numbered, "required": list(numbered)}
    entries = {"type": "array", "minItems": count, "maxItems": count, "items": items}
    return {
        "type": "object",
        "properties": {model.listed: entries},
        "required": [model.listed],
        "additionalProperties": False,
    }


def grouped_entries(
    reply: str, model: type[R], count: int, check: Callable[[R], None] | None = None
) -> list[R | MalformedReply]:
    """The entries of a grouped reply in the order of their numbers, each a value or what is wrong with it.

    Entries without any number count by their position, where there are as many as were asked for; numbers beyond those asked for do not.

    Args:
        reply: whatever the model said.
        model: of one entry.
        count: entries that were asked for.
        check: raises `MalformedReply` for an entry that must not be used.

    Raises `MalformedReply` when there is no list at all (codes of `final_text`, `not_json`).

    >>> text = '{"screenings": [{"number": 2, "answerable": true, "verifiable": true, "reason": "shown"}, {"number": 1, "answera'
    >>> first, second = grouped_entries(text, Screening, 2)
    >>> first.code, second.reason
    ('lacks_entry', 'shown')
    """
    raw = _numbered(_elements(final_text(reply), model.listed, count), count)
    return [_entry(raw.get(number, []), number, model, check) for number in range(1, count + 1)]


def _entry(
    given: list[Mapping[str, Any]], number: int, model: type[R], check: Callable[[R], None] | None
) -> R | MalformedReply:
    if not given:
        return MalformedReply("lacks_entry", f"no entry {number}")
    if any(each != given[0] for each in given):
        return MalformedReply("repeated_entry", f"{len(given)} different entries {number}")
    try:
        value = as_model(given[0], model)
        if check is not None:
            check(value)
    except MalformedReply as fault:
        return MalformedReply(fault.code, f"entry {number}: {fault.detail}")
    return value


def _numbered(elements: list[Any], count: int) -> dict[int, list[Mapping[str, Any]]]:
    """Contents of the entries by number."""
    entries = [each for each in elements if isinstance(each, dict)]
    if entries and len(elements) == count and not any(NUMBER in each for each in entries):
        return {place: [each] for place, each in enumerate(elements, 1) if isinstance(each, dict)}
    by_number: dict[int, list[Mapping[str, Any]]] = {}
    for each in entries:
        content = {name: value for name, value in each.items() if name != NUMBER}
        by_number.setdefault(_number_of(each.get(NUMBER)), []).append(content)
    return by_number


def _number_of(value: Any) -> int:
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value.strip())
        return int(match[1]) if match else 0
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 10_000 and value == int(value):
        return int(value)
    return 0


def _elements(text: str, name: str, count: int) -> list[Any]:
    """Elements of the list of that name, else of the first list of objects; None stands for one that cannot be read."""
    named = re.compile(rf"{json.dumps(re.escape(name))}\s*:\s*\[")
    for pattern in (named, _LIST):
        for match in islice(pattern.finditer(text), LISTS_TRIED):
            elements = _read_list(text, match.end(), count + SPARE_ENTRIES)
            if any(isinstance(each, dict) for each in elements):
                return elements
    whole = first_object(text)
    if count == 1 and name not in whole:
        return [whole]
    raise MalformedReply("not_json", f"no list {name!r} in {text[:80]!r}")


def _read_list(text: str, start: int, most: int) -> list[Any]:
    elements: list[Any] = []
    while len(elements) < most:
        start = _SPACE.match(text, start).end()  # type: ignore[union-attr]  # it matches nothing, too
        if start >= len(text) or text[start] == "]":
            break
        try:
            value, start = DECODER.raw_decode(text, start)
        except (ValueError, RecursionError, MalformedReply):
            value, following = None, _NEXT.search(text, start)
            start = following.end() if following else len(text)
        elements.append(value)
    return elements
