"""Grouped replies: whatever a model says, each entry is taken or refused by itself."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.synthesis.calls.grouped_replies import grouped_entries, grouped_schema
from wethink_assets.synthesis.calls.replies import MalformedReply
from wethink_assets.synthesis.calls.reply_schemas import Detail, Question, Screening

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)
ENTRY = st.fixed_dictionaries({"answerable": st.booleans(), "verifiable": st.booleans(), "reason": WORDS})


def entry(number: Any, reason: str = "shown") -> dict[str, Any]:
    return {"number": number, "answerable": True, "verifiable": True, "reason": reason}


def reply(*entries: Any) -> str:
    return json.dumps({"screenings": entries})


def outcome(text: str, count: int) -> list[str]:
    """Reason of each entry that is taken, else the code of what is wrong with it."""
    return [
        each.code if isinstance(each, MalformedReply) else each.reason
        for each in grouped_entries(text, Screening, count)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (reply(entry(1, "a"), entry(2, "b"), entry(3, "c")), ["a", "b", "c"]),
        (reply(entry(3, "c"), entry(1, "a"), entry(2, "b")), ["a", "b", "c"]),
        (reply(entry("1", "a"), entry("Question 2", "b"), entry(3.0, "c")), ["a", "b", "c"]),
        (reply(entry(1, "a"), entry(3, "c")), ["a", "lacks_entry", "c"]),
        (reply(entry(1, "a"), entry(2, "b"), entry(2, "other"), entry(3, "c")), ["a", "repeated_entry", "c"]),
        (reply(entry(1, "a"), entry(2, "b"), entry(2, "b"), entry(3, "c")), ["a", "b", "c"]),
        (reply(entry(1, "a"), {"number": 2, "answerable": "yes"}, entry(3, "c")), ["a", "wrong_shape", "c"]),
        (reply(entry(1, "a"), "no", None, entry(2, "b"), entry(3, "c"), entry(4, "d"), entry(0, "e")), ["a", "b", "c"]),
        (reply(entry(1, "a"), entry(2, "b"), entry(True, "c")), ["a", "b", "lacks_entry"]),
        (reply(*({"answerable": True, "verifiable": True, "reason": r} for r in "abc")), ["a", "b", "c"]),
        (reply(*({"answerable": True, "verifiable": True, "reason": r} for r in "ab")), ["lacks_entry"] * 3),
        (f"<think>two [1] {{}}</think>Here they are:\n```json\n{reply(entry(1, 'a'), entry(2, 'b'), entry(3, 'c'))}\n```", ["a", "b", "c"]),
        (json.dumps([entry(1, "a"), entry(2, "b"), entry(3, "c")]), ["a", "b", "c"]),
        (reply(entry(1, "a"), entry(2, "b")).replace('"b"', '"b" oops') + ", ", ["a", "lacks_entry", "lacks_entry"]),
        (reply(entry(1, "a"), entry(2, "b"), entry(3, "c")).replace('"b"', 'b"'), ["a", "lacks_entry", "c"]),
        (reply(entry(1, "a"), entry(2, "b"), entry(3, "c"))[:-20], ["a", "b", "lacks_entry"]),
    ],
)  # fmt: skip
def test_a_fault_costs_its_own_entry(text: str, expected: list[str]) -> None:
    assert outcome(text, 3) == expected


@pytest.mark.parametrize(
    "text", ["I cannot do that.", "{}", '{"screenings": []}', '{"screenings": "none"}', "[1, 2, 3]"]
)
def test_a_reply_without_entries_is_malformed_as_a_whole(text: str) -> None:
    with pytest.raises(MalformedReply):
        grouped_entries(text, Screening, 2)


def test_one_entry_may_stand_alone() -> None:
    assert outcome(json.dumps({"answerable": True, "verifiable": True, "reason": "shown"}), 1) == ["shown"]


@given(st.lists(ENTRY, min_size=1, max_size=6), st.data())
@settings(max_examples=25, deadline=None)
def test_entries_are_told_by_their_numbers(entries: list[dict[str, Any]], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(entries))))
    lacking = data.draw(st.sets(st.sampled_from(range(len(entries))), max_size=len(entries) - 1))
    given_entries = [{"number": place + 1, **entries[place]} for place in order if place not in lacking]
    found = grouped_entries(reply(*given_entries), Screening, len(entries))
    for place, value in enumerate(found):
        if place in lacking:
            assert isinstance(value, MalformedReply) and value.code == "lacks_entry"
        else:
            assert isinstance(value, Screening) and value.answerable == entries[place]["answerable"]


@given(st.lists(ENTRY, min_size=1, max_size=4), st.data())
@settings(max_examples=25, deadline=None)
def test_what_is_whole_of_a_reply_that_was_cut_off_counts(entries: list[dict[str, Any]], data: st.DataObject) -> None:
    text = reply(*({"number": place, **each} for place, each in enumerate(entries, 1)))
    cut = text[: data.draw(st.integers(0, len(text)))]
    whole = grouped_entries(text, Screening, len(entries))
    try:
        found = grouped_entries(cut, Screening, len(entries))
    except MalformedReply:
        return
    for before, after in zip(whole, found, strict=True):
        assert after == before or (isinstance(after, MalformedReply) and after.code == "lacks_entry")


@given(st.one_of(st.text(max_size=200), st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["number", "screenings", "reason", "answerable"]), inner),
).map(json.dumps)), st.integers(1, 5))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_hostile_replies_raise_nothing_else(text: str, count: int) -> None:
    for shape in (text, f'{{"screenings": {text}}}', f'{{"screenings": [{text}, {text}'):
        try:
            found = grouped_entries(shape, Screening, count)
        except MalformedReply:
            continue
        assert len(found) == count
        assert all(isinstance(each, Screening | MalformedReply) for each in found)


def test_a_schema_asks_for_numbered_entries() -> None:
    for model in (Question, Screening, Detail):
        schema = grouped_schema(model, 4)
        entries = schema["properties"][model.listed]
        assert entries["minItems"] == entries["maxItems"] == 4
        assert entries["items"]["required"] == ["number", *model.model_fields]
        assert schema["required"] == [model.listed] and not schema["additionalProperties"]
        assert "$ref" not in json.dumps(schema)
