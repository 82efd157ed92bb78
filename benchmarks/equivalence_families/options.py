"""Multiple choice: what names an option, and what does not."""

import random
from collections.abc import Iterator

SETS = [
    ["red", "blue", "green", "yellow"], ["12", "15", "18", "21"], ["a bus", "a car", "a bicycle"], ["left of", "right of", "above", "below"],
    ["Paris", "London", "New York", "San Jose"], ["yes", "no"], ["0.5", "0.25", "2", "4", "8"], ["oak tree", "pine tree", "oak leaf", "acorn"],
    ["A", "B", "C", "D"], ["increases", "decreases", "stays the same", "cannot be determined"],
]  # fmt: skip


def letters(letter: str, other: str) -> tuple[list[str], list[str]]:
    """Forms of a letter, and what names another one, several, or none."""
    right = [
        letter, letter.lower(), f"({letter})", f"({letter.lower()})", f"{letter}.", f"{letter})", f"[{letter}]", f"Option {letter}",
        f"The answer is {letter}.", f"**{letter}**", f"\\boxed{{{letter}}}", f"Answer: ({letter})", f"$\\text{{{letter}}}$",
    ]  # fmt: skip
    false = [
        other, f"({other})", f"{letter} and {other}", f"{letter}, {other}", f"{letter} or {other}", "", "none of them", "I cannot tell",
        "K", f"not {letter}", f"({letter}) ({other})", f"option {other}",
    ]  # fmt: skip
    return right, false


def texts(letter: str, text: str, other: str, other_text: str, options: list[str]) -> tuple[list[str], list[str]]:
    """Forms of an option's text, and what names the text of another one, or of several."""
    right = [
        text,
        f"{letter}. {text}",
        f"({letter}) {text}",
        text.upper(),
        f"{letter}: {text}",
        f"The answer is {text}.",
    ]
    false = [
        other_text, f"{other}. {other_text}", f"{letter}. {other_text}", f"{text} or {other_text}", "; ".join(options),
        f"{letter}. {text} or {other}. {other_text}",
    ]  # fmt: skip
    return right, false


def choices(rng: random.Random) -> Iterator[dict[str, object]]:
    """Multiple choice: the letter in all its forms, the option's text; other letters, two at once, none."""
    for options in SETS:
        lettered = options == ["A", "B", "C", "D"]  # the text of an option is a letter, so it names none by itself
        for position in rng.sample(range(len(options)), min(3, len(options))):
            letter, text = "ABCDE"[position], options[position]
            wrong = rng.choice([at for at in range(len(options)) if at != position])
            other, other_text = "ABCDE"[wrong], options[wrong]
            right, false = letters(letter, other)
            if not lettered:
                more_right, more_false = texts(letter, text, other, other_text, options)
                right, false = right + more_right, false + more_false
            reference = letter if rng.random() < 0.5 or lettered else text
            for equal, forms in ((True, right), (False, false)):
                for candidate in rng.sample(forms, 7):
                    case = {"kind": "MC", "family": "options", "type": "choice", "answer": reference}
                    yield {**case, "said": candidate, "equal": equal, "options": options}
