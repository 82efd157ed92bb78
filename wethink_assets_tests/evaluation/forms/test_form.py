"""All forms: verdicts on single replies with and without a judge, and properties of every headline."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.evaluation.forms.form import FAILED, JUDGE, RULE, UNDECIDED, JudgeFailed, Verdict
from wethink_assets.extensions.builtin import BENCHMARK_FORMS
from wethink_assets_tests.support.graded_rows import headline


def verdict(form: str, row: dict[str, Any], answer: str, judge: Any = None) -> Verdict:
    """Verdict where the judge says `judge` (by prompt where it is a dict); an exception is raised."""

    async def ask(name: str, **variables: Any) -> Any:
        reply = judge.get(name) if isinstance(judge, dict) else judge
        if isinstance(reply, Exception):
            raise reply
        return reply

    return asyncio.run(BENCHMARK_FORMS[form].grade({"index": "1", "question": "?", **row}, answer, ask))


MMMU_OPEN = {"A": None, "answer": "seven"}


VISTA_INTEGER = {"question_type": "free_form", "answer_type": "integer", "answer": "14"}


VISTA_CHOICE = {"question_type": "multi_choice", "choices": "['3/11', '8/11']", "answer": "8/11", "answer_option": "B"}


DYNA_FLOAT = {"answer_type": "float", "answer": "2.500"}


DYNA_CHOICE = {"answer_type": "multiple choice", "answer": "C"}


@pytest.mark.parametrize(
    ("form", "row", "answer", "judge", "hit", "how"),
    [
        ("choice", {"A": "x", "B": "y", "answer": "B"}, "B", None, 1, RULE),
        ("choice", {"A": "x", "B": "y", "answer": "B"}, "neither", None, 0, UNDECIDED),
        ("choice", {"A": "x", "B": "y", "answer": "B"}, "neither of them is", "Z", 0, JUDGE),
        ("mmmu", MMMU_OPEN, "seven", None, 1, RULE),
        ("mmmu", MMMU_OPEN, "it is eight I would say", "B", 0, JUDGE),
        ("yes_no", {"answer": "Yes"}, "yes, it is", None, 1, RULE),
        ("yes_no", {"answer": "Yes"}, "indeed", "Yes", 1, JUDGE),
        ("yes_no", {"answer": "Yes"}, "indeed", "Unknown", 0, JUDGE),
        ("ocr", {"answer": "['Hello']", "category": "Doc-oriented VQA"}, "it says hello there", None, 1, RULE),
        ("logicvista", {"answer": "B, D"}, "DB", None, 1, RULE),
        ("logicvista", {"answer": "B"}, "the second one", "b", 1, JUDGE),
        ("mathvista", VISTA_INTEGER, "14", None, 1, RULE),
        ("mathvista", VISTA_INTEGER, "14.0", {"judge_extract": "14"}, 1, JUDGE),
        ("mathvista", VISTA_INTEGER, "It is 14, since 7 and 7 make 14", {"judge_extract": "14"}, 1, JUDGE),
        ("mathvista", VISTA_INTEGER, "thirteen", None, 0, UNDECIDED),
        ("mathvista", {**VISTA_INTEGER, "answer_type": "float", "answer": "1.50"}, "1.5", None, 1, RULE),
        ("mathvista", {**VISTA_INTEGER, "answer_type": "list", "answer": "[1, 2]"}, "[1, 2]", None, 1, RULE),
        ("mathvista", VISTA_CHOICE, "(B) 8/11", None, 1, RULE),
        ("mathvista", VISTA_CHOICE, "eight elevenths", {"judge_extract": "B"}, 1, JUDGE),
        ("mathvision", {"choices": "[]", "answer": "\\frac{1}{2}"}, "0.5", None, 1, RULE),
        ("mathvision", {"choices": "['1', '2']", "answer": "A"}, "A", None, 1, RULE),
        ("mathvision", {"choices": "[]", "answer": "5"}, "five or six", {"judge_extract": "6"}, 0, JUDGE),
        ("mathverse", {"answer": "B"}, "B", None, 1, RULE),
        ("mathverse", {"answer": "2"}, "x = 2", {"judge_extract": "x = 2", "judge_consistent": True}, 1, JUDGE),
        ("mathverse", {"answer": "2"}, "x = 3", {"judge_extract": "", "judge_consistent": True}, 0, JUDGE),
        ("mathverse", {"answer": "red"}, "crimson", {"judge_consistent": True}, 1, JUDGE),
        ("dynamath", DYNA_FLOAT, '{"solution": "..", "short answer": "2.5004"}', None, 1, RULE),
        ("dynamath", DYNA_FLOAT, "2.502", None, 0, RULE),
        ("dynamath", DYNA_FLOAT, "about two and a half", {"judge_extract": "2.500"}, 1, JUDGE),
        ("dynamath", DYNA_CHOICE, '{"short answer": "(C)"}', None, 1, RULE),
        ("dynamath", {"answer_type": "text", "answer": "an even number"}, "Even", None, 1, RULE),
        ("wemath", {"A": "x", "B": "y", "answer": "A"}, "A", None, 1, RULE),
        ("mmvet", {"answer": "red <AND> blue"}, "red", 0.5, 0.5, JUDGE),
        ("mmvet", {"answer": "red"}, "red", None, 0, UNDECIDED),
        ("mmvet", {"answer": "red"}, "red", JudgeFailed("judge_grade"), 0, FAILED),
        ("choice", {"A": "x", "answer": "A"}, "", None, 0, RULE),
    ],
)  # fmt: skip
def test_verdict(form: str, row: dict[str, Any], answer: str, judge: Any, hit: float, how: str) -> None:
    graded_as = verdict(form, row, answer, judge)
    assert (graded_as.hit, graded_as.how) == (hit, how), graded_as


HITS = st.lists(st.integers(0, 1), min_size=1, max_size=24)


@settings(max_examples=40)
@given(HITS)
def test_headlines_lie_between_nothing_and_everything(hits: list[int]) -> None:
    rows = [
        {"index": f"VD_chart_1_{i // 4}_{i // 2 % 2}_{i % 2}", "l2-category": "chart", "qid": str(i // 3), "hit": hit}
        for i, hit in enumerate(hits)
    ]
    for form in ("choice", "yes_no", "dynamath"):
        value = headline(rows, form)
        assert 0 <= value <= 100
        assert all(hits) == (value == 100) and (any(hits) or value == 0)
    assert headline(rows, "dynamath") <= 100 * sum(hits) / len(hits) + 34  # groups of three at most: uneven last group


@settings(max_examples=40)
@given(HITS, st.integers(0, 23))
def test_one_more_right_answer_never_lowers_a_score(hits: list[int], changed: int) -> None:
    better = list(hits)
    better[changed % len(hits)] = 1
    for form in ("choice", "yes_no", "dynamath"):
        before, after = (
            headline(
                [
                    {"index": f"VD_c_1_{i // 4}_{i // 2 % 2}_{i % 2}", "qid": str(i // 3), "hit": hit}
                    for i, hit in enumerate(given)
                ],
                form,
            )
            for given in (hits, better)
        )
        assert after >= before - 1e-9
