"""MMMU's own rule for open questions, its peculiarities included."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.evaluation.grading.mmmu_official import official_open_verdict
from wethink_assets.extensions.builtin import BENCHMARK_FORMS


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("8.4", "8.4"),
        ("The answer is 8.40 cm.", "8.4"),
        ("so 1,234.5", "1234.50"),
        ("area = 3 x 4 = 12", "12"),
        ("1.5e3", "1500"),
        ("The capital could be Kathmandu, I think", "Kathmandu"),
        ("It is Nepalese", "['Nepal', 'nepalese']"),
        ("option b wins", "b"),
        ("line one\nthus 7", "7"),
        ("-3", "-3"),
    ],
)
def test_right(reply: str, answer: str) -> None:
    assert official_open_verdict(reply, answer)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("The area of Solution A is 99", "8.4"),
        ("x = 12\nno more to say", "12.5"),
        ("12 = x\nthis is unclear", "12"),  # a conclusion elsewhere, and no equation in the last line
        ("cab", "b"),  # one letter counts beside a space alone
        ("", "8.4"),
        ("8.4", "['8.5', '8.6']"),
        ("is :", "8"),
    ],
)
def test_wrong(reply: str, answer: str) -> None:
    assert not official_open_verdict(reply, answer)


@given(st.text(), st.text())
def test_any_text_is_read(reply: str, answer: str) -> None:
    assert isinstance(official_open_verdict(reply, answer), bool)


def test_the_rule_stands_beside_the_score() -> None:
    rows = [
        {"index": "0", "split": "validation", "A": None, "answer": "8.4", "prediction": "Solution A", "hit": 1.0},
        {"index": "1", "split": "validation", "A": None, "answer": "7", "prediction": "it is 7", "hit": 1.0},
        {"index": "2", "split": "validation", "A": "x", "answer": "A", "prediction": "A", "hit": 1.0},
        {"index": "3", "split": "validation", "A": None, "answer": "a cat", "prediction": "", "hit": 0.0},
        {"index": "4", "split": "dev", "A": None, "answer": "3", "prediction": "3", "hit": 1.0},
    ]
    told = BENCHMARK_FORMS["mmmu"].breakdown(pl.DataFrame(rows))
    assert told["open questions"] == pytest.approx(200 / 3)
    assert told["open questions, MMMU's own rule"] == pytest.approx(100 / 3)
    assert told["all, open ones by MMMU's own rule"] == 50
    closed = BENCHMARK_FORMS["mmmu"].breakdown(pl.DataFrame([row for row in rows if row["A"]]))
    assert "open questions" not in closed
