"""Ranges: their forms, open ends, and that no hyphen is calculated."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient, strict
from wethink_assets_tests.support.answer_readings import kind_and_key

FORMS = ["{}-{}", "{}\u2013{}", "{} - {}", "{} \u2014 {}", "{} to {}", "from {} to {}", "between {} and {}", "{}--{}"]
UNITS = ["{}-{} cm", "{} cm to {} cm", "{}\u2013{}cm", "between {} and {} cm"]
ENDS = st.tuples(st.integers(1, 899), st.integers(1, 99)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@settings(deadline=None)
@given(ENDS, ENDS, st.sampled_from(FORMS), st.sampled_from(FORMS))
def test_two_forms_are_equal_exactly_if_their_ends_are(
    one: tuple[int, int], other: tuple[int, int], form: str, second: str
) -> None:
    question = "Which age group is the largest?"
    same = one == other
    assert (strict(form.format(*one), second.format(*other), question) is not None) == same
    assert (lenient(form.format(*one), second.format(*other), question) is not None) == same


@settings(deadline=None)
@given(ENDS, st.sampled_from(FORMS), st.sampled_from(UNITS))
def test_a_unit_counts(ends: tuple[int, int], form: str, measured: str) -> None:
    assert strict(form.format(*ends), measured.format(*ends)) is None
    assert lenient(form.format(*ends), measured.format(*ends), "How long are they, in cm?")


@settings(deadline=None)
@given(st.integers(1900, 2098), st.integers(1, 40), st.sampled_from(["-", "\u2013", " - "]))
def test_a_shortened_year_is_one_of_the_same_century_or_the_next_year(year: int, years: int, sign: str) -> None:
    end = year + years
    assume(end // 100 == year // 100 or years == 1)
    assume(not (years > 1 and end % 100 == year % 100 + 1 and end // 100 != year // 100))
    assert strict(f"{year}{sign}{end % 100:02}", f"{year} to {end}", "Which period is shown?")


@pytest.mark.parametrize(
    "forms",
    [
        ["65+", "65 and over", "65 or older", "at least 65", "\u2265 65", "65 plus", "65 and above"],
        ["under 18", "<18", "less than 18", "below 18", "younger than 18"],
        ["18 and under", "up to 18", "at most 18", "18 or younger"],
        ["over 65", "> 65", "more than 65"],
        ["$10-$20", "$10-20", "$10 to $20", "10-20 dollars"],
        ["10%-20%", "10-20%", "10 to 20 percent"],
        ["$10k-$20k", "$10,000-$20,000", "$10-20k"],
        ["five to ten", "5-10"],
        ["-5 to 5", "\u22125\u20135"],
        ["-10--5", "-10 to -5"],
        ["1.5-2.5", "1.50 to 2.50"],
        ["2020/21", "2020-21", "2020-2021"],
    ],
)  # fmt: skip
def test_forms_of_one_range(forms: list[str]) -> None:
    assert len({kind_and_key(form) for form in forms}) == 1
    assert kind_and_key(forms[0])[0] == "range"


def test_open_ends_differ() -> None:
    ends = ["65+", "over 65", "under 65", "65 and under", "65", "65-66"]
    assert len({kind_and_key(end) for end in ends}) == len(ends)


def test_years_of_age_are_understood_where_ages_are_asked_for() -> None:
    question = "Which age group is the largest?"
    assert strict("35-44", "35-44 years old", question)
    assert strict("65+", "65 years and over", question)
    assert strict("35-44", "35-44 years") is None


def test_units_are_converted() -> None:
    assert strict("10-20 cm", "100-200 mm")
    assert strict("50-68\u00b0F", "10-20\u00b0C")
    assert strict("1-2 years", "12-24 months")
    assert strict("1-2 months", "30-60 days") is None
    assert lenient("11-12", "11-12 cm", "How many inches are 30 cm?") is None


@pytest.mark.parametrize("text", ["x-4", "well-known", "35-44 and 45-54", "1e-3", "-5", "1/2-1/4", "3-0 win", "A to Z"])
def test_what_is_no_range(text: str) -> None:
    assert kind_and_key(text)[0] != "range"


def test_a_question_of_arithmetic_leaves_the_hyphen_to_others() -> None:
    assert kind_and_key("3-4", "What is 3-4?")[0] not in ("range", "score")
