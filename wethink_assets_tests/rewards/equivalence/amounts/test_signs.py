"""One sign for each thing, before a text is read as an amount."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.amounts.signs import prepared


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("14{,}916", "14,916"),
        (r"10,\!000", "10,000"),
        (r"2\,\text{cm}^2", "2 cm^2"),
        (r"5\text{ cm}", "5 cm"),
        (r"90^{\circ}", "90\u00b0"),
        ("90\u00ba", "90\u00b0"),
        (r"20\%", "20%"),
        (r"\$5", "$5"),
        ("\u22125", "-5"),
        ("2\u00bd", "2 1/2"),
        ("10\u2074", "10^4"),
        ("3\u00d710\u207b\u00b2", "3*10^-2"),
        ("~5", "~5"),
        ("5~m", "5 m"),
    ],
)
def test_signs(text: str, plain: str) -> None:
    assert prepared(text) == plain


@given(st.text(alphabet=st.characters(max_codepoint=127, exclude_characters="\\{}~"), max_size=50))
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert prepared(text) == text.strip()
