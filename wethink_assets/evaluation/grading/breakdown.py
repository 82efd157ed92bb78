"""What else does a benchmark report beside its headline: by category, skill, capability, setting?"""

import json
from collections.abc import Callable, Iterable, Mapping

import polars as pl

from wethink_assets.evaluation.benchmarks.catalog import Form
from wethink_assets.evaluation.grading.headline import (
    HIT,
    hallusion_parts,
    units_of,
    validation_rows,
    wemath_scored,
    with_circle,
)
from wethink_assets.evaluation.grading.rules import list_of

CAPABILITIES = ("rec", "ocr", "know", "gen", "spat", "math")
SKILLS = ("inductive", "deductive", "numerical", "spatial", "mechanical")
OCR_GROUPS = (
    "Scene Text-centric VQA",
    "Doc-oriented VQA",
    "Key Information Extraction",
    "Handwritten Mathematical Expression Recognition",
)
Parts = dict[str, float]
ROTATIONS = "each rotation by itself"


def parts_of(frame: pl.DataFrame, form: Form) -> Parts:
    """Named figures of a frame of verdicts, in percent unless the name says otherwise."""
    return PARTS.get(form, _by_category)(frame)


def _share(values: pl.Series) -> float:
    mean = values.cast(pl.Float64).mean()
    return 100 * float(mean) if isinstance(mean, (int, float)) else float("nan")


def _by(frame: pl.DataFrame, column: str, prefix: str = "") -> Parts:
    if column not in frame.columns:
        return {}
    groups = frame.filter(pl.col(column).is_not_null()).group_by(column).agg(HIT.mean()).sort(column)
    return {f"{prefix}{name}": 100 * float(mean) for name, mean in groups.iter_rows()}


def _by_category(frame: pl.DataFrame) -> Parts:
    return {**_by(frame, "l2-category"), **_by(frame, "category")}


def _circular(frame: pl.DataFrame) -> Parts:
    circled = with_circle(frame)
    groups = circled.sort(pl.col("index").cast(pl.Int64)).group_by("circle", maintain_order=True)
    names = [name for name in ("category", "l2-category") if name in frame.columns]
    passed = groups.agg(HIT.min(), *(pl.col(name).first() for name in names))
    return {ROTATIONS: _share(circled["hit"]), **_by_category(passed)}


def _mmmu(frame: pl.DataFrame) -> Parts:
    return {**_by(frame, "split", "split "), **_by_category(validation_rows(frame))}


def _yes_no(frame: pl.DataFrame) -> Parts:
    if not frame["index"].str.count_matches("_").ge(5).all():
        return _by_category(frame)
    found = hallusion_parts(frame)
    for name in ("category", "l2-category"):
        if name in frame.columns:
            for (value,), group in frame.group_by(name, maintain_order=True):
                found |= {f"{value} {key}": part for key, part in hallusion_parts(group).items()}
    return found


def _ocr(frame: pl.DataFrame) -> Parts:
    """Points by OCRBench's five groups: right answers, as its score of 1000 adds them up."""
    group = pl.when(pl.col("category").is_in(OCR_GROUPS)).then("category").otherwise(pl.lit("Text Recognition"))
    points = frame.with_columns(group.alias("group")).group_by("group").agg(HIT.sum()).sort("group")
    return {f"points: {name}": float(value) for name, value in points.iter_rows()}


def _tagged(frame: pl.DataFrame, tags: Callable[[Mapping[str, str]], Iterable[str]], columns: list[str]) -> Parts:
    hits: dict[str, list[float]] = {}
    for row in frame.select("hit", *(name for name in columns if name in frame.columns)).iter_rows(named=True):
        for tag in tags(row):
            hits.setdefault(tag, []).append(float(row["hit"]))
    return {tag: 100 * sum(values) / len(values) for tag, values in sorted(hits.items())}


def _mathvista(frame: pl.DataFrame) -> Parts:
    skills = _tagged(frame, lambda row: list_of(row.get("skills")), ["skills"])
    return {**_by(frame, "task"), **skills}


def _mathverse(frame: pl.DataFrame) -> Parts:
    def tags(row: Mapping[str, str]) -> Iterable[str]:
        try:
            told = json.loads((row.get("metadata") or "{}").replace("'", '"'))
        except ValueError:
            return []
        return [str(told[name]) for name in ("subject", "subfield") if name in told]

    return _tagged(frame, tags, ["metadata"])


def _dynamath(frame: pl.DataFrame) -> Parts:
    worst = 100 * units_of(frame, "dynamath").headline()
    by = {**_by(frame, "subject", "average, "), **_by(frame, "knowledge_level", "average, ")}
    return {"worst case": worst, "average": _share(frame["hit"]), **by}


def _wemath(frame: pl.DataFrame) -> Parts:
    problems = wemath_scored(frame)
    names = ("IK", "IG", "CM strict", "RM strict", "CM loose", "RM loose")
    found = {"score (strict)": _share(problems["strict"]), "score (loose)": _share(problems["loose"])}
    found |= {name: _share(problems[name]) for name in names}
    for way in ("strict", "loose"):
        rote, known = (
            int(problems[f"RM {way}"].sum()),
            int(problems[f"CM {way}"].sum()) + int(problems[f"RM {way}"].sum()),
        )
        found[f"RM rate ({way})"] = 100 * rote / known if known else float("nan")
    found["one step"] = _share(frame.filter(~pl.col("key").str.ends_with("_multi"))["hit"])
    for steps, name in ((2, "two steps"), (3, "three steps")):
        found[name] = _share(problems.filter(pl.col("steps") == steps)["multi"])
    return found


def _logicvista(frame: pl.DataFrame) -> Parts:
    return _tagged(frame, lambda row: [skill for skill in SKILLS if skill in (row.get("skill") or "")], ["skill"])


def _mmvet(frame: pl.DataFrame) -> Parts:
    return _tagged(
        frame, lambda row: [name for name in CAPABILITIES if name in (row.get("category") or "")], ["category"]
    )


PARTS: dict[Form, Callable[[pl.DataFrame], Parts]] = {
    "circular": _circular,
    "mmmu": _mmmu,
    "yes_no": _yes_no,
    "ocr": _ocr,
    "mathvista": _mathvista,
    "mathverse": _mathverse,
    "dynamath": _dynamath,
    "wemath": _wemath,
    "logicvista": _logicvista,
    "mmvet": _mmvet,
}
