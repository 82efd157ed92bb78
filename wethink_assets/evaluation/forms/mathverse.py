"""MathVerse: the judge extracts an answer, and says whether it is the reference where the two are not worded alike."""

import json
from collections.abc import Iterable, Iterator, Mapping

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
from wethink_assets.evaluation.samples.questions import draw_question
from wethink_assets.kinds import FILL_IN


class MathVerse(Form):
    """Short answers; the question as the judge reads it stands in `question_for_eval`."""

    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        right, question = str(row["answer"]).strip(), row.get("question_for_eval") or row["question"]
        from_judge = await ask("judge_extract", question=question, instruction="", reply=answer)
        extracted = answer if from_judge is None else from_judge
        if extracted.strip() == right:
            return Verdict(1.0, extracted, RULE if from_judge is None else JUDGE)
        same = (
            await ask("judge_consistent", question=question, reference=right, reply=extracted) if extracted else False
        )
        return verdict_of(bool(same), extracted, UNDECIDED if same is None else JUDGE)

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        return by_tag(frame, _subjects, ["metadata"])

    def categories(self, frame: pl.DataFrame) -> Iterator[Category]:
        return categories_by_tag(frame, _subjects, ["metadata"])

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """Short answers; subject and subfield as metadata."""
        for number in range(count):
            drawn = draw_question(key, number, FILL_IN.code)
            metadata = {"split": "testmini", "source": "drawn", "subject": drawn.scene.kind,
                        "subfield": drawn.query.family.category}  # fmt: skip
            yield {"index": str(number), **drawn.columns(), "answer": drawn.answer, "question_for_eval": drawn.text,
                   "problem_version": "Vision Only", "metadata": str(metadata)}  # fmt: skip


def _subjects(row: Mapping[str, str]) -> Iterable[str]:
    """Subject and subfield of the metadata, which is a dictionary as Python prints it."""
    try:
        metadata = json.loads((row.get("metadata") or "{}").replace("'", '"'))
    except ValueError:
        return []
    return [str(metadata[name]) for name in ("subject", "subfield") if name in metadata]


MATHVERSE = MathVerse()
