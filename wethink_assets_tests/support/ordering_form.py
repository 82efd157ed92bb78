"""A benchmark form of one's own, registered on import: put things in order; a scene counts only if all its questions are right."""

import polars as pl

from wethink_assets.evaluation.forms.form import JUDGE, RULE, UNDECIDED, AskJudge, Form, Row, Verdict, verdict_of
from wethink_assets.evaluation.grading.breakdown import Breakdown, by_column
from wethink_assets.evaluation.grading.clusters import HIT, ONE, Clusters, clustered
from wethink_assets.extensions.builtin import BENCHMARK_FORMS


def order_in(text: str) -> list[str]:
    """Names in the order in which a text has them, by commas."""
    return [name.strip().lower() for name in text.split(",")] if "," in text else []


class Ordering(Form):
    """Things from left to right, with commas."""

    logic_version = "1"
    columns = ("answer", "scene")
    headline = "scenes in order"

    def prompt(self, row: Row) -> str:
        return f"{row['question']} Name them from left to right, with commas."

    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        order, how = order_in(answer), RULE
        if not order:
            extracted = await ask("judge_extract", question=row["question"], instruction="names", reply=answer)
            order, how = (order_in(extracted), JUDGE) if extracted is not None else ([], UNDECIDED)
        return verdict_of(order == order_in(str(row["answer"])), ", ".join(order), how)

    def clusters(self, frame: pl.DataFrame) -> Clusters:
        return clustered(frame, "scene", [HIT.min()], [ONE.first()])

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        return by_column(frame, "length", "of length ")


ORDERING = BENCHMARK_FORMS.register("ordering", Ordering())
