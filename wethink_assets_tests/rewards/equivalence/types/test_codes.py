"""Codes: each sign of one counts; the question tells what a bare number is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards.equivalence.comparison import lenient, strict
from wethink_assets_tests.support.answer_readings import kind_and_key

PHONE, VERSION, ZIP, SEAT = (
    "Which number can be called?",
    "Which version is installed?",
    "What is the zip code?",
    "Which seat is marked?",
)
BLOOD, METRE, FORMULA, JERSEY = (
    "Which blood type is on the card?", "Which time signature is shown?", "What is the chemical formula?", "What is the number on the jersey?",
)  # fmt: skip
NUMBERS = st.from_regex(r"[2-9][0-9]{2}[0-9]{4}", fullmatch=True)


@settings(deadline=None)
@given(
    NUMBERS,
    NUMBERS,
    st.sampled_from(["{}-{}", "{} {}", "({}) {}", "{}.{}", "{} - {}"]),
    st.sampled_from(["{}-{}", "{} {}"]),
)
def test_phone_numbers(one: str, other: str, form: str, second: str) -> None:
    first, last = form.format(one[:3], one[3:]), second.format(other[:3], other[3:])
    assert (lenient(first, last, PHONE) is not None) == (one == other)
    assert (strict(first, last, PHONE) is not None) == (one == other)


def test_a_country_and_an_extension_count() -> None:
    assert lenient("+1 555 0100", "555 0100", PHONE) is None
    assert lenient("555-0100", "555-0100 ext. 12", PHONE) is None
    assert strict("555-0100 ext. 12", "555 0100 x12", PHONE)
    assert strict("(555) 123-4567", "555-123-4567")


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=3),
    st.lists(st.integers(0, 30), min_size=1, max_size=3),
    st.sampled_from(["{}", "v{}", "version {}", "Version {}."]),
)
def test_versions(one: list[int], other: list[int], form: str) -> None:
    first, second = ".".join(map(str, one)), ".".join(map(str, other))
    assert (lenient(form.format(first), second, VERSION) is not None) == (one == other)


@settings(deadline=None)
@given(st.from_regex(r"[0-9]{4,5}", fullmatch=True), st.from_regex(r"[0-9]{4,5}", fullmatch=True))
def test_zip_codes_keep_their_zeros(one: str, other: str) -> None:
    assert (lenient(one, other, ZIP) is not None) == (one == other)
    assert (lenient(one, f"zip code {other}", ZIP) is not None) == (one == other)


@settings(deadline=None)
@given(
    st.integers(1, 60),
    st.sampled_from("ABCDEF"),
    st.integers(1, 60),
    st.sampled_from("ABCDEF"),
    st.sampled_from(["{}{}", "{}-{}", "{} {}", "seat {}{}", "row {}, seat {}"]),
)
def test_seats(row: int, letter: str, other_row: int, other: str, form: str) -> None:
    assert (lenient(form.format(row, letter), f"{other_row}{other}", SEAT) is not None) == (
        (row, letter) == (other_row, other)
    )
    assert strict(f"{row}{letter}", f"{letter}{row}", SEAT) is None


@pytest.mark.parametrize(
    ("question", "forms"),
    [
        (BLOOD, ["A-", "A negative", "A neg", "A Rh negative", "type A-", "a minus"]),
        (BLOOD, ["AB+", "AB positive", "AB Rh+"]),
        (BLOOD, ["A", "type A"]),
        (BLOOD, ["0", "O", "group O"]),
        (METRE, ["4/4", "common time", "\\frac{4}{4}"]),
        (METRE, ["2/4", "2/4 time"]),
        (JERSEY, ["5", "#5", "No. 5", "number 5", "five"]),
        ("Which flight is it?", ["BA 123", "BA123", "flight BA 123", "ba-123"]),
        ("What is the license plate?", ["ABC 123", "ABC-123", "abc 123", "ABC123"]),
        ("What is the model number?", ["XJ-900", "XJ900", "XJ 900"]),
        ("What is the ISBN?", ["978-3-16-148410-0", "9783161484100"]),
        ("What is the blood pressure?", ["120/80", "120/80 mmHg", "120 over 80"]),
        ("What grade did she get?", ["A-", "A minus"]),
        (FORMULA, ["H2O", "H\u2082O", "H_2O", "H_{2}O", "\\text{H}_2\\text{O}"]),
        (None, ["H2O", "H\u2082O", "H_2O", "H_{2}O", "$H_2O$"]),
        (None, ["SO42-", "SO_4^{2-}", "SO\u2084\u00b2\u207b"]),
        (None, ["B12", "B-12"]),
        (None, ["No. 5", "#5"]),
        (None, ["v2.10", "version 2.10"]),
    ],
)  # fmt: skip
def test_forms_of_one_code(question: str | None, forms: list[str]) -> None:
    assert len({kind_and_key(form, question) for form in forms}) == 1
    assert kind_and_key(forms[0], question)[0] == "code"


@pytest.mark.parametrize(
    ("question", "different"),
    [
        (BLOOD, ["A-", "A+", "A", "B-", "AB-", "O", "O-"]),
        (METRE, ["2/4", "3/6", "4/8", "1/2"]),
        (FORMULA, ["CO", "Co", "CO2", "C2O", "Na+", "Na", "Ca2+", "Ca+"]),
        (None, ["Na+", "Na", "Na-", "A-", "A"]),
        (JERSEY, ["5", "05", "50", "5A"]),
        (VERSION, ["2.10", "2.1", "2.1.0", "2.10b", "2"]),
        (None, ["007", "7", "0007"]),
        (None, ["1.2.3", "1.2.30", "1.23"]),
        (None, ["no one", "No. 1"]),
        (None, ["C++", "C", "C+", "C#"]),
        ("What is the license plate?", ["B-MA 123", "BM-A 123", "BMA 124"]),
        ("What is the blood pressure?", ["120/80", "60/40", "3/2", "1.5"]),
    ],
)  # fmt: skip
def test_different_codes(question: str | None, different: list[str]) -> None:
    assert len({kind_and_key(text, question) for text in different}) == len(different)
    for one in different:
        for other in different:
            assert one == other or not lenient(one, other, question), (one, other)


def test_a_careless_writing_is_taken_where_it_can_mean_one_code_only() -> None:
    assert lenient("Au", "AU", "What is the chemical symbol of gold?")
    assert lenient("CO", "co", FORMULA) is None
    assert lenient("H7", "h7")
    assert lenient("1234-5678", "12345678", "What is the serial number?")
    assert lenient("NaCl(aq)", "NaCl", FORMULA)
    assert lenient("NaCl(aq)", "NaCl(s)", FORMULA) is None


@pytest.mark.parametrize(
    "text",
    ["2x", "x-4", "1,234", "12.5", "5 cm", "10K", "5KM", "1E5", "4th", "1.25", "12", "iPhone 12 Pro", "COVID-19"],
)
def test_what_is_no_code_without_a_question(text: str) -> None:
    assert kind_and_key(text)[0] != "code"


def test_a_question_that_asks_for_something_else_makes_no_code() -> None:
    assert kind_and_key("1250", "What is the total on invoice number 12?")[0] != "code"
    assert kind_and_key("04-05-2021", "What is the date on invoice number 12?")[0] == "date"
    assert kind_and_key("12", "How many phone numbers are there?")[0] != "code"
