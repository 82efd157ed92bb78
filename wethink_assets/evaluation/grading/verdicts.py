"""Is one reply right? By the rule of its benchmark's form, and by the judge where the rule cannot tell.

A verdict's `hit` is what the form's aggregation adds up: 0 or 1, of MM-Vet a grade between them.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from wethink_assets.evaluation.benchmarks.catalog import Form
from wethink_assets.evaluation.benchmarks.rows import Row, options_of, reference_of, right_option
from wethink_assets.evaluation.grading.judge import UNKNOWN
from wethink_assets.evaluation.grading.rules import (
    NO_OPTION,
    contains_answer,
    letters_of,
    list_of,
    number,
    option_of,
    short_answer,
    yes_or_no,
)
from wethink_assets.rewards.equivalence.answers import equal_values

LOGIC_VERSION = "2"
FORMULAS = "Handwritten Mathematical Expression Recognition"
DYNAMATH_CLOSE = 0.001
RULE, JUDGE, UNDECIDED, FAILED = "rule", "judge", "undecided", "judge failed"


class JudgeFailed(Exception):
    """The judge could not be asked, or gave nothing that can be used."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one reply. how: `rule`, `judge`, `undecided` (no rule fits and no judge can be asked) or `judge failed`."""

    hit: float
    extracted: str
    how: str


JudgeAsk = Callable[..., Awaitable[Any]]
"""`await ask(prompt, question=..., reply=..., ...)`: what the judge says; None where it cannot be asked that; raises `JudgeFailed`."""
Decide = Callable[[Row, Form, str, JudgeAsk], Awaitable[Verdict]]


def _verdict(right: bool, extracted: object, how: str) -> Verdict:
    return Verdict(float(right), "" if extracted is None else str(extracted), how)


async def decide(row: Row, form: Form, answer: str, ask: JudgeAsk) -> Verdict:
    """Verdict on an answer (a reply without its thought). A judge that fails makes it wrong, and is counted."""
    if not answer:
        return Verdict(0.0, "", RULE)
    try:
        return await DECIDE[form](row, form, answer, ask)
    except JudgeFailed:
        return Verdict(0.0, "", FAILED)


async def _choice(row: Row, form: Form, answer: str, ask: JudgeAsk) -> Verdict:
    options = options_of(row, form)
    letter, how = option_of(answer, options), RULE
    if letter is None:
        letter, how = await ask("judge_option", question=row["question"], options=options, reply=answer), JUDGE
    if letter is None:
        letter, how = NO_OPTION, UNDECIDED
    return _verdict(letter == right_option(row, form), letter, how)


async def _yes_no(row: Row, form: Form, answer: str, ask: JudgeAsk) -> Verdict:
    word, how = yes_or_no(answer), RULE
    if word is None:
        word, how = await ask("judge_yes_no", question=row["question"], reply=answer), JUDGE
    if word is None:
        word, how = UNKNOWN, UNDECIDED
    return _verdict(word == row["answer"], word, how)


async def _ocr(row: Row, form: Form, answer: str, ask: JudgeAsk) -> Verdict:
    formula = row.get("category") == FORMULAS
    return _verdict(contains_answer(answer, list_of(row["answer"]), formula=formula), answer, RULE)


async def _logicvista(row: Row, form: Form, answer: str, ask: JudgeAsk) -> Verdict:
    right = "".join(sorted(part.strip().lower() for part in str(row["answer"]).split(",")))
    letters, how = letters_of(answer), RULE
    if letters is None:
        letters, how = await ask("judge_letters", question=row["question"], reply=answer), JUDGE
    return _verdict(letters == right, letters, UNDECIDED if letters is None else how)


async def _mathvista(row: Row, form: Form, answer: str, ask: JudgeAsk) -> Verdict:
    if row.get("question_type") == "multi_choice":
        return await _by_letter(row, form, answer, ask, str(row.get("answer_option")))
    if _mathvista_equal(row, answer):
        return Verdict(1.0, answer, RULE)
    said = await ask("judge_extract", question=row["question"], instruction=row.get("answer_type"), reply=answer)
    if said is None:
        return Verdict(0.0, answer, UNDECIDED if _mathvista_value(row, answer) is None else RULE)
    return _verdict(_mathvista_equal(row, said), said, JUDGE)


def _mathvista_value(row: Row, text: str) -> float | str | None:
    kind = row.get("answer_type")
    return number(text, whole=kind == "integer") if kind in ("integer", "float") else text


def _mathvista_equal(row: Row, text: str) -> bool:
    value = _mathvista_value(row, text)
    return value is not None and value == _mathvista_value(row, str(row["answer"]))


async def _by_letter(row: Row, form: Form, answer: str, ask: JudgeAsk, right: str) -> Verdict:
    options = options_of(row, form)
    letter = option_of(answer, options)
    if letter is not None:
        return _verdict(letter == right, letter, RULE)
    said = await ask("judge_extract", question=row["question"], instruction="an option letter", reply=answer)
    letter = option_of(said, options) if said else None
    return _verdict(letter == right, letter, UNDECIDED if said is None else JUDGE)


async def _mathvision(row: Row, form: Form, answer: str, ask: JudgeAsk) -> Verdict:
    right = str(row["answer"])
    if list_of(row.get("choices")):
        return await _by_letter(row, form, answer, ask, right)
    if _mathvision_equal(answer, right):
        return Verdict(1.0, answer, RULE)
    said = await ask("judge_extract", question=row["question"], instruction="", reply=answer)
    if said is None:
        return Verdict(0.0, answer, UNDECIDED)
    return _verdict(_mathvision_equal(said, right), said, JUDGE)


def _mathvision_equal(said: str, right: str) -> bool:
    """Values where the reference has a digit; words only as they are written."""
    if said.strip().lower() == right.strip().lower():
        return True
    return any(character.isdigit() for character in right) and bool(equal_values(said, right))


async def _mathverse(row: Row, form: Form, answer: str, ask: JudgeAsk) -> Verdict:
    right, question = str(row["answer"]).strip(), row.get("question_for_eval") or row["question"]
    said = await ask("judge_extract", question=question, instruction="", reply=answer)
    extracted = answer if said is None else said
    if extracted.strip() == right:
        return Verdict(1.0, extracted, RULE if said is None else JUDGE)
    same = await ask("judge_consistent", question=question, reference=right, reply=extracted) if extracted else False
    return _verdict(bool(same), extracted, UNDECIDED if same is None else JUDGE)


async def _dynamath(row: Row, form: Form, answer: str, ask: JudgeAsk) -> Verdict:
    kind, right = str(row.get("answer_type")), str(row["answer"])
    told = _short(answer)
    value, how = short_answer(told if told is not None else answer, kind), RULE
    if value is None:
        forms = {"multiple choice": "an option letter", "float": "a number with three decimal places"}
        said = await ask("judge_extract", question=row["question"], instruction=forms.get(kind, ""), reply=answer)
        said, how = (said, JUDGE) if said is not None else ("", UNDECIDED)
        value = short_answer(said, kind)
    if value is None:  # VLMEvalKit's last resort: an option that begins so is taken to be meant
        return Verdict(float(kind == "multiple choice" and right in answer[:3].upper()), "", how)
    if kind == "float":
        reference = number(right, whole=False)
        return _verdict(reference is not None and abs(float(value) - reference) <= DYNAMATH_CLOSE, value, how)
    same = value == right if kind == "multiple choice" else str(value).lower() in right.lower()
    return _verdict(same, value, how)


def _short(answer: str) -> str | None:
    """`short answer` of the JSON object that DynaMath asks for, or None."""
    start, end = answer.find("{"), answer.rfind("}")
    try:
        found = json.loads(answer[start : end + 1].replace("\\", ""), strict=False) if 0 <= start < end else None
    except (ValueError, RecursionError):
        return None
    said = found.get("short answer") if isinstance(found, dict) else None
    return str(said) if isinstance(said, (str, int, float)) else None


async def _graded(row: Row, form: Form, answer: str, ask: JudgeAsk) -> Verdict:
    grade = await ask(
        "judge_grade", question=row.get("asked") or row["question"], reference=reference_of(row), reply=answer
    )
    return Verdict(0.0, answer, UNDECIDED) if grade is None else Verdict(float(grade), answer, JUDGE)


async def _free(row: Row, form: Form, answer: str, ask: JudgeAsk) -> Verdict:
    references = list_of(row["answer"]) or [reference_of(row)]
    if any(equal_values(answer, reference) for reference in references):
        return Verdict(1.0, answer, RULE)
    same = await ask("judge_consistent", question=row["question"], reference=" or ".join(references), reply=answer)
    return _verdict(bool(same), answer, UNDECIDED if same is None else JUDGE)


DECIDE: dict[Form, Decide] = {
    "choice": _choice,
    "circular": _choice,
    "mmmu": _choice,
    "wemath": _choice,
    "yes_no": _yes_no,
    "ocr": _ocr,
    "logicvista": _logicvista,
    "mathvista": _mathvista,
    "mathvision": _mathvision,
    "mathverse": _mathverse,
    "dynamath": _dynamath,
    "mmvet": _graded,
    "free": _free,
}
JUDGED: frozenset[Form] = frozenset(DECIDE) - {"ocr"}
"""Forms whose verdicts may come from the judge, so that their settings include it."""
