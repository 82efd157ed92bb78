"""Breakdown of a score: figures by category, skill or capability beside the headline, from a frame of verdicts."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import polars as pl

from wethink_assets.evaluation.grading.clusters import HIT

Category = tuple[str, pl.DataFrame]
"""Name of a category, and the rows that belong to it."""
Breakdown = dict[str, float]
"""Named figures, in percent unless the name says otherwise."""


def mean_of(values: pl.Series) -> float:
    """Mean of a column of verdicts; nan without any.

    >>> mean_of(pl.Series([1, 0, 1, 1]))
    0.75
    """
    mean = values.cast(pl.Float64).mean()
    return float(mean) if isinstance(mean, (int, float)) else float("nan")


def percent_of(values: pl.Series) -> float:
    """The same in percent."""
    return 100 * mean_of(values)


def by_column(frame: pl.DataFrame, column: str, prefix: str = "") -> Breakdown:
    """Percent right for each value of a column; nothing where the file has no such column."""
    if column not in frame.columns:
        return {}
    groups = frame.filter(pl.col(column).is_not_null()).group_by(column).agg(HIT.mean()).sort(column)
    return {f"{prefix}{name}": 100 * float(mean) for name, mean in groups.iter_rows()}


def by_category(frame: pl.DataFrame) -> Breakdown:
    """Percent right by `l2-category` and `category`."""
    return {**by_column(frame, "l2-category"), **by_column(frame, "category")}


def by_tag(
    frame: pl.DataFrame, tags: Callable[[Mapping[str, str]], Iterable[str]], columns: Sequence[str]
) -> Breakdown:
    """Percent right for each tag, where a sample has any number of them: `tags` reads them out of its `columns`."""
    hits: dict[str, list[float]] = {}
    for row in frame.select("hit", *(name for name in columns if name in frame.columns)).iter_rows(named=True):
        for tag in tags(row):
            hits.setdefault(tag, []).append(float(row["hit"]))
    return {tag: 100 * sum(values) / len(values) for tag, values in sorted(hits.items())}


def categories_by(frame: pl.DataFrame, *columns: str) -> Iterator[Category]:
    """A category for each value of each column that the file has, by name."""
    for column in columns:
        if column in frame.columns:
            parts = frame.filter(pl.col(column).is_not_null()).partition_by(column, as_dict=True, maintain_order=True)
            yield from ((str(value), part) for (value,), part in sorted(parts.items(), key=lambda part: str(part[0])))


def categories_by_tag(
    frame: pl.DataFrame, tags: Callable[[Mapping[str, str]], Iterable[str]], columns: Sequence[str]
) -> Iterator[Category]:
    """A category for each tag, as `by_tag` reads them; a row may belong to several."""
    rows: dict[str, list[int]] = {}
    columns = [name for name in columns if name in frame.columns]
    for number, row in enumerate(frame.select(columns).iter_rows(named=True)):
        for tag in tags(row):
            rows.setdefault(tag, []).append(number)
    yield from ((tag, frame[numbers]) for tag, numbers in sorted(rows.items()))
