"""LogicVista: questions whose answer is one or several option letters, by skill."""

from collections.abc import Iterator

import polars as pl

from wethink_assets.evaluation.forms.form import Fields, Form, Row
from wethink_assets.evaluation.grading.breakdown import Breakdown, by_tag
from wethink_assets.evaluation.grading.rules import letters_of
from wethink_assets.evaluation.grading.verdicts import JUDGE, RULE, UNDECIDED, AskJudge, Verdict, verdict_of

SKILLS = ("inductive", "deductive", "numerical", "spatial", "mechanical")


class LogicVista(Form):
    """Options stand inside the question; all right letters must be named, and no other."""

    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        right = "".join(sorted(part.strip().lower() for part in str(row["answer"]).split(",")))
        letters, how = letters_of(answer), RULE
        if letters is None:
            letters, how = await ask("judge_letters", question=row["question"], reply=answer), JUDGE
        return verdict_of(letters == right, letters, UNDECIDED if letters is None else how)

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        return by_tag(frame, lambda row: [skill for skill in SKILLS if skill in (row.get("skill") or "")], ["skill"])

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        from wethink_assets.evaluation.samples import choices

        return choices.logicvista(key, count)


LOGICVISTA = LogicVista()
