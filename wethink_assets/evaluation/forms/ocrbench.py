"""OCRBench: texts to read, right where one of the answers occurs in the reply; points by its five groups."""

from collections.abc import Iterator, Mapping

import polars as pl

from wethink_assets.evaluation.forms.form import RULE, VLMEVALKIT, AskJudge, Fields, Form, Row, Verdict, verdict_of
from wethink_assets.evaluation.grading.breakdown import Breakdown
from wethink_assets.evaluation.grading.clusters import HIT
from wethink_assets.evaluation.grading.rules import contains_answer, list_of
from wethink_assets.evaluation.samples.questions import draw_question
from wethink_assets.kinds import FILL_IN
from wethink_assets.sources.sample.scenes import VisualKind

FORMULAS = "Handwritten Mathematical Expression Recognition"
GROUPS = ("Scene Text-centric VQA", "Doc-oriented VQA", "Key Information Extraction", FORMULAS)
READING = "Text Recognition"
"""Group of all other categories."""
CATEGORIES = (
    "Regular Text Recognition", "Irregular Text Recognition", "Artistic Text Recognition", "Handwriting Recognition",
    "Digit String Recognition", "Non-Semantic Text Recognition", *GROUPS,
)  # fmt: skip
READ, READ_OR_FIND = ("read",), ("read", "label_at", "label_of", "character_at", "after")
"""Families of questions that stand-ins ask."""
TEXTS: tuple[VisualKind, ...] = ("text",)
TEXTS_AND_FIGURES: tuple[VisualKind, ...] = ("text", "figure")


class OCRBench(Form):
    """No judge is asked."""

    columns = ("answer", "category")
    judged = False

    def row_faults(self, row: Row) -> Mapping[str, str]:
        answer = str(row["answer"] or "").strip()
        if answer[:1] == "[" and list_of(answer) == [answer]:
            return {"answer": f"{answer[:60]!r} is a list that cannot be read"}
        if not any(part.strip() for part in list_of(answer)):
            return {"answer": "it holds no text to be found"}
        return {}

    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        return verdict_of(_contains(row, answer), answer, RULE)

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        """Points by group: right answers, as its score of 1000 adds them up."""
        group = pl.when(pl.col("category").is_in(GROUPS)).then("category").otherwise(pl.lit(READING))
        points = frame.with_columns(group.alias("group")).group_by("group").agg(HIT.sum()).sort("group")
        return {f"points: {name}": float(value) for name, value in points.iter_rows()}

    def vlmevalkit_verdicts(
        self, rows: pl.DataFrame, answers: Mapping[str, str], verdicts: Mapping[str, Verdict]
    ) -> Mapping[str, Verdict]:
        """It only counts: the verdict on each row is its rule's."""
        graded = ((row, answers[row["index"]]) for row in rows.iter_rows(named=True))
        return {
            row["index"]: verdict_of(bool(answer) and _contains(row, answer), answer, VLMEVALKIT)
            for row, answer in graded
        }

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """Texts to read and labels to find, over the ten categories; the answers are a list."""
        for number in range(count):
            category = CATEGORIES[number % len(CATEGORIES)]
            reading = category not in GROUPS
            families, kinds = (READ, TEXTS) if reading else (READ_OR_FIND, TEXTS_AND_FIGURES)
            drawn = draw_question(
                key, number, FILL_IN.code, lambda family, names=families: family.name in names, kinds,  # type: ignore[misc]
                hard=category.startswith(("Irregular", "Handwr")),
            )  # fmt: skip
            yield {"index": str(number), **drawn.columns(), "category": category, "answer": str([drawn.answer])}


def _contains(row: Row, answer: str) -> bool:
    return contains_answer(answer, list_of(row["answer"]), formula=row.get("category") == FORMULAS)


OCR = OCRBench()
