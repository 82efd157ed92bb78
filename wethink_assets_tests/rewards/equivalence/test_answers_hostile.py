# ruff: noqa: E501  # texts of cases
"""Nothing that a model writes raises, hangs or is evaluated."""

import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards import rule_reward
from wethink_assets.rewards.equivalence.answers import accepts, same_answer
from wethink_assets.rewards.equivalence.normal_form import normalised_value
from wethink_assets_tests.support.scripted_judge import said

TEXT = st.text(st.characters(), max_size=60) | st.text(
    "0123456789.,-+/%^*()[]{}x\\sqrtfacpi kmg$°:;<>=|&'\"ABCD ", max_size=40
)


@settings(max_examples=300, deadline=None)
@given(TEXT, TEXT, st.sampled_from(["MC", "FIB", "DES"]), st.lists(TEXT, max_size=4), st.none() | TEXT)
def test_rules_never_raise_and_take_what_is_strictly_the_same(
    one: str, other: str, kind: str, options: list[str], question: str | None
) -> None:
    assert rule_reward(said(one), other, kind, options, question=question) in (0.0, 1.0)
    rule_reward(one, other, kind, options)
    if same_answer(kind, one, other, options, question=question)[0]:
        assert accepts(kind, one, other, options, question=question)
        assert accepts(kind, other, one, options, question=question)


@settings(max_examples=500, deadline=None)
@given(TEXT)
def test_normalising_twice_is_normalising_once_for_words(text: str) -> None:
    words = " ".join(word for word in text.split() if word.isalpha() and word.isascii())
    once = normalised_value(words)
    assert normalised_value(once) == once


HOSTILE = [
    "9^{9^{9^{9}}}", "9^9^9^9", "\\frac{1}{" * 2000, "{" * 50_000, "}" * 50_000, "\\sqrt{" * 30 + "2" + "}" * 30, "(x+y+z+w)^{999}", "x^{9999}+1", "1" * 100_000,
    "\\frac{1}{2}" * 9000, "\\sum_{k=1}^{99999999} k", "\\int_0^1 \\int_0^1 x^{99} y^{99}", "\\prod_{k=1}^{10^9} k", "170!!!!", "\\binom{999999}{444444}",
    "__import__('os').system('touch /tmp/wethink_was_here')", "$\\text{}$" * 5000, "\\sin(" * 12 + "x" + ")" * 12, "x=" * 80 + "1", "1,2;" * 5000, "((((((((2))))))))+x",
    "(((x+1)^{99}+1)^{99}+1)^{99}", "\\log(\\log(\\log(10^{999})))", "2^{9999}-2^{9998}", "\\sqrt{x+\\sqrt{x+\\sqrt{x}}}",
    "1+" * 999 + "1", "x*" * 999 + "x", "x-" * 400 + "1", "2x" * 999, "f(" * 39 + "x" + ")" * 39 + "+1" * 900, "x^2+" * 499 + "1<5", "x!" + "!" * 900, "1%" + "%" * 900,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_mathematics_costs_a_second_at_most(text: str) -> None:
    began = time.thread_time()  # of the processor: a machine that is busy takes longer
    assert rule_reward(said(text), "x+1", "FIB") == 0
    assert time.thread_time() - began < 1


def test_expressions_work_outside_the_main_thread() -> None:
    found: list[float] = []
    thread = threading.Thread(target=lambda: found.append(rule_reward(said("2\\sqrt{5}"), "\\sqrt{20}", "FIB")))
    thread.start()
    thread.join()
    assert found == [1.0]


def test_text_is_never_evaluated(tmp_path: Path) -> None:
    witness = tmp_path / "evaluated"
    for text in (
        f"__import__('pathlib').Path({str(witness)!r}).touch()",
        f"\\text{{__import__('os').system('touch {witness}')}}",
        f"exec(\"open({str(witness)!r}, 'w')\")",
    ):
        assert rule_reward(said(text), "x+1", "FIB", question="Simplify the expression.") == 0
        assert rule_reward(said("x+1"), text, "FIB", question="Simplify the expression.") == 0
    assert not witness.exists()
