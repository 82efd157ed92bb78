"""Texts of imported records: questions with options written into them, options and answers in the forms that data sets have, replies in two parts."""

import ast
import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wethink_assets.kinds import LETTERS
from wethink_assets.rewards.responses import answer_part
from wethink_assets.synthesis.calls.collector import Rejected

__all__ = [
    "Asked",
    "answers_of",
    "asked_of",
    "options_of",
    "plain_value",
    "reply_parts",
    "strings_of",
    "without_placeholders",
]

_PLACEHOLDER = re.compile(
    r"<\s?(?:image|img|ImageHere|im_patch|video)\s?>|\[(?:IMG|IMAGE)\]|<\|(?:vision_start|vision_end|image_pad|image_start|image_end|image|img)\|>|<image_\d+>",
    re.IGNORECASE,
)
_OPTION = re.compile(r"^\s*(?:\(([A-Z])\)|([A-Z])\s?[.):])\s*(\S.*?)\s*$")
_HEADER = re.compile(r"^\s*(?:options?|choices?|answer choices)\s*:?\s*$", re.IGNORECASE)
_INLINE = re.compile(r"\s(?:options?|choices?)\s*:\s*(?=\(?A\s?[.):])", re.IGNORECASE)
_INLINE_OPTION = re.compile(r"(?:^|[\s,;])\(?([A-Z])(?:\)|\s?[.:])\s+")
_HINT = re.compile(
    r"\s*(?:please\s+)?(?:answer|respond|reply|select|choose)\b[^.\n]*\b(?:letter|option|choice)s?\b[^.\n]*(?:directly)?\.?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its options."""

    question: str
    options: tuple[str, ...] = ()


def plain_value(value: Any) -> Any:
    """A value as JSON can hold it: bytes by what they are, numbers that are none as null, anything unknown as text."""
    if isinstance(value, Mapping):
        return {str(name): plain_value(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(part) for part in value]
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value)} bytes"
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def without_placeholders(text: str) -> tuple[str, int]:
    """A question without what stands for its image, and how many of that there were."""
    bare, count = _PLACEHOLDER.subn("", text)
    return bare.strip(), count


def asked_of(problem: str) -> Asked:
    r"""A question as it is put to a model, and the options that are written below it, or after `Options:`.

    >>> asked_of("Which is red?\nA. circle\nB. square")
    Asked(question='Which is red?', options=('circle', 'square'))
    >>> asked_of("Which is red? Options: (A) circle (B) square").options
    ('circle', 'square')
    >>> asked_of("How many?")
    Asked(question='How many?', options=())
    """
    lines = problem.strip().split("\n")
    while lines and (not lines[-1].strip() or (len(lines) > 2 and _HINT.fullmatch(lines[-1]))):
        lines.pop()
    options: list[str] = []
    rest = list(lines)
    while rest and (match := _OPTION.match(rest[-1])):
        options.insert(0, match[3])
        letter = match[1] or match[2]
        rest.pop()
        if letter == "A":
            break
    lettered = [match[1] or match[2] for line in lines[len(rest) :] if (match := _OPTION.match(line))]
    if len(options) > 1 and lettered == list(LETTERS[: len(options)]):
        while rest and (not rest[-1].strip() or _HEADER.match(rest[-1])):
            rest.pop()
        return Asked("\n".join(rest).strip(), tuple(options))
    return _inline(problem.strip())


def _inline(problem: str) -> Asked:
    start = _INLINE.search(problem)
    if start is None:
        return Asked(problem)
    parts = _INLINE_OPTION.split(problem[start.end() :])
    letters, texts = parts[1::2], [part.strip(" ,;\n") for part in parts[2::2]]
    if len(letters) < 2 or letters != list(LETTERS[: len(letters)]) or not all(texts):
        return Asked(problem)
    return Asked(problem[: start.start()].strip(), tuple(texts))


def options_of(value: Any) -> tuple[str, ...]:
    """Options in any of the usual forms, without their letters.

    >>> options_of({"label": ["A", "B"], "text": ["red", "blue"]}), options_of("['red', 'blue']"), options_of(["(A) red", "(B) blue"])
    (('red', 'blue'), ('red', 'blue'), ('red', 'blue'))

    Raises `Rejected` (`not_wellformed`) for a value that is none.
    """
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        value = _literal(value)
    if isinstance(value, Mapping):
        texts = value.get("text")
        value = texts if isinstance(texts, (list, tuple)) else [value[name] for name in sorted(value)]
    if not isinstance(value, (list, tuple)) or any(isinstance(part, (list, tuple, Mapping)) for part in value):
        raise Rejected("not_wellformed", f"options {str(value)[:100]!r} are no list of texts")
    texts = [str(part).strip() for part in value if part is not None]
    matches = [_OPTION.match(text) for text in texts]
    letters = [(match[1] or match[2]) for match in matches if match]
    if texts and letters == list(LETTERS[: len(texts)]):
        return tuple(match[3] for match in matches if match)
    return tuple(texts)


def _literal(text: str) -> Any:
    """A list that was written as a text, in JSON or as Python shows it; one option a line else."""
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, (list, tuple, dict)):
            return value
    return [line for line in text.split("\n") if line.strip()]


def answers_of(value: Any, options: Sequence[str]) -> tuple[str, list[str]]:
    """The answer, and others that are right, too: of several that most say, which is the first of those that are said as often.

    An index is that of an option, from 0 on. Raises `Rejected`: `no_answer`, or `ambiguous_answer` for a number that is one option's index
    and another's text.

    >>> answers_of(1, ["red", "blue"]), answers_of(["4", "four", "4"], [])
    (('B', []), ('4', ['four']))
    """
    if isinstance(value, Mapping):
        value = value.get("answer", value.get("text"))
    if isinstance(value, (list, tuple)):
        texts = [answers_of(part, options)[0] for part in value if part is not None]
        if not texts:
            raise Rejected("no_answer", "the list of answers is empty")
        first = Counter(texts).most_common(1)[0][0]
        return first, [text for text in dict.fromkeys(texts) if text != first]
    if isinstance(value, bool):
        return ("yes" if value else "no"), []
    if options and isinstance(value, int):
        return _indexed(value, options), []
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = "" if value is None else str(value).strip()
    if not text:
        raise Rejected("no_answer", "the row has no answer")
    return text, []


def _indexed(index: int, options: Sequence[str]) -> str:
    named = [place for place, option in enumerate(options) if option == str(index)]
    if 0 <= index < len(options):
        if named and named != [index]:
            raise Rejected(
                "ambiguous_answer",
                f"{index} is the text of option {LETTERS[named[0]]}, and the index of {LETTERS[index]}",
            )
        return LETTERS[index]
    if named:
        return LETTERS[named[0]]
    raise Rejected("no_option", f"{index} is the index of none of {len(options)} options")


def reply_parts(response: str) -> tuple[str, str]:
    """Reasoning path and answer of a reply; all of it is the answer where it has no two parts.

    >>> reply_parts("<think>two and two</think><answer>4</answer>"), reply_parts("4")
    (('two and two', '4'), ('', '4'))
    """
    answer = answer_part(response)
    if answer is None:
        thought, closed, rest = response.partition("</think>")
        return (thought.removeprefix("<think>").strip(), rest.strip()) if closed else ("", response.strip())
    thought = response.rpartition("</think>")[0] or response.rpartition("<answer>")[0]
    return thought.strip().removeprefix("<think>").strip(), answer


def strings_of(value: Any) -> list[str]:
    """A list of texts; of one text its parts between commas."""
    if value is None:
        return []
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, (list, tuple)) else [value]
    return [str(part).strip() for part in parts if part is not None and str(part).strip()]
