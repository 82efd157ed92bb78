"""Questions answered by Yes or No; of HallusionBench, whose index names sets and figures, the mean of three accuracies.

Rules after VLMEvalKit's `Hallusion_rating`.
"""

from collections.abc import Iterator, Mapping

import numpy as np
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
from wethink_assets.evaluation.grading.breakdown import Breakdown, by_category, percent_of
from wethink_assets.evaluation.grading.clusters import HIT, Clusters, single_samples
from wethink_assets.evaluation.grading.judge import UNKNOWN
from wethink_assets.evaluation.grading.rules import yes_or_no
from wethink_assets.evaluation.samples.questions import DrawnQuestion, draw_question, rearranged, stream
from wethink_assets.kinds import FILL_IN
from wethink_assets.sources.sample.questions import YES_NO as YES_NO_ANSWERS
from wethink_assets.sources.sample.questions import Query

INDEX_PARTS = {"set_id": 3, "figure_id": 4, "question_id": 5}
"""Where HallusionBench's index, such as `VD_chart_1_0_0_1`, has set, figure and question."""


class YesNo(Form):
    """Yes or No. A file without HallusionBench's index is plain accuracy."""

    def row_faults(self, row: Row) -> Mapping[str, str]:
        return {} if row["answer"] in ("Yes", "No") else {"answer": f"{row['answer']!r} is neither Yes nor No"}

    def table_fault(self, rows: pl.DataFrame) -> str:
        named = rows["index"].str.count_matches("_").ge(5)
        if named.all() or not named.any():
            return ""
        index = rows.filter(~named)["index"][0]
        return f"row {index!r}, column index: it names no set, figure and question, as the others do (VD_chart_1_0_0_1)"

    async def verdict(self, row: Row, answer: str, ask: AskJudge) -> Verdict:
        word, how = yes_or_no(answer), RULE
        if word is None:
            word, how = await ask("judge_yes_no", question=row["question"], reply=answer), JUDGE
        if word is None:
            word, how = UNKNOWN, UNDECIDED
        return verdict_of(word == row["answer"], word, how)

    def clusters(self, frame: pl.DataFrame) -> Clusters:
        if not _has_hallusion_index(frame):
            return single_samples(frame)
        ids = with_hallusion_ids(frame)
        sets = ids.group_by("set", maintain_order=True).agg(HIT.sum().alias("hits"), pl.len().alias("rows"))
        for name in ("figure_id", "question_id"):
            groups = ids.group_by("set", name).agg(HIT.min())
            counted = groups.group_by("set").agg(HIT.sum().alias(f"{name} right"), pl.len().alias(name))
            sets = sets.join(counted, on="set", how="left", maintain_order="left")
        return Clusters(
            tuple(sets["set"]),
            sets.select("hits", "figure_id right", "question_id right").to_numpy().astype(np.float64),
            sets.select("rows", "figure_id", "question_id").to_numpy().astype(np.float64),
        )

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        if not _has_hallusion_index(frame):
            return by_category(frame)
        figures = _accuracies(frame)
        for column in ("category", "l2-category"):
            if column in frame.columns:
                for (value,), group in frame.group_by(column, maintain_order=True):
                    figures |= {f"{value} {name}": figure for name, figure in _accuracies(group).items()}
        return figures

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """Sets of two figures and two questions: the second figure shows the same things in other places, so answers may turn."""
        for number in range(-(-count // 4)):
            rng = stream(key, number)
            first = draw_question(key, number, FILL_IN.code, lambda family: family.pool is YES_NO_ANSWERS)
            other, again = rearranged(first.scene, rng), _second_question(first)
            for figure, scene in enumerate((first.scene, other), 1):
                for question, query in enumerate((first.query, again)):
                    drawn = DrawnQuestion(scene, query, FILL_IN.code, (), f"{key}/{number}/{figure}")
                    answer = {"yes": "Yes", "no": "No"}[drawn.answer]
                    index = f"VD_{scene.kind}_1_{number}_{figure}_{question}"
                    yield {"index": index, **drawn.columns(), "category": "VD", "l2-category": scene.kind,
                           "set_id": str(number), "figure_id": str(figure), "question_id": str(question),
                           "answer": answer}  # fmt: skip


def _has_hallusion_index(frame: pl.DataFrame) -> bool:
    return bool(frame["index"].str.count_matches("_").ge(5).all())


def with_hallusion_ids(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with set, figure and question of HallusionBench's index, each within its `l2-category`."""
    parts = pl.col("index").str.split("_")
    ids = frame.with_columns(parts.list.get(number).alias(name) for name, number in INDEX_PARTS.items())
    category = pl.col("l2-category").fill_null("") if "l2-category" in frame.columns else pl.lit("")
    ids = ids.with_columns(pl.concat_str(category, pl.col("set_id"), separator="_").alias("set"))
    return ids.with_columns(
        pl.concat_str("set", name, separator="_").alias(name) for name in ("figure_id", "question_id")
    )


def _accuracies(frame: pl.DataFrame) -> Breakdown:
    """aAcc (questions), fAcc (figures with all questions right) and qAcc (questions right on all figures) in percent."""
    ids = with_hallusion_ids(frame)

    def whole(name: str) -> float:
        return percent_of(ids.group_by(name).agg(HIT.min())["hit"])

    return {"aAcc": percent_of(ids["hit"]), "fAcc": whole("figure_id"), "qAcc": whole("question_id")}


def _second_question(first: DrawnQuestion) -> Query:
    """Another question about the same things: with the two subjects exchanged, or about another character."""
    args = dict(first.query.args)
    swapped = {
        name: args.get(f"{name}2", value) if not name.endswith("2") else args[name[:-1]] for name, value in args.items()
    }
    if swapped == args:
        labels = [item.label for item in first.scene.items if item.label != args.get("label")]
        swapped = {**args, "label": labels[0]} if labels else args
    return Query(first.query.family, swapped, 1 - first.query.wording)


YES_NO = YesNo()
