"""MMMU's own rule for open questions: what a reply says in its conclusions is held against the answer as text, or as a number of two decimals.

After `parse_open_response` and `eval_open` of the benchmark's `mmmu/utils/eval_utils.py` (github.com/MMMU-Benchmark/MMMU), whose verdicts it gives,
its peculiarities included: replies are in small letters before they would be parted into sentences, so lines are what is looked at one by one; and an
answer in words counts wherever it is part of a conclusion. VLMEvalKit grades these questions as a choice of the answer and "Other Answers".
"""

import ast
import re

CUES = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
"""What a conclusion follows; in the last line an equals sign does, too."""
_TRIVIAL = frozenset(":,.!?;'")
_NUMBERS = (
    re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b"),
    re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+"),
    re.compile(r"-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d])"),
)


def official_open_verdict(reply: str, answer: str) -> bool:
    """Whether a reply is right. answer: as the file has it, perhaps a list of answers in the notation of Python.

    >>> official_open_verdict("The area of Solution A is 99", "8.4"), official_open_verdict("x = 8.40 cm", "8.4")
    (False, True)
    >>> official_open_verdict("It could be Nepal.", "['Nepal', 'nepalese']")
    True
    """
    said = [form for part in _said(reply) for form in _forms(part)]
    right = [form for one in _answers(answer) for form in _forms(one)]
    words = [form for form in right if isinstance(form, str)]
    return any(any(word in form for word in words) if isinstance(form, str) else form in right for form in said)


def _said(reply: str) -> list[str]:
    """Conclusions of a reply, the whole of it where it has none, and all numbers in them."""
    text = reply.strip().strip(".").lower()
    lines = text.split("\n")
    conclusions = []
    for number, line in enumerate(lines):
        cues = (*CUES, "=") if number == len(lines) - 1 else CUES
        shortest = ""
        for cue in cues:
            end = line.split(cue)[-1].strip()
            if cue in line and (not shortest or len(end) < len(shortest)):
                shortest = end
        if shortest and shortest not in _TRIVIAL:
            conclusions.append(shortest)
    said = conclusions or [text]
    return said + [number for part in said for pattern in _NUMBERS for number in pattern.findall(part)]


def _forms(text: str) -> list[str | float]:
    text = text.strip()
    try:
        return [round(float(text.replace(",", "")), 2)]
    except ValueError:
        text = text.lower()
        return [f" {text}", f"{text} "] if len(text) == 1 else [text]


def _answers(answer: str) -> list[str]:
    if answer.startswith("["):
        try:
            listed = ast.literal_eval(answer)
        except (ValueError, SyntaxError):
            return [answer]
        if isinstance(listed, list):
            return [str(one) for one in listed]
    return [answer]
