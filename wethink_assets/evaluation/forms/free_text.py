"""Forms answered in free text: MM-Vet, graded by the judge, and files of one's own, by value or else by the judge."""

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
from wethink_assets.evaluation.grading.rules import list_of, number_of
from wethink_assets.evaluation.samples.questions import draw_question
from wethink_assets.kinds import DESCRIPTIVE, FILL_IN
from wethink_assets.rewards.equivalence.answers import Allowed, accepts

CAPABILITIES = {
    "Recognition": "rec",
    "OCR": "ocr",
    "Knowledge": "know",
    "Language Generation": "gen",
    "Spatial Awareness": "spat",
    "Math": "math",
}
"""Names of its capabilities, by those of abilities."""


class MMVet(Form):
    """Answers in words that the judge grades from 0 to 1; the headline is the mean grade, broken down by capability."""

    headline = "mean grade"
    open_kind = DESCRIPTIVE

    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        question, reference = row.get("asked") or row["question"], self.reference(row)
        grade = await ask("judge_grade", question=question, reference=reference, reply=answer)
        return Verdict(0.0, answer, UNDECIDED) if grade is None else Verdict(float(grade), answer, JUDGE)

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        return by_tag(frame, _capabilities, ["category"])

    def categories(self, frame: pl.DataFrame) -> Iterator[Category]:
        return categories_by_tag(frame, _capabilities, ["category"])

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """Two of three answered in a sentence, one in a word."""
        for number in range(count):
            drawn = draw_question(key, number, FILL_IN.code if number % 3 == 2 else DESCRIPTIVE.code)
            capabilities = [CAPABILITIES[name] for name in drawn.query.family.abilities if name in CAPABILITIES]
            yield {"index": f"v1_{number}", **drawn.columns(), "answer": drawn.answer,
                   "category": ",".join(capabilities)}  # fmt: skip


class FreeText(Form):
    """A short answer, or one of a list of them: right by rule (lenient), else the same in meaning to the judge.

    A file may say what its questions allow, in the columns `tolerance` (relative, of numbers) and `edit_distance` (of texts, as a share of their
    characters).
    """

    logic_version = "2"

    def row_faults(self, row: Row) -> Mapping[str, str]:
        faults = dict(super().row_faults(row))
        for column in ("tolerance", "edit_distance"):
            value = number_of(str(row.get(column) or "0"), whole=False)
            if value is None or not 0 <= value < 1:
                faults[column] = f"{row[column]!r} is no number from 0 to below 1"
        return faults

    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        references = list_of(row["answer"]) or [self.reference(row)]
        allowed = Allowed(tuple(references[1:]), _share(row, "tolerance"), _share(row, "edit_distance"))
        if accepts(self.open_kind.code, references[0], answer, question=str(row["question"]), allowed=allowed):
            return Verdict(1.0, answer, RULE)
        same = await ask("judge_consistent", question=row["question"], reference=" or ".join(references), reply=answer)
        return verdict_of(bool(same), answer, UNDECIDED if same is None else JUDGE)


def _share(row: Row, column: str) -> float:
    """A number between 0 and 1 in a row's column; 0 where there is none."""
    value = number_of(str(row.get(column) or ""), whole=False)
    return value if value is not None and 0 < value < 1 else 0.0


def _capabilities(row: Mapping[str, str]) -> list[str]:
    return [name for name in CAPABILITIES.values() if name in (row.get("category") or "")]


MMVET = MMVet()
FREE = FreeText()
