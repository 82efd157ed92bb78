"""How do a million outcomes become two tables without a million rows of Python objects in between?"""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from wethink_assets.schemas import SCHEMA_VERSION
from wethink_assets.stages import REJECTIONS, StageOutput

CHUNK = 2_000  # outcomes held as Python objects before they become columns


@dataclass(slots=True)
class Outcome:
    """What became of one piece of work: rows of the results table, and rejections."""

    results: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, str]] = field(default_factory=list)


class Gathering:
    """Outcomes in whatever order they come, as columns."""

    def __init__(self, schema: pl.Schema) -> None:
        """`schema` is that of the results; `schema_version` is filled in."""
        self._schema = schema
        self._waiting = Outcome()
        self._results = [pl.DataFrame(schema=schema)]
        self._rejected = [pl.DataFrame(schema=REJECTIONS)]

    def add(self, outcome: Outcome) -> None:
        """Take what became of one piece of work."""
        self._waiting.results += outcome.results
        self._waiting.rejected += outcome.rejected
        if len(self._waiting.results) + len(self._waiting.rejected) >= CHUNK:
            self._settle()

    def _settle(self) -> None:
        rows = [row | {"schema_version": SCHEMA_VERSION} for row in self._waiting.results]
        self._results.append(pl.DataFrame(rows, schema=self._schema))
        self._rejected.append(pl.DataFrame(self._waiting.rejected, schema=REJECTIONS))
        self._waiting = Outcome()

    def output(self, item: str) -> StageOutput:
        """Both tables, sorted by item (column `item` of the results), so that the order of arrival leaves no trace."""
        self._settle()
        results, rejected = pl.concat(self._results), pl.concat(self._rejected)
        self._results, self._rejected = [], []
        order = results.get_column(item).arg_sort()
        # Column by column, and each let go at once: the table is never there twice.
        columns = [results.drop_in_place(name).gather(order) for name in results.columns]
        return StageOutput(pl.DataFrame(columns), rejected.sort("item", "reason", "detail"))
