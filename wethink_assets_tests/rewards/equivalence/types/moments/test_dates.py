"""Dates: their forms, and that two days are never one."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient, strict
from wethink_assets_tests.support.answer_readings import kind_and_key

DAYS = st.dates(date(1931, 1, 1), date(2030, 12, 31))
WORDED = [
    "%B %-d, %Y",
    "%-d %B %Y",
    "%b %-d, %Y",
    "%Y-%m-%d",
    "%A, %B %-d, %Y",
    "%-d. %B %Y",
    "%b. %-d %Y",
    "%d-%b-%Y",
    "the %-d of %B, %Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
]
FIGURES = ["%m/%d/%Y", "%-m/%-d/%Y", "%m-%d-%Y", "%-m/%-d/%y"]


@settings(deadline=None)
@given(DAYS, DAYS, st.sampled_from(WORDED), st.sampled_from(WORDED + FIGURES))
def test_days_are_the_same_exactly_if_they_are(one: date, other: date, form: str, second: str) -> None:
    assert (strict(one.strftime(form), other.strftime(second)) is not None) == (one == other)
    assert (lenient(one.strftime(form), other.strftime(second), "On what date was it signed?") is not None) == (
        one == other
    )


@settings(deadline=None)
@given(
    DAYS, DAYS, st.sampled_from(["%B %-d", "%-d %B", "%b %-d", "the %-d of %B"]), st.sampled_from(["%B %-d", "%-d %b"])
)
def test_days_of_a_year(one: date, other: date, form: str, second: str) -> None:
    assert (strict(one.strftime(form), other.strftime(second)) is not None) == (
        (one.month, one.day) == (other.month, other.day)
    )


@settings(deadline=None)
@given(
    DAYS, DAYS, st.sampled_from(["%B %Y", "%b %Y", "%B, %Y", "%m/%Y", "%b '%y"]), st.sampled_from(["%B %Y", "%b. %Y"])
)
def test_months(one: date, other: date, form: str, second: str) -> None:
    assert (strict(one.strftime(form), other.strftime(second)) is not None) == (
        (one.month, one.year) == (other.month, other.year)
    )


@pytest.mark.parametrize(
    "different",
    [
        ["04/06/2020", "08/12/2020", "06/04/2020"],
        ["04-05-2021", "05-06-2021", "05-04-2021"],
        ["500 BC", "500 AD", "500"],
        ["1800s", "19th century", "1800", "1810s"],
        ["1990s", "early 1990s", "late 1990s", "1990", "1980s"],
        ["Q1 2020", "Q2 2020", "Q1 2021", "H1 2020", "2020"],
        ["summer 2020", "winter 2020", "summer 2021"],
        ["Monday, March 5", "Tuesday, March 5", "Monday, March 6"],
        ["Jan 5-7, 2020", "Jan 5-8, 2020", "Jan 5-7, 2021", "Jan 5, 2020", "Jan 7, 2020"],
        ["March 5, 2021", "March 2021", "March 5"],
    ],
)
def test_different_dates(different: list[str]) -> None:
    assert len({kind_and_key(text) for text in different}) == len(different)
    assert not any(lenient(one, other) for one in different for other in different if one != other)


@pytest.mark.parametrize(
    "forms",
    [
        ["500 BC", "500 BCE", "500 B.C."],
        ["AD 79", "79 AD", "79 CE", "A.D. 79"],
        ["the 1990s", "1990s", "1990's", "'90s"],
        ["19th century", "the nineteenth century", "19th-century"],
        ["Q1 2020", "2020 Q1", "1Q20", "first quarter of 2020", "Q1'20"],
        ["fall 2020", "autumn 2020", "Autumn of 2020"],
        ["Jan 5-7, 2020", "January 5 to January 7, 2020", "Jan 5, 2020 - Jan 7, 2020", "5-7 January 2020"],
        ["March-May 2020", "March to May 2020", "Mar 2020 - May 2020"],
        ["Monday to Friday", "Mon-Fri", "Monday through Friday"],
        ["March 5, 2021 at 3:30 pm", "2021-03-05 15:30", "3:30 PM on March 5, 2021"],
    ],
)
def test_forms_of_one_date(forms: list[str]) -> None:
    assert len({kind_and_key(form) for form in forms}) == 1
    assert kind_and_key(forms[0])[0] == "date"


def test_a_year_that_the_question_names_may_be_left_out() -> None:
    assert lenient("March 5, 2021", "5 March", "On which day in 2021 was it?")
    assert lenient("March 5, 2021", "5 March", "On which day was it?") is None
    assert lenient("Friday, March 5, 2021", "March 5, 2021")
    assert lenient("Friday, March 5", "March 5")


def test_a_month_or_weekday_alone_is_a_date_where_one_is_asked_for() -> None:
    assert strict("Sept", "September", "In which month is it?")
    assert strict("Tue", "Tuesday", "On which day is it?")
    assert kind_and_key("May")[0] == "text"


@pytest.mark.parametrize("text", ["1.2.3", "3/4", "35-44", "5-7", "1990-1995", "3-1", "13", "mayor", "x/2"])
def test_what_is_no_date(text: str) -> None:
    assert kind_and_key(text)[0] != "date"


def test_impossible_figures_equal_themselves_only() -> None:
    assert kind_and_key("13/32/2020") != kind_and_key("32/13/2020")
    assert lenient("13/32/2020", "14/32/2020") is None


def test_a_fraction_is_no_month_of_a_year() -> None:
    assert lenient("183.1", "\\frac{1831}{10}") == "math"
