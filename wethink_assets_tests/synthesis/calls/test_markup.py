"""Thoughts in the tags of every known model are told from what it says."""

import pytest

from wethink_assets.synthesis.calls.replies import MalformedReply, final_text, split_answer

THOUGHTS = [
    "<think>Two bars.</think>",
    "<thinking>Two bars.</thinking>",
    "<thought>\nTwo bars.\n</thought>",
    "<reasoning>Two bars.</reasoning>",
    "<seed:think>Two bars.</seed:think>",
    '<think time="3">Two bars.</think>',
    "<antThinking>Two bars.</antThinking>",
    "[THINK]Two bars.[/THINK]",
    "\u25c1think\u25b7Two bars.\u25c1/think\u25b7",
    "<|begin_of_thought|>Two bars.<|end_of_thought|>",
    "<|START_THINKING|>Two bars.<|END_THINKING|>",
    "<|channel|>analysis<|message|>Two bars.<|end|><|start|>assistant<|channel|>final<|message|>",
    "<|channel>thought\nTwo bars.<channel|>",
    "<unused94>thought\nTwo bars.<unused95>",
    "analysisTwo bars.assistantfinal",
    "Two bars.</think>",
    "Two bars.</thinking>",
    "<ifm|think>Two bars.</ifm|think>",
    "<think_fast>Two bars.</think_fast>",
    "&lt;think&gt;Two bars.&lt;/think&gt;",
    '<details type="reasoning" done="true">\nTwo bars.\n</details>',
    "<think>Two bars.</think>\nassistant\n",
]


@pytest.mark.parametrize("thought", THOUGHTS)
def test_a_thought_is_told_from_the_answer(thought: str) -> None:
    assert split_answer(f"{thought}A red disc.") == ("Two bars.", "A red disc.")


@pytest.mark.parametrize(
    "reply",
    ["<thinking>on and on", "[THINK]on and on", "<|channel|>analysis<|message|>on and on", "\u25c1think\u25b7on"],
)
def test_a_thought_without_an_end_is_no_reply(reply: str) -> None:
    with pytest.raises(MalformedReply, match="unclosed_think"):
        final_text(reply)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("<|begin_of_box|>B<|end_of_box|>", "B"),
        ("<think>Two.</think><final_answer>B</final_answer>", "B"),
        ("<SUMMARY>s</SUMMARY><REASONING>r</REASONING><CONCLUSION>B</CONCLUSION>", "B"),
        ("<|begin_of_thought|>r<|end_of_thought|><|begin_of_solution|>B<|end_of_solution|>", "B"),
        ('A slide shows the tag "<thinking>" in a box.', 'A slide shows the tag "<thinking>" in a box.'),
    ],
)
def test_an_answer_is_told_from_its_wrapping(reply: str, text: str) -> None:
    assert final_text(reply) == text


def test_all_thoughts_of_a_reply_are_thoughts() -> None:
    assert split_answer("<think>a</think>\n<think>b</think>2") == ("a\nb", "2")
    assert split_answer("<think>a</think>2<think>b</think>") == ("a\nb", "2")
    assert final_text("<think/>2") == final_text("<think>a</think><output>2</output>") == "2"
    with pytest.raises(MalformedReply, match="unclosed_think"):
        final_text("<think>a</think>2<think>b")
