"""Facets by which rows are browsed, each declared once, and the filters that a reader chooses: values of facets, pass rates, words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from wethink_assets.dataset.exports.samples import pass_rates
from wethink_assets.errors import UnknownName, VersionError
from wethink_assets.plain_text import visible

__all__ = ["FACETS", "Facet", "Filters", "filters_of", "rate_columns"]

SEARCH, PAGE = "q", "page"
LEAST, MOST = "_from", "_to"
"""What the names of a pass rate's bounds end in."""
LONGEST_SEARCH = 500
LONGEST_VALUE = 120
UNSTATED = "not stated"


@dataclass(frozen=True, slots=True)
class Facet:
    """A property of rows with few values. `column` is that of the rows; `many` says that a row has a list of values."""

    name: str
    label: str
    column: str
    many: bool = False

    @property
    def indexed(self) -> str:
        """Name of the index's column that holds its values."""
        return f"by_{self.name}"

    def values(self) -> pl.Expr:
        """Its values of each row, as text."""
        column = pl.col(self.column)
        return column.fill_null([]) if self.many else column.cast(pl.String).fill_null(UNSTATED)

    def of(self, rows: pl.DataFrame) -> pl.Series:
        """Its values of some rows as they are shown and asked for: on one line, not too long, without characters that cannot be seen."""
        values = rows.select(self.values().alias(self.indexed))[self.indexed]
        distinct = (values.explode(empty_as_null=True).drop_nulls() if self.many else values).unique()
        changed = {value: shown for value in distinct if (shown := shown_value(value)) != value}
        if not changed:
            return values
        return values.list.eval(pl.element().replace(changed)) if self.many else values.replace(changed)


@dataclass(frozen=True, slots=True)
class Agreement(Facet):
    """Whether both answers agreed."""

    def values(self) -> pl.Expr:
        """In words."""
        return pl.when(self.column).then(pl.lit("agreed")).otherwise(pl.lit("adjudicated"))


FACETS: tuple[Facet, ...] = (
    Facet("source", "Source", "source"),
    Facet("kind", "Kind", "kind"),
    Facet("ability", "Ability", "abilities", many=True),
    Facet("answer_type", "Answer type", "answer_type"),
    Agreement("agreed", "Both answers", "agreed"),
    Facet("agreement", "Compared by", "agreement"),
    Facet("category", "Category", "category"),
    Facet("split", "Split", "split"),
)


def shown_value(value: str) -> str:
    """A value as it is shown and asked for.

    >>> shown_value("two\\nlines\\0")
    'two lines\ufffd'
    """
    line = visible(" ".join(value.split()))
    return line if len(line) <= LONGEST_VALUE else f"{line[: LONGEST_VALUE - 1]}…"


def rate_columns(schema: pl.Schema) -> tuple[str, ...]:
    """Columns of pass rates that rows have."""
    return tuple(pass_rates(schema))


@dataclass(frozen=True)
class Filters:
    """What a reader chose: a value by facet, least and most by pass rate, and words that must all occur."""

    values: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    search: str = ""

    def __bool__(self) -> bool:
        return bool(self.values or self.rates or self.search)

    def query(self) -> dict[str, str]:
        """As parameters of an address."""
        rates: dict[str, str] = {}
        for name, (least, most) in self.rates.items():
            rates |= {name + LEAST: f"{least:g}", name + MOST: f"{most:g}"}
        return {**self.values, **rates, **({SEARCH: self.search} if self.search else {})}

    def expression(self) -> pl.Expr:
        """Whether a row of the index passes, search aside."""
        conditions = [pl.lit(True)]
        for facet in FACETS:
            if facet.name in self.values:
                column, value = pl.col(facet.indexed), self.values[facet.name]
                conditions.append(column.list.contains(value) if facet.many else column == value)
        conditions += [pl.col(name).is_between(*bounds) for name, bounds in self.rates.items()]
        return pl.all_horizontal(conditions)


def filters_of(parameters: Iterable[tuple[str, str]], rates: Iterable[str]) -> tuple[Filters, int]:
    """The filters and the page that an address asks for; empty parameters ask for nothing.

    Args:
        parameters: names and values, as they stand in the address.
        rates: pass rates that rows have.

    Raises `UnknownName` for a parameter that is none, and `VersionError` for a value that cannot be read.
    """
    known_rates = tuple(rates)
    bounds = {name + end: (name, end) for name in known_rates for end in (LEAST, MOST)}
    names = {facet.name for facet in FACETS}
    values: dict[str, str] = {}
    chosen: dict[str, dict[str, float]] = {}
    search, page = "", 1
    for name, value in parameters:
        if name not in {*names, *bounds, SEARCH, PAGE}:
            raise UnknownName(f"unknown filter {name!r}; known: {', '.join((*sorted(names), *bounds, SEARCH, PAGE))}")
        if not value.strip():
            continue
        if name in names:
            values[name] = value
        elif name in bounds:
            rate, end = bounds[name]
            chosen.setdefault(rate, {})[end] = _number(name, value)
        elif name == SEARCH:
            search = value.strip()[:LONGEST_SEARCH]
        else:
            page = _page(value)
    limits = {rate: (ends.get(LEAST, 0.0), ends.get(MOST, 1.0)) for rate, ends in chosen.items()}
    return Filters(values, limits, search), page


def _number(name: str, value: str) -> float:
    if not re.fullmatch(r"\d{0,3}(\.\d{0,6})?", value):
        raise VersionError(f"{name} is a share from 0 to 1, such as 0.25, and not {value!r}")
    return float(value) if value != "." else 0.0


def _page(value: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", value):
        raise VersionError(f"{PAGE} is a number from 1, and not {value!r}")
    return int(value)
