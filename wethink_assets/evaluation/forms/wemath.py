"""WeMath: problems with their steps as questions of their own; points for what a problem and its steps show together.

IK insufficient knowledge, IG inadequate generalisation, CM complete mastery, RM rote memorisation (We-Math, Qiao et al. 2024). Rules after
VLMEvalKit's `utils/wemath.py`.
"""

import re
from collections.abc import Collection, Iterator, Mapping

import polars as pl

from wethink_assets.evaluation.forms.choice import Choice
from wethink_assets.evaluation.forms.form import Fields, Row
from wethink_assets.evaluation.grading.breakdown import Breakdown, Category, percent_of
from wethink_assets.evaluation.grading.clusters import HIT, Clusters, clustered
from wethink_assets.evaluation.samples.questions import is_hard, question_about, stream
from wethink_assets.kinds import MULTIPLE_CHOICE
from wethink_assets.sources.sample.families import FAMILIES
from wethink_assets.sources.sample.questions import Query
from wethink_assets.sources.sample.scenes import draw_scene

_KEY = re.compile(r"2steps_([12]|multi)|3steps_([123]|multi)")
FIGURES = ("IK", "IG", "CM strict", "RM strict", "CM loose", "RM loose")
FAMILY = {family.name: family for family in FAMILIES}


class WeMath(Choice):
    """Choices that belong to problems of two or three steps; the headline is the strict score."""

    columns = ("answer", "ID", "key")
    headline = "score (strict)"
    instruction = ""
    own_files_by_vlmevalkit = False

    def row_faults(self, row: Row) -> Mapping[str, str]:
        faults = dict(super().row_faults(row))
        if not str(row["ID"] or "").strip():
            faults["ID"] = "it is empty"
        if not _KEY.fullmatch(str(row["key"])):
            faults["key"] = f"{row['key']!r} is no step of a problem, such as 2steps_1, 3steps_3 or 3steps_multi"
        return faults

    def table_fault(self, rows: pl.DataFrame) -> str:
        parts = rows.with_columns(pl.col("key").str.extract(r"^(\d)steps_").cast(pl.Int64).alias("steps"))
        groups = parts.group_by("ID", maintain_order=True).agg("key", pl.col("steps").first(), pl.col("index").first())
        for problem, keys, steps, index in groups.iter_rows():
            needed = {f"{steps}steps_{part}" for part in (*range(1, (steps or 0) + 1), "multi")}
            for missing in sorted(needed - {*keys}):
                return f"row {index!r}, column key: problem {problem} has no row {missing}"
            for key in keys:
                if keys.count(key) > 1 or key not in needed:
                    return f"row {index!r}, column key: problem {problem} has {key} twice, or beside other numbers of steps"
        return ""

    def clusters(self, frame: pl.DataFrame) -> Clusters:
        return clustered(_scored_problems(frame), "ID", [pl.col("strict").sum()], [pl.len()])

    def units_of(self, frame: pl.DataFrame, indices: Collection[str]) -> set[str]:
        """A problem is known by any of its rows: the clusters of some rows alone would leave out those that have no step among them."""
        return set(frame.filter(pl.col("index").is_in(sorted(indices)))["ID"].cast(pl.String))

    def breakdown(self, frame: pl.DataFrame) -> Breakdown:
        problems = _scored_problems(frame)
        figures = {f"score ({way})": percent_of(problems[way]) for way in ("strict", "loose")}
        figures |= {name: percent_of(problems[name]) for name in FIGURES}
        for way in ("strict", "loose"):
            rote = int(problems[f"RM {way}"].sum())
            known = int(problems[f"CM {way}"].sum()) + rote
            figures[f"RM rate ({way})"] = 100 * rote / known if known else float("nan")
        figures["one step"] = percent_of(frame.filter(~pl.col("key").str.ends_with("_multi"))["hit"])
        for steps, name in ((2, "two steps"), (3, "three steps")):
            figures[name] = percent_of(problems.filter(pl.col("steps") == steps)["multi"])
        return figures

    def categories(self, frame: pl.DataFrame) -> Iterator[Category]:
        """By steps of a problem: its points follow from all its rows, which are of several concepts."""
        for steps, name in ((2, "two steps"), (3, "three steps")):
            yield name, frame.filter(pl.col("key").str.starts_with(f"{steps}steps_"))

    def stand_in(self, key: str, count: int) -> Iterator[Fields]:
        """Problems about bar charts: reading two bars (and comparing them) are the steps, their difference the problem."""
        rows, number = 0, 0
        while rows < count:
            steps = 3 if number % 3 == 2 else 2
            rng = stream(key, number)
            scene = draw_scene(rng, "chart", hard=is_hard(key, number))
            one, other = rng.sample(list(scene.items), 2)
            pair = {"color": one.color, "color2": other.color}
            questions = [
                ("1", Query(FAMILY["value_of"], {"color": one.color}, 0), "reading a value"),
                ("2", Query(FAMILY["value_of"], {"color": other.color}, 0), "reading a value"),
                *([("3", Query(FAMILY["higher"], pair, 0), "comparing values")] if steps == 3 else []),
                ("multi", Query(FAMILY["difference"], pair, 0), "difference of values"),
            ]
            for part, query, concept in questions:
                drawn = question_about(scene, query, MULTIPLE_CHOICE.code, rng, f"{key}/{number}")
                yield {"index": str(rows), "ID": f"{number}", "key": f"{steps}steps_{part}", **drawn.columns(),
                       **drawn.option_columns, "answer": drawn.letter, "knowledge concept": concept}  # fmt: skip
                rows += 1
            number += 1


def _problems(frame: pl.DataFrame) -> pl.DataFrame:
    """One row per multi-step problem: `ID`, `steps` (2 or 3), `right` (steps answered right), `multi` (null without that row)."""
    keyed = frame.with_columns(
        pl.col("key").str.extract(r"^(\d)steps_").alias("steps"), pl.col("key").str.extract(r"_(\w+)$").alias("part")
    )
    steps = (
        keyed.filter(pl.col("part") != "multi")
        .group_by("ID", "steps", maintain_order=True)
        .agg(HIT.sum().alias("right"))
    )
    multi = keyed.filter(pl.col("part") == "multi").select("ID", "steps", HIT.alias("multi"))
    return steps.join(multi, on=["ID", "steps"], how="left", maintain_order="left").with_columns(
        pl.col("steps").cast(pl.Int64)
    )


def _scored_problems(frame: pl.DataFrame) -> pl.DataFrame:
    """The problems with what they show and the points they give, strict and loose: 1, less 0.5 for IG, less 1 for IK and RM."""
    problems = _problems(frame)
    all_right, none_right = pl.col("right") == pl.col("steps"), pl.col("right") == 0
    solved, failed = pl.col("multi") == 1, pl.col("multi") == 0
    shown = {
        "IK": ~all_right & failed,
        "IG": all_right & failed,
        "CM strict": all_right & solved,
        "RM strict": ~all_right & solved,
        "CM loose": ~none_right & solved,
        "RM loose": none_right & solved,
    }
    flagged = problems.with_columns(expression.fill_null(False).alias(name) for name, expression in shown.items())
    points = [(1 - 0.5 * pl.col("IG") - pl.col("IK") - pl.col(f"RM {way}")).alias(way) for way in ("strict", "loose")]
    return flagged.with_columns(points)


WEMATH = WeMath()
