"""Rows of multiple choice and plain fill in the blank, drawn for the speed of rewards, and the forms of a response that holds an answer."""

import random
from typing import Any

Case = dict[str, Any]
THOUGHT = " ".join(f"step {number} looks at the picture" for number in range(10))
WORDS = [
    "bus",
    "car",
    "tree",
    "lamp",
    "chair",
    "table",
    "horse",
    "violin",
    "bridge",
    "river",
    "tower",
    "window",
    "garden",
    "bottle",
    "camera",
    "pencil",
]
COLOURS = ["red", "green", "blue", "yellow", "black", "white", "orange", "purple"]


def mc_cases(count: int) -> list[Case]:
    """Multiple choice with four options, answered by letter or text, half of them wrong."""
    rng = random.Random(1)
    cases = []
    for _ in range(count):
        options = [f"{rng.choice(COLOURS)} {word}" for word in rng.sample(WORDS, 4)]
        right, chosen = rng.randrange(4), rng.randrange(4)
        form = rng.choice(["{0}", "({0})", "{0}. {1}", "{1}", "Option {0}", "The answer is {0}."])
        cases.append(
            {
                "kind": "MC",
                "answer": "ABCD"[right],
                "options": options,
                "said": form.format("ABCD"[chosen], options[chosen]),
            }
        )
    return cases


def fib_cases(count: int) -> list[Case]:
    """Plain fill in the blank: nouns and numbers in other dress, half of them wrong."""
    rng = random.Random(2)
    cases = []
    for _ in range(count):
        if rng.random() < 0.5:
            truth = f"{rng.choice(COLOURS)} {rng.choice(WORDS)}"
            candidate = truth if rng.random() < 0.5 else f"{rng.choice(COLOURS)} {rng.choice(WORDS)}"
            candidate = rng.choice(["{}", "The {}.", "a {}", "{}!"]).format(candidate)
        else:
            number = rng.randint(0, 99_999)
            truth = str(number)
            candidate = f"{number if rng.random() < 0.5 else number + 1:,}"
        cases.append({"kind": "FIB", "answer": truth, "options": None, "said": candidate})
    return cases


def plain(case: Case) -> str:
    """A response as this project's prompt asks for it."""
    return f"<think>{THOUGHT}</think><answer>{case['said']}</answer>"


def boxed(case: Case) -> str:
    """A response as open-r1 reads it."""
    return f"<think>{THOUGHT}</think><answer>$\\boxed{{{case['said'].strip('$')}}}$</answer>"
