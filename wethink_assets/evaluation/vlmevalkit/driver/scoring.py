"""Scores of VLMEvalKit: its own `evaluate`, and the verdict on each sample out of the files that it writes."""

import importlib
import json
import math
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from wethink_assets.evaluation.vlmevalkit.driver import judging
from wethink_assets.evaluation.vlmevalkit.driver.prompting import dataset_of

JUDGE = "judge"
# Where it leaves its verdicts, by the class of the data set: the end of the file's name, and the column.
VERDICTS = {
    "ImageYORNDataset": ("_auxmatch", "score"),
    "MathVista": (f"_{JUDGE}", ""),
    "MathVision": (f"_{JUDGE}", ""),
    "MathVerse": (f"_{JUDGE}_score", "score"),
    "LogicVista": (f"_{JUDGE}", "hit"),
    "MMVet": (f"_{JUDGE}", "score"),
    "Dynamath": (f"_{JUDGE}", "correct"),
    "WeMath": (f"_{JUDGE}", "hit"),
}
CHOICES = (f"_{JUDGE}_result", "hit")


def score(
    key: str,
    md5: str,
    predictions: str,
    name: str,
    folder: str,
    judge: str,
    token: str,
    width: int,
    out: str,
    unanswered: list[str],
) -> dict[str, Any]:
    """Score replies: its files go to `folder`, verdicts to `out`. Tells the headline and all figures that it reports.

    unanswered: indices of the rows whose prediction stands for no answer: wrong, whatever the judge would say.
    """
    smp = importlib.import_module("vlmeval.smp")
    dataset = dataset_of(key, md5)
    with open(predictions, encoding="utf-8") as file:
        answers = json.load(file)
    data = dataset.data.drop(columns=["image"], errors="ignore")
    data["prediction"] = [answers[str(index)] for index in data["index"]]
    path = os.path.join(folder, f"{name}_{key}.tsv")
    smp.dump(data, path)
    _keep_out_of_tmp(folder)
    _compare_once()
    judging.watch_judging()
    judging.current = judging.Watch(frozenset(unanswered))
    kind = type(dataset).__name__
    try:
        result = dataset.evaluate(
            path, model=JUDGE, nproc=width, verbose=False, retry=2, timeout=3600, api_base=judge, key=token
        )
    except ZeroDivisionError:
        if kind != "WeMath":
            raise
        result = {}  # its rates are of the problems that were solved; where none was, there are its verdicts alone
    if result is None:
        raise ValueError("it gave no result")
    verdicts = list(_verdicts(kind, smp.load, path))
    with open(f"{out}.part", "w", encoding="utf-8") as file:
        json.dump(verdicts, file)
    os.replace(f"{out}.part", out)
    return {"headline": _headline(kind, result), "figures": dict(sorted(_figures(result))), "verdicts": len(verdicts)}


def _keep_out_of_tmp(folder: str) -> None:
    """Circular evaluation writes a table below /tmp, named by the second, and leaves it there."""
    choices: Any = importlib.import_module("vlmeval.dataset.utils.multiple_choice")
    choices.timestr = lambda: os.path.relpath(os.path.join(folder, "circular"), "/tmp")  # noqa: S108 its own path


@cache
def _compare_once() -> None:
    """MathVision compares each answer four times, each time in a process of its own."""
    module: Any = importlib.import_module("vlmeval.dataset.utils.mathv")
    module.is_equal = cache(module.is_equal)


def _verdicts(kind: str, load: Any, path: str) -> Iterator[dict[str, Any]]:
    """Index, hit, what was made out of the reply, and whether its judge failed; nothing of OCRBench, which only counts."""
    if kind == "OCRBench":
        return
    ending, column = VERDICTS.get(kind, CHOICES)
    check = None
    if kind in ("MathVista", "MathVision"):
        module = {"MathVista": "mathvista", "MathVision": "mathv"}[kind]
        check = importlib.import_module(f"vlmeval.dataset.utils.{module}").post_check
    for _, row in load(path.replace(".tsv", f"{ending}.tsv")).iterrows():
        hit = float(bool(check(row, prefetch=False))) if check else float(row[column])
        extracted = next((str(row[name]) for name in ("extracted", "res", "extract") if name in row.index), "")
        index = str(row["index"])
        yield {"index": index, "hit": hit, "extracted": extracted[:2000], "failed": index in judging.current.failed}


def _headline(kind: str, result: Any) -> float | None:
    """Its one number, on the benchmark's scale; None where it has none for all samples."""
    if kind == "OCRBench":
        return float(result["Final Score"])
    if kind == "WeMath":
        if isinstance(result, dict):
            return None
        return float(str(result["Score (Strict)"].dropna().iloc[0]).rstrip("%"))
    if kind == "ImageYORNDataset":
        if "aAcc" not in result:
            return float(result["Overall"].iloc[0])
        return float(result[["aAcc", "fAcc", "qAcc"]].iloc[0].mean())
    if kind == "Dynamath":
        return 100 * float(result[result["Setting"] == "Worst Case"]["Overall"].iloc[0])
    if kind in ("MathVista", "MathVision", "LogicVista", "MMVet"):
        names = result[result.columns[0]]
        return float(result[names == "Overall"]["acc"].iloc[0])
    percent = 1 if kind == "MathVerse" else 100
    rows = result[result["split"] == "validation"] if kind == "MMMUDataset" else result
    return percent * float(rows["Overall"].iloc[0]) if len(rows) == 1 else None


def _figures(result: Any) -> Iterator[tuple[str, float]]:
    """Everything else that it reports, by row and column."""
    if isinstance(result, dict):
        rows: list[tuple[str, Any]] = [("", result)]
    else:
        first = result.columns[0]
        named = result[first].map(lambda value: isinstance(value, str)).all() and first != "Overall"
        rows = [(f"{row[first]} " if named else "", row.drop(first) if named else row) for _, row in result.iterrows()]
    for name, row in rows:
        for column, value in row.items():
            try:
                number = float(str(value).rstrip("%"))
            except ValueError:
                continue
            if math.isfinite(number):
                yield f"{name}{column}".strip(), number
