"""Durations: the same length in any units, months apart from days."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient, strict
from wethink_assets.rewards.equivalence.reading import Allowed
from wethink_assets_tests.support.answer_readings import kind_and_key

FORMS = [
    "{total} minutes",
    "{total} min",
    "{hours} h {minutes} min",
    "{hours}h {minutes}m",
    "{hours} hours and {minutes} minutes",
    "{hours}:{minutes:02} hours",
    "{hours}hr {minutes}min",
]
LENGTHS = st.integers(61, 5000)


def _written(minutes: int, form: str) -> str:
    return form.format(total=minutes, hours=minutes // 60, minutes=minutes % 60)


@settings(deadline=None)
@given(LENGTHS, LENGTHS, st.sampled_from(FORMS), st.sampled_from(FORMS))
def test_durations_are_the_same_exactly_if_they_are(one: int, other: int, form: str, second: str) -> None:
    assert (strict(_written(one, form), _written(other, second)) is not None) == (one == other)
    assert (lenient(_written(one, form), _written(other, second), "How long does it take?") is not None) == (
        one == other
    )


@settings(deadline=None)
@given(LENGTHS, LENGTHS, st.sampled_from(FORMS))
def test_a_bare_number_has_the_unit_that_is_asked_for(one: int, other: int, form: str) -> None:
    assert (lenient(_written(one, form), str(other), "How many minutes does it take?") is not None) == (one == other)
    assert lenient(_written(one, form), str(one), "How long does it take?") is None


@pytest.mark.parametrize(
    "forms",
    [
        ["2 h 30 min", "2:30 hours", "150 minutes", "2.5 hours", "2 hours and 30 minutes", "two and a half hours", "2 1/2 hours", "2h30"],
        ["90 seconds", "1 min 30 s", "1.5 minutes", "90 s", "a minute and a half"],
        ["half an hour", "30 minutes", "30-minute", "0.5 h"],
        ["18 months", "1.5 years", "1 year 6 months", "a year and a half"],
        ["2 weeks", "14 days", "a fortnight"],
        ["5 years", "five years", "5-year", "60 months", "5 yrs"],
        ["1:23.45", "83.45 s"],
        ["twenty minutes", "20 min.", "20 mins"],
    ],
)  # fmt: skip
def test_forms_of_one_duration(forms: list[str]) -> None:
    assert len({kind_and_key(form) for form in forms}) == 1
    assert kind_and_key(forms[0])[0] == "duration"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 month", "30 days"),
        ("1 year", "365 days"),
        ("90 minutes", "90 seconds"),
        ("2 h", "2 d"),
        ("1:23.45", "1:23.46"),
    ],
)
def test_different_durations(one: str, other: str) -> None:
    assert lenient(one, other) is None


def test_minutes_and_seconds_or_hours_and_minutes() -> None:
    assert strict("3:45", "3 min 45 s", "How long is the song?")
    assert strict("3:45", "3 h 45 min", "How long is the flight?")
    assert strict("3:45", "3 h 45 min", "How long did it last?") is None
    assert strict("3:45", "3 min 45 s", "How long did it last?") is None
    assert strict("35 years old", "35", "How old is he?")


def test_a_tolerance_is_relative() -> None:
    allowed = Allowed(tolerance=0.05)
    assert lenient("100 minutes", "104 minutes", None, allowed)
    assert lenient("100 minutes", "106 minutes", None, allowed) is None
    assert lenient("100 minutes", "100 months", None, allowed) is None
    assert lenient("0 minutes", "1 second", None, allowed) is None


@pytest.mark.parametrize("text", ["5 m", "3D", "5 M", "5 m/s", "24 hours a day", "a few days", "5-7 days", "hour"])
def test_what_is_no_duration(text: str) -> None:
    assert kind_and_key(text)[0] != "duration"
