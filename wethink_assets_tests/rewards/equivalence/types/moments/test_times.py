"""Times of day: twelve hours and twenty-four, words, zones, and halves of the day."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient, strict
from wethink_assets_tests.support.answer_readings import kind_and_key

MINUTES = st.integers(0, 24 * 60 - 1)
TWELVE = [
    "{twelve}:{minute:02} {half}m",
    "{twelve}:{minute:02}{half}m",
    "{twelve}.{minute:02}{half}m",
    "{twelve}:{minute:02} {half}.m.",
    "at {twelve}:{minute:02} {half}m",
]


def _written(moment: int, form: str) -> str:
    hour, minute = divmod(moment, 60)
    return form.format(twelve=hour % 12 or 12, minute=minute, half="a" if hour < 12 else "p", hour=hour)


@settings(deadline=None)
@given(MINUTES, MINUTES, st.sampled_from(TWELVE), st.sampled_from(TWELVE))
def test_times_are_the_same_exactly_if_they_are(one: int, other: int, form: str, second: str) -> None:
    assert (strict(_written(one, form), _written(other, second)) is not None) == (one == other)
    assert (lenient(_written(one, form), _written(other, second), "At what time does it leave?") is not None) == (
        one == other
    )


@settings(deadline=None)
@given(st.integers(13 * 60, 24 * 60 - 1), MINUTES, st.sampled_from(TWELVE))
def test_twenty_four_hours(one: int, other: int, form: str) -> None:
    assert (strict(_written(one, "{hour}:{minute:02}"), _written(other, form)) is not None) == (one == other)


@pytest.mark.parametrize(
    ("question", "forms"),
    [
        (None, ["3:30", "03:30", "half past three", "3:30:00"]),
        (None, ["3:30 pm", "15:30", "3.30pm", "3:30 in the afternoon", "half past 3 pm", "15h30"]),
        (None, ["noon", "12 noon", "12 pm", "12:00 PM"]),
        (None, ["midnight", "12 am", "00:00"]),
        (None, ["quarter to four", "3:45"]),
        (None, ["ten past three", "3:10"]),
        (None, ["3 o'clock", "three o'clock", "3:00"]),
        ("What time is it?", ["ten to five", "4:50", "4.50"]),
        ("When does the afternoon train leave?", ["3:30", "3:30 pm", "15:30"]),
        (None, ["9 am - 5 pm", "9:00-17:00", "9am to 5pm", "from 9 am to 5 pm"]),
        (None, ["9-11 am", "9 am to 11 am"]),
    ],
)
def test_forms_of_one_time(question: str | None, forms: list[str]) -> None:
    assert len({kind_and_key(form, question) for form in forms}) == 1
    assert kind_and_key(forms[0], question)[0] == "time"


def test_a_half_of_the_day_counts() -> None:
    assert strict("3:30", "3:30 am") is None
    assert lenient("3:30", "3:30 am", "What time is it?")
    assert lenient("3:30", "3:30 pm", "What time is it?") is None
    assert lenient("3:30 pm", "3:30", "What time is it?") is None


def test_zones_are_kept() -> None:
    assert strict("3:30 pm EST", "3:30 pm PST") is None
    assert lenient("3:30 pm EST", "3:30 pm", "When does it start?") is None
    assert lenient("3:30 pm EST", "3:30 pm", "When does it start (in EST)?")


@pytest.mark.parametrize(
    ("text", "question", "kind"),
    [("3:30", "What was the score?", "score"), ("3:30", "What is the ratio?", "ratio"), ("3:30", "How long is the song?", "duration"),
     ("25:30", None, "ratio"), ("10 to 5", None, "range"), ("3.30", None, "number"), ("2h30", None, "duration")],
)  # fmt: skip
def test_what_is_no_time_of_day(text: str, question: str | None, kind: str) -> None:
    assert kind_and_key(text, question)[0] == kind
