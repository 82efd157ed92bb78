"""Responses: what keeps to the format, and which part is the answer."""

import pytest

from wethink_assets.rewards import answer_part, format_reward, rule_reward


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
