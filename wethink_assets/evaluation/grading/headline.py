"""What does a benchmark's headline add up, and over which groups of samples may it be resampled?

Every official headline here is a mean of ratios of sums: accuracy is one ratio, HallusionBench's score the mean of three. So verdicts come down
to numerators and denominators, one row for each group of samples that belong together (the rotations of a circular question, the
variants of a DynaMath question, the figures of a HallusionBench set). Bootstrap and paired tests draw those groups, never single samples
of one. Rules after VLMEvalKit: `report_acc` and `mcq_circular_eval`, `Hallusion_rating`, `DynaMath.evaluate`, `utils/wemath.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from wethink_assets.evaluation.benchmarks.catalog import Form

Floats = npt.NDArray[np.float64]
CIRCULAR_OFFSET = 1_000_000
VALIDATION = "validation"
SETTINGS_OF_HALLUSION = {"set_id": 3, "figure_id": 4, "question_id": 5}


@dataclass(frozen=True, slots=True)
class Units:
    """Groups of samples with what they add to each ratio: `top` and `bottom` have shape (groups, ratios)."""

    names: tuple[str, ...]
    top: Floats
    bottom: Floats

    def headline(self) -> float:
        """Mean of the ratios, 0 to 1; nan without samples."""
        return float(headlines(self.top.sum(0)[None], self.bottom.sum(0)[None])[0])


def headlines(top: Floats, bottom: Floats) -> Floats:
    """Mean over the last axis of sums divided by sums; nan where a ratio has nothing below it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios: Floats = np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1), np.nan)
    return np.asarray(ratios.mean(-1))


def _units(frame: pl.DataFrame, unit: str, top: list[pl.Expr], bottom: list[pl.Expr]) -> Units:
    grouped = frame.group_by(unit, maintain_order=True).agg(
        *(part.cast(pl.Float64).alias(f"top{place}") for place, part in enumerate(top)),
        *(part.cast(pl.Float64).alias(f"bottom{place}") for place, part in enumerate(bottom)),
    )
    tops = grouped.select(pl.selectors.starts_with("top")).to_numpy()
    bottoms = grouped.select(pl.selectors.starts_with("bottom")).to_numpy()
    return Units(tuple(grouped[unit].cast(pl.String)), tops.astype(np.float64), bottoms.astype(np.float64))


HIT = pl.col("hit")
ONE = pl.lit(1.0)


def _single(frame: pl.DataFrame) -> Units:
    return _units(frame, "index", [HIT.sum()], [pl.len()])


def validation_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of the validation split: all where the file names no split."""
    return frame.filter(pl.col("split") == VALIDATION) if "split" in frame.columns else frame


def with_circle(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `circle`: the question whose rotation a row is; rows of a question that lost its first form are left out."""
    index = pl.col("index").cast(pl.Int64)
    given = pl.col("g_index").cast(pl.Float64).cast(pl.Int64) if "g_index" in frame.columns else index % CIRCULAR_OFFSET
    circled = frame.with_columns(given.alias("circle"))
    first = circled.filter(index == pl.col("circle"))["circle"]
    return circled.filter(pl.col("circle").is_in(first.implode()))


def _circular(frame: pl.DataFrame) -> Units:
    return _units(with_circle(frame), "circle", [HIT.min()], [ONE.first()])


def with_hallusion_ids(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with set, figure and question of HallusionBench's index, each within its `l2-category`."""
    parts = pl.col("index").str.split("_")
    ids = frame.with_columns(parts.list.get(place).alias(name) for name, place in SETTINGS_OF_HALLUSION.items())
    at = pl.col("l2-category").fill_null("") if "l2-category" in frame.columns else pl.lit("")
    ids = ids.with_columns(pl.concat_str(at, pl.col("set_id"), separator="_").alias("set"))
    return ids.with_columns(
        pl.concat_str("set", name, separator="_").alias(name) for name in ("figure_id", "question_id")
    )


def hallusion_parts(frame: pl.DataFrame) -> dict[str, float]:
    """aAcc, fAcc and qAcc in percent."""
    ids = with_hallusion_ids(frame)

    def whole(name: str) -> float:
        return 100 * _mean(ids.group_by(name).agg(HIT.min())["hit"])

    return {"aAcc": 100 * _mean(ids["hit"]), "fAcc": whole("figure_id"), "qAcc": whole("question_id")}


def _hallusion(frame: pl.DataFrame) -> Units:
    ids = with_hallusion_ids(frame)
    sets = ids.group_by("set", maintain_order=True).agg(HIT.sum().alias("hits"), pl.len().alias("rows"))
    for name in ("figure_id", "question_id"):
        groups = ids.group_by("set", name).agg(HIT.min())
        counted = groups.group_by("set").agg(HIT.sum().alias(f"{name} right"), pl.len().alias(name))
        sets = sets.join(counted, on="set", how="left", maintain_order="left")
    return Units(
        tuple(sets["set"]),
        sets.select("hits", "figure_id right", "question_id right").to_numpy().astype(np.float64),
        sets.select("rows", "figure_id", "question_id").to_numpy().astype(np.float64),
    )


def _dynamath(frame: pl.DataFrame) -> Units:
    return _units(frame, "qid", [HIT.min()], [ONE.first()])


def wemath_problems(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a multi-step problem: `ID`, `steps` (2 or 3), `right` (steps answered right), `multi` (null without that row)."""
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


def wemath_scored(frame: pl.DataFrame) -> pl.DataFrame:
    """The problems of `wemath_problems` with what they show and the points they give, strict and loose.

    IK insufficient knowledge, IG inadequate generalisation, CM complete mastery, RM rote memorisation (We-Math, Qiao et al. 2024). A problem
    gives 1 point, less 0.5 for IG, less 1 for IK and RM.
    """
    problems = wemath_problems(frame)
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
    told = problems.with_columns(expression.fill_null(False).alias(name) for name, expression in shown.items())
    points = [(1 - 0.5 * pl.col("IG") - pl.col("IK") - pl.col(f"RM {way}")).alias(way) for way in ("strict", "loose")]
    return told.with_columns(points)


def _wemath(frame: pl.DataFrame) -> Units:
    return _units(wemath_scored(frame), "ID", [pl.col("strict").sum()], [pl.len()])


def _mean(values: pl.Series) -> float:
    mean = values.cast(pl.Float64).mean()
    return float(mean) if isinstance(mean, (int, float)) else float("nan")


UNITS: dict[Form, Callable[[pl.DataFrame], Units]] = {
    "circular": _circular,
    "yes_no": _hallusion,
    "dynamath": _dynamath,
    "wemath": _wemath,
    "mmmu": lambda frame: _single(validation_rows(frame)),
}


def units_of(frame: pl.DataFrame, form: Form) -> Units:
    """Groups of a frame of verdicts: the benchmark's columns, and `hit`. A yes/no file without HallusionBench's index is plain accuracy."""
    if form == "yes_no" and not frame["index"].str.count_matches("_").ge(5).all():
        return _single(frame)
    return UNITS.get(form, _single)(frame)
