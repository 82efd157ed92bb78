"""LogicVista: questions whose answer is one or several option letters, by skill."""

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
from wethink_assets.evaluation.grading.breakdown import Breakdown, Category, by_tag, categories_by_tag
from wethink_assets.evaluation.grading.rules import letters_of
from wethink_assets.evaluation.samples.questions import draw_question
from wethink_assets.kinds import LETTERS, MULTIPLE_CHOICE, lettered

SKILLS = ("inductive", "deductive", "numerical", "spatial", "mechanical")
SKILL_OF = {"Math": "numerical", "Spatial Awareness": "spatial", "Knowledge": "deductive", "OCR": "inductive"}
"""Skill of a drawn question, by its abilities."""


class LogicVista(Form):
    """Options stand inside the question; all right letters must be named, and no other."""

    def row_faults(self, row: Row) -> Mapping[str, str]:
        letters = [part.strip().upper() for part in str(row["answer"] or "").split(",")]
        plain = all(letter in tuple(LETTERS) for letter in letters) and len({*letters}) == len(letters)
        return {} if plain else {"answer": f"{row['answer']!r} names no letters of options, such as A or A, C"}

    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        right = "".join(sorted(part.strip().lower() for part in str(row["answer"]).split(",")))
        letters, how = letters_of(answer), RULE
        if letters is None:
            letters, how = await ask("judge_letters", question=row["question"], reply=answer), JUDGE
        return verdict_of(letters == right, letters, UNDECIDED if letters is None else how)

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        return by_tag(frame, _skills, ["skill"])

    def categories(self, frame: pl.DataFrame) -> Iterator[Category]:
        return categories_by_tag(frame, _skills, ["skill"])

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """Options inside the question; the skill after its abilities."""
        for number in range(count):
            drawn = draw_question(key, number, MULTIPLE_CHOICE.code)
            listed = " ".join(f"{letter}. {text}" for letter, text in lettered(drawn.options))
            skills = sorted({SKILL_OF.get(ability, "mechanical") for ability in drawn.query.family.abilities[1:]})
            yield {"index": str(number), **drawn.columns(f"{drawn.text} Select from: {listed}"), **drawn.option_columns,
                   "answer": drawn.letter, "skill": ", ".join(skills)}  # fmt: skip


def _skills(row: Mapping[str, str]) -> list[str]:
    return [skill for skill in SKILLS if skill in (row.get("skill") or "")]


LOGICVISTA = LogicVista()
