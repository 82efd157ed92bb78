"""MathVista and MathVision: options in a list, or a value; what no rule reads is extracted by the judge and compared by rule."""

from collections.abc import Iterator, Mapping

import polars as pl

from wethink_assets.evaluation.forms.form import (
    JUDGE,
    RULE,
    UNDECIDED,
    AskJudge,
    Fields,
    Form,
    Row,
    Verdict,
    verdict_of,
)
from wethink_assets.evaluation.grading.breakdown import (
    Breakdown,
    Category,
    by_column,
    by_tag,
    categories_by,
    categories_by_tag,
)
from wethink_assets.evaluation.grading.rules import list_of, number_of, option_of
from wethink_assets.evaluation.samples.questions import DrawnQuestion, draw_question
from wethink_assets.kinds import FILL_IN, LETTERS, MULTIPLE_CHOICE
from wethink_assets.rewards.equivalence.answers import accepts
from wethink_assets.sources.sample.questions import NUMBERS

LETTER_HINT = "Please answer the question and provide the correct option letter, e.g., A, B, C, D, at the end."
NUMBER_HINT = (
    "Please answer the question requiring an integer answer and provide the final value, e.g., 1, 2, 3, at the end."
)
ANSWER_TYPES = ("integer", "float", "text", "list")


class ListedOptions(Form):
    """Options stand in the column `choices`, as a list in text."""

    def options(self, row: Row) -> dict[str, str]:
        return dict(zip(LETTERS, list_of(row.get("choices")), strict=False))

    async def letter_verdict(self, row: Row, answer: str, ask: AskJudge, right: str) -> Verdict:
        """Verdict on the answer to a question with options."""
        options = self.options(row)
        letter = option_of(answer, options)
        if letter is not None:
            return verdict_of(letter == right, letter, RULE)
        extracted = await ask("judge_extract", question=row["question"], instruction="an option letter", reply=answer)
        letter = option_of(extracted, options) if extracted else None
        return verdict_of(letter == right, letter, UNDECIDED if extracted is None else JUDGE)

    def letter_fault(self, row: Row, column: str) -> Mapping[str, str]:
        """What is wrong with the options of a row, or with the letter of the right one."""
        options = self.options(row)
        if len(options) < 2:
            return {"choices": f"{row.get('choices')!r} is no list of two options at least"}
        if row.get(column) not in options:
            return {column: f"{row.get(column)!r} is no letter of its options ({', '.join(options)})"}
        return {}


class MathVista(ListedOptions):
    """Options, whole numbers, decimals or texts, as `question_type` and `answer_type` say."""

    def row_faults(self, row: Row) -> Mapping[str, str]:
        asked, answer_type = row.get("question_type"), row.get("answer_type")
        if asked == "multi_choice":
            return self.letter_fault(row, "answer_option")
        if faults := super().row_faults(row):
            return faults
        if asked not in (None, "free_form"):
            return {"question_type": f"{asked!r} is neither multi_choice nor free_form"}
        if answer_type not in (None, *ANSWER_TYPES):
            return {"answer_type": f"{answer_type!r} is none of {', '.join(ANSWER_TYPES)}"}
        known = _typed_value(row, str(row["answer"])) is not None
        return {} if known else {"answer": f"{row['answer']!r} is no number of the type {answer_type}"}

    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        if row.get("question_type") == "multi_choice":
            return await self.letter_verdict(row, answer, ask, str(row.get("answer_option")))
        if _same_typed_value(row, answer):
            return Verdict(1.0, answer, RULE)
        extracted = await ask(
            "judge_extract", question=row["question"], instruction=row.get("answer_type"), reply=answer
        )
        if extracted is None:
            return Verdict(0.0, answer, UNDECIDED if _typed_value(row, answer) is None else RULE)
        return verdict_of(_same_typed_value(row, extracted), extracted, JUDGE)

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        return {**by_column(frame, "task"), **by_tag(frame, _skills, ["skills"])}

    def categories(self, frame: pl.DataFrame) -> Iterator[Category]:
        yield from categories_by(frame, "task")
        yield from categories_by_tag(frame, _skills, ["skills"])

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """Half multiple choice, half whole numbers, with the hint that the real one has."""
        for number in range(count):
            choice = number % 2 == 0
            if choice:
                drawn = draw_question(key, number // 2, MULTIPLE_CHOICE.code)
            else:
                drawn = draw_question(key, number // 2 + count, FILL_IN.code, lambda family: family.pool is NUMBERS)
            hint = LETTER_HINT if choice else NUMBER_HINT
            yield {
                "index": str(number), **drawn.columns(f"Hint: {hint}\nQuestion: {_with_choices(drawn)}"), "answer": drawn.answer,
                "answer_option": drawn.letter if choice else "", "question_type": "multi_choice" if choice else "free_form",
                "answer_type": "text" if choice else "integer", "choices": str(list(drawn.options)), "task": drawn.query.family.category,
                "skills": str([ability.lower() for ability in drawn.query.family.abilities[1:]]),
            }  # fmt: skip


def _skills(row: Mapping[str, str]) -> list[str]:
    return list(list_of(row.get("skills")))


def _typed_value(row: Row, text: str) -> float | str | None:
    answer_type = row.get("answer_type")
    return number_of(text, whole=answer_type == "integer") if answer_type in ("integer", "float") else text


def _same_typed_value(row: Row, text: str) -> bool:
    value = _typed_value(row, text)
    return value is not None and value == _typed_value(row, str(row["answer"]))


class MathVision(ListedOptions):
    """Options where `choices` has some, else a value."""

    logic_version = "2"

    def row_faults(self, row: Row) -> Mapping[str, str]:
        listed = list_of(row.get("choices"))
        return self.letter_fault(row, "answer") if listed else super().row_faults(row)

    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        right = str(row["answer"])
        if self.options(row):
            return await self.letter_verdict(row, answer, ask, right)
        if _same_value(row, answer, right):
            return Verdict(1.0, answer, RULE)
        extracted = await ask("judge_extract", question=row["question"], instruction="", reply=answer)
        if extracted is None:
            return Verdict(0.0, answer, UNDECIDED)
        return verdict_of(_same_value(row, extracted, right), extracted, JUDGE)

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """Half with choices, half with a short answer."""
        for number in range(count):
            choice = number % 2 == 1
            drawn = draw_question(key, number, MULTIPLE_CHOICE.code if choice else FILL_IN.code)
            yield {"index": str(number), **drawn.columns(_with_choices(drawn)),
                   "answer": drawn.letter if choice else drawn.answer, "choices": str(list(drawn.options))}  # fmt: skip


def _same_value(row: Row, answer: str, right: str) -> bool:
    """Values where the reference has a digit; words only as they are written."""
    if answer.strip().lower() == right.strip().lower():
        return True
    measured = any(character.isdigit() for character in right)
    return measured and accepts(FILL_IN.code, right, answer, question=str(row["question"]))


def _with_choices(drawn: DrawnQuestion) -> str:
    """A drawn question with its options, where it has some."""
    return f"{drawn.text}\nChoices:\n{drawn.listed_options}" if drawn.options else drawn.text


MATHVISTA = MathVista()
MATHVISION = MathVision()
