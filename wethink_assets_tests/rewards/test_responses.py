"""Responses: what keeps to the format, and which part is the answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wethink_assets.rewards import END_TOKENS, answer_part, format_reward, hybrid_reward, rule_reward


@pytest.mark.parametrize(
    ("response", "reward"),
    [
        ("<think>a</think><answer>b</answer>", 1), ("  <think>a</think>\n\n<answer>b</answer>\n", 1), ("<think></think><answer></answer>", 1),
        ("<think>a</think> so <answer>b</answer>", 0), ("x<think>a</think><answer>b</answer>", 0), ("<think>a</think><answer>b</answer>x", 0),
        ("<answer>b</answer><think>a</think>", 0), ("<think>a</think><answer>b</answer><answer>c</answer>", 0), ("<think>a<answer>b</answer>", 0),
        ("<think>a<think>b</think></think><answer>c</answer>", 0), ("<think>a</think><answer>b", 0), ("", 0),
        ("<THINK>a</THINK><ANSWER>b</ANSWER>", 0),
        ("<think>a<answer>x</answer></think><answer>b</answer>", 0),
    ],
)  # fmt: skip
def test_format(response: str, reward: float) -> None:
    assert format_reward(response) == reward


def test_only_the_answer_part_is_read() -> None:
    assert answer_part("<think><answer>A</answer></think><answer> B </answer>") == "B"
    assert answer_part("<think>the answer is B</think>") is None
    assert answer_part("<think>a</think><answer>A</answer><answer>B</answer>") is None
    assert rule_reward("<think>B</think><answer>A</answer>", "B", "MC", ["x", "y"]) == 0
    assert rule_reward("B", "B", "MC", ["x", "y"]) == 0


def plainly(response: str, opened: bool) -> str | None:
    """The answer part, each condition looked at."""
    _, closed, rest = response.rpartition("</think>")
    if (opened and not closed) or "<think>" in rest or rest.count("<answer>") != 1 or rest.count("</answer>") != 1:
        return None
    start, end = rest.index("<answer>"), rest.index("</answer>")
    return rest[start + len("<answer>") : end].strip() if start < end else None


PIECES = [
    "<think>", "</think>", "<answer>", "</answer>", "</think><answer>", "</think>\n<answer>", "</think>\n\n<answer>", "B</answer>", "<", ">", "B",
    " ", "\n", "answer>", "/answer>", "/think>", "<|im_end|>", "4 < 5", "x" * 230, "x" * 260,
]  # fmt: skip


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.sampled_from(["", "<think>a</think><answer>", "a</think>\n<answer>"]),
    st.booleans(),
)
def test_the_answer_part_is_told_as_its_definition_tells_it(text: str, before: str, opened: bool) -> None:
    for response in (before + text, f"{before}{text}</answer>"):
        assert answer_part(response, prefilled=opened) == plainly(response, opened)


WHOLE = "<think>a</think><answer>b</answer>"


@pytest.mark.parametrize("token", END_TOKENS)
def test_special_tokens_at_the_end(token: str) -> None:
    for text in (f"{WHOLE}{token}", f"{WHOLE}\n{token}{token} \n", f"{WHOLE}<|im_end|>{token}"):
        assert format_reward(text) == 1.0
        assert format_reward(text, end_tokens=()) == 0.0
        assert answer_part(text) == "b"
    assert format_reward(f"{token}{WHOLE}") == 0.0
    assert format_reward(f"<think>a</think>{token}<answer>b</answer>") == 0.0


def test_end_tokens_of_ones_own() -> None:
    assert format_reward(f"{WHOLE}<fin>") == 0.0
    assert format_reward(f"{WHOLE}<fin>", end_tokens=["<fin>"]) == 1.0
    assert format_reward(f"{WHOLE}<|im_end|>", end_tokens=["<fin>"]) == 0.0
    assert format_reward(f"{WHOLE}{'<fin> ' * 5000}", end_tokens=["<fin>"]) == 1.0


@pytest.mark.parametrize(
    ("response", "reward", "part"),
    [
        ("a</think><answer>b</answer>", 1, "b"),
        ("\na\n</think>\n<answer>b</answer><|im_end|>", 1, "b"),
        ("</think><answer>b</answer>", 1, "b"),
        ("<think>a</think><answer>b</answer>", 0, "b"),
        ("a <answer>b</answer>", 0, None),
        ("a</think>x<answer>b</answer>", 0, "b"),
        ("<answer>b</answer>", 0, None),
    ],
)
def test_a_thought_that_the_template_has_opened(response: str, reward: float, part: str | None) -> None:
    assert format_reward(response, prefilled=True) == reward
    assert answer_part(response, prefilled=True) == part
    assert rule_reward(response, "b", "FIB", prefilled=True) == (part is not None)
    (graded,) = hybrid_reward([response], ["b"], ["FIB"], prefilled=True)
    assert (graded.format, graded.accuracy) == (reward, part is not None)


def test_a_thought_that_nobody_opened() -> None:
    assert format_reward("a</think><answer>b</answer>") == 0.0


def test_a_completion_that_is_missing_earns_nothing() -> None:
    assert (format_reward(None), answer_part(None), rule_reward(None, "b", "FIB")) == (0.0, None, 0.0)
