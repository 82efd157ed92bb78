"""Identities are fixed: what changes one breaks every store, so values are pinned here."""

import re
import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.identity import canonical_json, data_version, normalised_text, row_id, slot_id, split_of

IMAGE = "0" * 64


def test_identities_are_pinned() -> None:
    assert row_id(IMAGE, "MC", "Which  one is RED?", ["a", "b"]) == "7724462fc19b98178e450689ca37d100"
    assert slot_id(IMAGE, "FIB", 1) == f"{IMAGE}:FIB:1"
    assert (
        data_version(pl.DataFrame({"a": [1, 2]})) == "a52ffa42ef0c94c0b64f571d252e31e345dd0c0c96f09f37a9327ad83dcc019b"
    )


def test_a_row_is_its_image_kind_question_and_ordered_options() -> None:
    base = row_id(IMAGE, "MC", "Which one?", ["a", "b"])
    assert row_id(IMAGE, "MC", "  which ONE ", ["a", "b"]) == base
    others = [
        row_id(IMAGE, "MC", "Which one?", ["b", "a"]),
        row_id(IMAGE, "FIB", "Which one?", ["a", "b"]),
        row_id("1" * 64, "MC", "Which one?", ["a", "b"]),
        row_id(IMAGE, "MC", "Which two?", ["a", "b"]),
    ]
    assert len({base, *others}) == 5


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalised_text(normalised_text(text)) == normalised_text(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_text_is_normalised_as_any_other(text: str) -> None:
    folded = unicodedata.normalize("NFKC", text).casefold()
    assert normalised_text(text) == re.sub(r"\s+", " ", folded).strip(" .?!,;:")


RAISED = {"3²x": "32x", "10⁴": "104", "x⁻¹": "x-1", "log₂8": "log28", "2½": "21⁄2", "1²³": "123", "5 ㎡": "5 m2"}


@pytest.mark.parametrize(("raised", "flat"), RAISED.items())
def test_what_is_raised_or_lowered_is_not_what_stands_on_the_line(raised: str, flat: str) -> None:
    one, other = f"What is {raised}?", f"What is {flat}?"
    assert normalised_text(one) != normalised_text(other)
    assert row_id(IMAGE, "FIB", one, []) != row_id(IMAGE, "FIB", other, [])


def test_compatible_signs_are_the_same() -> None:
    assert normalised_text("５ ㎡ of ﬁne ＣＯ₂") == normalised_text("5 m² of fine CO2")


@given(st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.none(), st.lists(st.booleans()))))
def test_canonical_json_does_not_depend_on_order(value: dict[str, object]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


def test_lone_surrogates_have_an_identity_too() -> None:
    assert canonical_json("\ud800") == b'"\\ud800"'


def test_splits_are_stable_and_near_their_share() -> None:
    splits = [split_of(f"{n:064x}") for n in range(4000)]
    assert splits == [split_of(f"{n:064x}") for n in range(4000)]
    assert 0.03 < splits.count("validation") / 4000 < 0.07


def test_data_version_sees_order_columns_and_values() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    same = data_version(frame)
    assert data_version(frame.clone()) == same
    assert data_version(frame.reverse()) != same
    assert data_version(frame.rename({"a": "c"})) != same
    assert data_version(frame.with_columns(b=pl.lit("x"))) != same
