"""Characters in one form: what is the same becomes the same, and digits keep their height."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.writing.characters import composed, unaccented


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("5 m\u00b2", "5 m^2"), ("\u33a1", "m^2"), ("10\u207b\u00b3", "10^-3"), ("H\u2082SO\u2084", "H2SO4"), ("10\u2082", "10_2"),
        ("\u00bd", "1/2"),
        ("2\u00bd", "2 1/2"), ("2\u2460", "2(1)"), ("90\u00ba", "90\u00b0"), ("\u2116 1", "No 1"), ("iPhone\u2122", "iPhone"), ("\ufb01sh", "fish"),
        ("\uff15", "5"), ("re\u00add", "red"), ("Fe\u00b3\u207a", "Fe^3+"),
    ],
)  # fmt: skip
def test_characters_of_several_forms(text: str, form: str) -> None:
    assert composed(text) == form


@given(st.text(max_size=40))
def test_forms_are_composed_and_of_one_kind(text: str) -> None:
    form = composed(text)
    assert unicodedata.is_normalized("NFC", form)
    assert composed(unicodedata.normalize("NFD", text)) == composed(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("text", "form"),
    [("\u00e9t\u00e9", "ete"), ("Stra\u00dfe", "Strasse"), ("\u0141\u00f3d\u017a", "Lodz"), ("\u0439", "\u0439"), ("\u304c", "\u304c"),
    ("b\u1ecf", "b\u1ecf")],
)  # fmt: skip
def test_accents_of_latin_letters_only(text: str, form: str) -> None:
    assert unaccented(text) == form
