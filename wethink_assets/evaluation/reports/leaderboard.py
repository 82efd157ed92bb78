"""Leaderboard: rows of models by columns of benchmarks, with the averages of the boards.

A cell shows the greedy score of the newest settings under which a model was scored, or, where nothing greedy was scored, the mean over
sampling seeds. Published numbers are rows of their own with their source. Drawn stand-ins have averages of their own: they are no benchmarks.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from wethink_assets.config import Settings
from wethink_assets.evaluation.benchmarks.catalog import (
    AVERAGES,
    BENCHMARKS,
    REFERENCES,
    SAMPLE,
    Benchmark,
)
from wethink_assets.evaluation.benchmarks.files import benchmarks_of
from wethink_assets.evaluation.grading.averages import average
from wethink_assets.evaluation.grading.intervals import Comparison, Interval, holm
from wethink_assets.evaluation.reports.comparison import against_base, detectable
from wethink_assets.evaluation.reports.newest import Kept, asked_otherwise, kept_of, newest, other_models
from wethink_assets.evaluation.runs.models import base_model_of
from wethink_assets.evaluation.runs.records import (
    GREEDY,
    Score,
    scores_of,
)
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import Policy, list_policies

RowKind = Literal["published", "base", "model", "policy"]
NOT_RUN = "not run"
WAITS = "waits for judge"
"""In place of a score whose replies are there: the judge could not be asked."""
OTHER_FILE = "other md5"
"""Flag of a score on a file that isn't the benchmark's: a part of it, or another release."""
OTHER_SETTINGS = "other settings"
"""Flag of a score whose replies were asked for with another system prompt, length, chat template or service settings than the model's newest."""
NO_AVERAGE = frozenset((OTHER_FILE, OTHER_SETTINGS))


@dataclass(frozen=True)
class Cell:
    """One model on one benchmark, on the benchmark's scale.

    seeds: scores by sampling seed, with their mean and standard deviation; against_base: the paired comparison, as fractions of 1; units: groups of
    samples that belong together, which intervals and tests go by; p_board: p of the comparison, corrected for all of the model's (Holm); detectable:
    the smallest true difference that would be found among all of these, a fraction of 1, None where there are too few units for any; cut,
    no_answer: shares of replies; answered: percent right of those with an answer.
    """

    value: float
    low: float | None = None
    high: float | None = None
    decoding: str = "published"
    samples: int = 0
    seeds: tuple[float, ...] = ()
    seeds_mean: float | None = None
    seeds_sd: float | None = None
    flags: tuple[str, ...] = ()
    against_base: Comparison | None = None
    settings: str = ""
    units: int = 0
    p_board: float | None = None
    detectable: float | None = None
    cut: float = 0.0
    no_answer: float = 0.0
    answered: float | None = None


@dataclass(frozen=True)
class Line:
    """One row of the board: a model, or published numbers.

    averages: by name, out of 100, None where a benchmark of it was not run; average_bounds: their 95% intervals, of those whose scores all have
    one; average_gains: what a policy has over its base, in points, with the same; waiting: benchmarks without a score that wait for the judge, with
    the reason.
    """

    name: str
    kind: RowKind
    model_digest: str = ""
    version: str = ""
    recipe: str = ""
    base: str = ""
    source: str = ""
    cells: dict[str, Cell] = field(default_factory=dict)
    averages: dict[str, float | None] = field(default_factory=dict)
    average_bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    average_gains: dict[str, Interval] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)

    def without_score(self, key: str) -> str:
        """What stands in place of a score that a benchmark does not have."""
        return WAITS if key in self.waiting else NOT_RUN


@dataclass(frozen=True)
class Board:
    """The whole leaderboard: columns in order, and rows (published, base models, models that were not trained here, policies by key)."""

    columns: tuple[Benchmark, ...]
    lines: tuple[Line, ...]

    def ours_first(self) -> "Board":
        """For a page of little width: policies, newest first, then bases, then published rows; columns that a model of ours has before others."""
        order: dict[RowKind, int] = {"policy": 0, "base": 1, "model": 2, "published": 3}
        newest = self.lines[::-1]
        lines = sorted(newest, key=lambda line: order[line.kind])
        scored = {key for line in lines if line.kind != "published" for key in line.cells}
        return Board(tuple(sorted(self.columns, key=lambda column: column.key not in scored)), tuple(lines))

    def as_json(self) -> dict[str, Any]:
        """Plain values; a benchmark without a score is `not run`."""
        columns = [{"key": c.key, "title": c.title, "scale": c.scale, "headline": c.headline, "suite": c.suite, "sample": c.sample}
                   for c in self.columns]  # fmt: skip
        lines = []
        for line in self.lines:
            row = asdict(line)
            shown = [c for c in self.columns if c.key in line.cells or c.key in line.waiting or not c.sample]
            row["cells"] = {
                c.key: asdict(line.cells[c.key]) if c.key in line.cells else line.without_score(c.key) for c in shown
            }
            lines.append(row)
        return {"columns": columns, "rows": lines}


def leaderboard(store: Store, settings: Settings) -> Board:
    """The board of all that the store holds scores of."""
    policies = list_policies(store)
    known = benchmarks_of(settings)
    lines = [_published(reference.name, reference.source, reference.scores) for reference in REFERENCES]
    bases = {base.digest: base for policy in policies for base in [base_model_of(settings, policy)]}
    kept = {digest: kept_of(store, digest) for digest in bases}
    lines += [_scored(base.name, "base", digest, kept[digest]) for digest, base in bases.items()]
    others = other_models(store, {*bases, *(policy.model_digest for policy in policies)})
    lines += [_scored(name, "model", digest, of) for name, (digest, of) in others.items()]
    scores = {digest: of.groups for digest, of in (*kept.items(), *others.values())}
    for policy in policies:
        lines.append(_policy_line(store, settings, policy))
    seen = {key for line in lines for key in (*line.cells, *line.waiting)}
    gone = sorted(seen - set(known))
    remembered = {
        score.benchmark: own_of(score) for groups in scores.values() for group in groups.values() for score in group
    }
    removed = [BENCHMARKS.get(key) or remembered.get(key) for key in gone]
    columns = [one for one in known.values() if not one.sample or one.key in seen] + [one for one in removed if one]
    return Board(tuple(columns), tuple(line for line in lines if line.cells or line.waiting))


def own_of(score: Score) -> Benchmark:
    """A benchmark of one's own as its score remembers it: it need not be in the configuration any more."""
    return Benchmark(score.benchmark, score.title, score.form, "own", score.headline, scale=score.scale)


def _published(name: str, source: str, scores: Mapping[str, float]) -> Line:
    cells = {key: Cell(float(value)) for key, value in scores.items()}
    return Line(name, "published", source=source, cells=cells, averages=averages_of(cells))


def _scored(name: str, kind: RowKind, digest: str, kept: Kept) -> Line:
    cells = {key: cell for key, group in kept.groups.items() if (cell := cell_of(group)) is not None}
    cells = _flagged(cells, asked_otherwise(kept.groups.values()))
    return Line(
        name,
        kind,
        digest,
        cells=cells,
        averages=averages_of(cells),
        average_bounds=average_bounds_of(cells),
        waiting=kept.waiting,
    )


def _flagged(cells: dict[str, Cell], otherwise: Collection[str]) -> dict[str, Cell]:
    return {
        key: replace(cell, flags=(*cell.flags, OTHER_SETTINGS)) if key in otherwise else cell
        for key, cell in cells.items()
    }


def _policy_line(store: Store, settings: Settings, policy: Policy) -> Line:
    base = base_model_of(settings, policy)
    before = newest(scores_of(store, base.digest))
    cells = {}
    kept = kept_of(store, policy.model_digest)
    for benchmark, group in kept.groups.items():
        comparison = against_base(store, settings, before.get(benchmark, []), group)
        cell = cell_of(group, comparison)
        if cell is not None:
            cells[benchmark] = cell
    corrected = holm({key: cell.against_base.p for key, cell in cells.items() if cell.against_base is not None})
    cells = {
        key: replace(cell, p_board=corrected.get(key), detectable=detectable(cell.against_base, len(corrected)))
        for key, cell in cells.items()
    }
    cells = _flagged(cells, asked_otherwise(kept.groups.values()))
    return Line(
        policy.key,
        "policy",
        policy.model_digest,
        policy.version,
        policy.recipe,
        base.name,
        cells=cells,
        averages=averages_of(cells),
        average_bounds=average_bounds_of(cells),
        average_gains=average_gains_of(cells),
        waiting=kept.waiting,
    )


def cell_of(group: Sequence[Score], comparison: Comparison | None = None) -> Cell | None:
    """The cell of one model and benchmark from its decodings; None where none of them has a value."""
    valued = [score for score in group if score.value is not None]
    greedy = next((score for score in valued if score.decoding == GREEDY), None)
    seeds = tuple(score.value for score in valued if score.decoding != GREEDY and score.value is not None)
    if not valued:
        return None
    mean = sum(seeds) / len(seeds) if seeds else None
    spread = (
        math.sqrt(sum((value - mean) ** 2 for value in seeds) / (len(seeds) - 1))
        if mean is not None and len(seeds) > 1
        else None
    )
    shown = greedy or valued[0]
    value = greedy.value if greedy else mean
    assert value is not None
    flags = tuple(dict.fromkeys(flag for score in valued for flag in score.flags))
    decoding = GREEDY if greedy else f"mean of {len(seeds)} seeds"
    low, high = (shown.low, shown.high) if greedy or len(seeds) == 1 else (None, None)
    counted = [greedy] if greedy else valued
    answered = [score.answered for score in counted if score.answered is not None]
    return Cell(
        value,
        low,
        high,
        decoding,
        samples=shown.samples,
        seeds=seeds,
        seeds_mean=mean,
        seeds_sd=spread,
        flags=flags,
        against_base=comparison,
        settings=shown.settings_digest,
        units=shown.units,
        cut=sum(score.cut for score in counted) / len(counted),
        no_answer=sum(score.no_answer for score in counted) / len(counted),
        answered=sum(answered) / len(answered) if answered else None,
    )


def averages_of(cells: Mapping[str, Cell]) -> dict[str, float | None]:
    """Averages of the boards out of 100, None where a benchmark of one was not run, or in part or another release (its file has another md5),
    or with other settings than the rest.

    Stand-ins have averages by themselves, where there are any.
    """
    averages: dict[str, float | None] = {}
    for name, keys, whole in _averaged(cells):
        values = [100 * cells[key].value / _scale(key) for key in whole]
        averages[name] = sum(values) / len(values) if len(values) == len(keys) else None
    return averages


def average_bounds_of(cells: Mapping[str, Cell]) -> dict[str, tuple[float, float]]:
    """95% interval of each average whose scores all have one: benchmarks are other questions, so that their errors are independent."""
    bounds = {}
    for name, keys, whole in _averaged(cells):
        parts = [
            Interval(*(100 * bound / _scale(key) for bound in (cell.value, cell.low, cell.high)))
            for key in whole
            if (cell := cells[key]).low is not None and cell.high is not None
        ]
        if len(parts) == len(keys):
            mean = average(parts)
            bounds[name] = (mean.low, mean.high)
    return bounds


def average_gains_of(cells: Mapping[str, Cell]) -> dict[str, Interval]:
    """What a policy has over its base in each average that both have, in points of 100, with its 95% interval."""
    gains = {}
    for name, keys, whole in _averaged(cells):
        compared = [found for key in whole if (found := cells[key].against_base) is not None]
        if len(compared) == len(keys):
            gains[name] = average([Interval(100 * c.difference, 100 * c.low, 100 * c.high) for c in compared])
    return gains


def _averaged(cells: Mapping[str, Cell]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Name of each average, the benchmarks that it needs, and those of them with a score that may enter it."""
    for prefix in ("", SAMPLE):
        for name, keys in AVERAGES.items():
            needed = [prefix + key for key in keys]
            whole = [key for key in needed if key in cells and not NO_AVERAGE & {*cells[key].flags}]
            if whole or not prefix:
                yield f"{prefix}{name}", needed, whole


def _scale(key: str) -> int:
    return BENCHMARKS[key.removeprefix(SAMPLE)].scale
