"""Latitude: charts have a tolerance, documents an edit distance, and counts, years and sentences neither."""

import pytest

from wethink_assets.config import Settings
from wethink_assets.planning.stages import stage_plan
from wethink_assets.sources.catalog import sources_of
from wethink_assets.synthesis.stages.latitude import latitude_of, latitude_suffix

SOURCES = sources_of(Settings())


@pytest.mark.parametrize(
    ("source", "kind", "question", "answer", "tolerance", "edit_distance"),
    [
        ("chartqa", "FIB", "What is the share of coal in 2019?", "12.4%", 0.05, 0),
        ("chartqa", "FIB", "What was the revenue?", "$3.5 million", 0.05, 0),
        ("chartqa", "FIB", "What is the value of the tallest bar?", "340", 0.05, 0),
        ("chartqa", "FIB", "How many bars are taller than 30?", "12", 0, 0),
        ("chartqa", "FIB", "What is the number of groups?", "21", 0, 0),
        ("chartqa", "FIB", "In which year was it lowest?", "2010", 0, 0),
        ("chartqa", "FIB", "When was it lowest?", "1998", 0, 0),
        ("chartqa", "FIB", "Which group is the largest?", "Germany", 0, 0),
        ("chartqa", "MC", "What is the value?", "B", 0, 0),
        ("chartqa", "DES", "What is the value?", "It is 12.", 0, 0),
        ("docvqa", "FIB", "Who signed the letter?", "Eleanor Whitfield", 0, 0.1),
        ("docvqa", "FIB", "What is the total?", "340", 0, 0),
        ("docvqa", "DES", "What is the letter about?", "A delivery that was late.", 0, 0),
        ("ocr_vqa", "FIB", "Who wrote the book?", "Eleanor Whitfield", 0, 0.1),
        ("coco", "FIB", "What is the value?", "340", 0, 0),
    ],
)
def test_what_is_allowed_follows_from_source_question_and_answer(
    source: str, kind: str, question: str, answer: str, tolerance: float, edit_distance: float
) -> None:
    allowed = latitude_of(SOURCES[source], kind, question, answer)
    assert (allowed.tolerance, allowed.edit_distance, allowed.answers) == (tolerance, edit_distance, ())


def test_a_source_of_ones_own_says_what_it_allows_and_another_value_makes_answers_stale() -> None:
    own = {"location": "x", "title": "Figures", "licence": "CC0-1.0"}
    plain = Settings.model_validate({"sources": {"figures": own}})
    assert sources_of(plain)["figures"].tolerance == 0 and latitude_suffix(plain) == ""
    allowing = [Settings.model_validate({"sources": {"figures": {**own, "tolerance": share}}}) for share in (0.02, 0.1)]
    assert [sources_of(settings)["figures"].tolerance for settings in allowing] == [0.02, 0.1]
    assert len({stage_plan(settings, "answers").logic for settings in (plain, *allowing)}) == 3
    exact = Settings.model_validate({"sources": {"chartqa": {"tolerance": 0}}})
    assert sources_of(exact)["chartqa"].tolerance == 0 and latitude_suffix(exact)
