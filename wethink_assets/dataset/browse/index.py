"""Index of the rows that are browsed, made once in a scratch folder: facets in memory, texts on disk.

In memory are about 60 bytes a row; a row's texts and the words of all texts lie in an SQLite file. A page costs a pass over the facets and one read
a row, wherever in the collection it stands.

Words are compared without regard to case and accents, and by their beginning: `tri` finds triangle. Characters of scripts without spaces count as
words of their own. `"two words"` in quotes must stand beside each other.
"""

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import polars as pl

from wethink_assets.dataset.browse.collection import Collection
from wethink_assets.dataset.browse.facets import FACETS, Filters, rate_columns
from wethink_assets.errors import StoreError
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import Takedowns, takedowns_of

__all__ = ["PAGE_ROWS", "BrowseIndex", "Page"]

PAGE_ROWS = 50
KEPT = (
    "row_id", "slot", "image_id", "image_path", "source", "licence", "split", "kind",
    "question", "options", "answer", "answer_type", "accepted_answers", "tolerance", "category", "abilities",
    "refined_cot", "agreed", "agreement", "verdict", "width", "height", "batch",
)  # fmt: skip
"""Columns that pages show."""
WORDS_TABLE = "CREATE VIRTUAL TABLE words USING fts5(body, content='', tokenize='unicode61 remove_diacritics 2')"
_UNSPACED = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff])")
_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')
WORDS = ("row_id", "image_id", "question", "options", "answer", "refined_cot", "category")
READS = {
    "row_id": "SELECT position, body FROM rows WHERE row_id = ? ORDER BY position",
    "image_id": "SELECT position, body FROM rows WHERE image_id = ? ORDER BY position",
}
TAKEDOWNS_EVERY = 2.0
"""Seconds for which the takedowns in force are taken for known."""
Positions = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Page:
    """Some rows in order. `number` counts from 1; there is always one page, which may be empty."""

    rows: Sequence[Mapping[str, Any]]
    number: int
    pages: int
    matches: int


class BrowseIndex:
    """Rows by page, by id and by image. Takedowns that come later hide their rows within seconds."""

    def __init__(self, collection: Collection, file: Path, facets: pl.DataFrame, rates: tuple[str, ...]) -> None:
        self.collection = collection
        self.rates = rates
        self._file = file
        self._facets = facets
        self._store: Store = collection.store
        self._built_with = self._covered = takedowns_of(self._store)
        self._hidden = pl.Series("hidden", [False]).new_from_index(0, facets.height)
        self._looked = time.monotonic()
        self.counts = {facet.name: _counts(facets[facet.indexed]) for facet in FACETS}

    @classmethod
    def build(
        cls, collection: Collection, folder: Path, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> "BrowseIndex":
        """Index a collection. Raises `StoreError` where this Python's SQLite has no index of words."""
        file = folder / "rows.sqlite"
        parts: list[pl.DataFrame] = []
        rates: tuple[str, ...] = ()
        done = 0
        with closing(sqlite3.connect(file)) as database:
            database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
            database.execute("CREATE TABLE rows(position INTEGER PRIMARY KEY, row_id TEXT, image_id TEXT, body TEXT)")
            try:
                database.execute(WORDS_TABLE)
            except sqlite3.OperationalError as error:
                raise StoreError(
                    f"this Python's SQLite cannot search texts ({error}): use a Python whose SQLite has FTS5"
                ) from error
            for part in collection.slices():
                rates = rate_columns(part.schema)
                _insert(database, part.select(*KEPT, *rates), done)
                parts.append(_facets(part, rates, done))
                done += part.height
                progress(done, collection.rows)
            database.execute("CREATE INDEX by_row ON rows(row_id)")
            database.execute("CREATE INDEX by_image ON rows(image_id)")
            database.commit()
        return cls(collection, file, pl.concat(parts) if parts else _facets(pl.DataFrame(schema=_EMPTY), (), 0), rates)

    @property
    def height(self) -> int:
        """Rows that may be shown now."""
        return self._facets.height - int(self._now_hidden().sum())

    def page(self, filters: Filters, number: int = 1, size: int = PAGE_ROWS) -> Page:
        """A page of the rows that pass; the last one where there are fewer pages."""
        positions = self.positions(filters)
        pages = max(1, -(-len(positions) // size))
        number = min(number, pages)
        shown = positions[(number - 1) * size : number * size]
        return Page(self._read(shown), number, pages, len(positions))

    def positions(self, filters: Filters) -> Positions:
        """Where the rows stand that pass, in order."""
        hidden = self._now_hidden()
        passing = (
            self._facets.lazy()
            .filter(filters.expression() & ~pl.lit(hidden))
            .select("position")
            .collect()["position"]
            .to_numpy()
        )
        if not filters.search:
            return passing
        return np.intersect1d(passing, self._with_words(filters.search), assume_unique=True)

    def row(self, row_id: str) -> Mapping[str, Any] | None:
        """A row by its id, unless it is taken down."""
        return next(iter(self._where("row_id", row_id)), None)

    def image_path(self, image_id: str) -> str | None:
        """Where the image of a row lies in the store, unless it is taken down."""
        return next((row["image_path"] for row in self._where("image_id", image_id)), None)

    def of_image(self, image_id: str) -> list[Mapping[str, Any]]:
        """All rows about an image."""
        return self._where("image_id", image_id)

    def neighbours(self, row_id: str, filters: Filters) -> tuple[str | None, str | None]:
        """Ids of the rows before and after one, among those that pass."""
        with self._open() as database:
            known = database.execute("SELECT position FROM rows WHERE row_id = ?", (row_id,)).fetchone()
        if known is None:
            return None, None
        positions = self.positions(filters)
        index = int(np.searchsorted(positions, known[0]))
        after = index + (index < len(positions) and int(positions[index]) == known[0])
        around = [positions[index - 1 : index] if index else positions[:0], positions[after : after + 1]]
        before, following = (next((row["row_id"] for row in self._read(part)), None) for part in around)
        return before, following

    def all_rows(self, size: int = 1_000) -> Iterator[Mapping[str, Any]]:
        """All rows that may be shown, in order."""
        positions = self.positions(Filters())
        for start in range(0, len(positions), size):
            yield from self._read(positions[start : start + size])

    def shown_facets(self) -> pl.DataFrame:
        """Facets and pass rates of all rows that may be shown, in order."""
        return self._facets.filter(~self._now_hidden())

    def takedowns(self) -> Takedowns:
        """What is taken down now."""
        self._now_hidden()
        return self._covered

    def _now_hidden(self) -> pl.Series:
        if time.monotonic() - self._looked > TAKEDOWNS_EVERY:
            covered = takedowns_of(self._store)
            if covered != self._covered:
                self._hidden = self._hidden_by(covered)
                self._covered = covered
            self._looked = time.monotonic()
        return self._hidden

    def _hidden_by(self, covered: Takedowns) -> pl.Series:
        new = set(covered.images) - set(self._built_with.images)
        with self._open() as database:
            lists = (database.execute("SELECT position FROM rows WHERE image_id = ?", (image,)) for image in new)
            positions = [position for some in lists for (position,) in some]
        others = covered.model_copy(update={"images": ()})
        by_image = pl.col("position").is_in(pl.Series(positions, dtype=pl.UInt32).implode())
        return self._facets.select((by_image | others.covers(self._facets)).alias("hidden"))["hidden"]

    def _where(self, column: str, value: str) -> list[Mapping[str, Any]]:
        hidden = self._now_hidden()
        with self._open() as database:
            matches = database.execute(READS[column], (value,)).fetchall()
        return [json.loads(body) for position, body in matches if not hidden[position]]

    def _with_words(self, search: str) -> Positions:
        expression = match_expression(search)
        if not expression:
            return np.empty(0, dtype=np.uint32)
        with self._open() as database:
            matches = database.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid", (expression,))
            return np.fromiter((position for (position,) in matches), dtype=np.uint32)

    def _read(self, positions: Iterable[Any]) -> list[Mapping[str, Any]]:
        with self._open() as database:
            reads = (
                database.execute("SELECT body FROM rows WHERE position = ?", (int(position),)) for position in positions
            )
            return [json.loads(read.fetchone()[0]) for read in reads]

    def _open(self) -> "closing[sqlite3.Connection]":
        return closing(sqlite3.connect(f"file:{quote(str(self._file))}?mode=ro&immutable=1", uri=True))


def _insert(database: sqlite3.Connection, part: pl.DataFrame, first: int) -> None:
    rows = list(part.iter_rows(named=True))
    database.executemany(
        "INSERT INTO rows VALUES (?, ?, ?, ?)",
        ((first + number, row["row_id"], row["image_id"], json.dumps(row)) for number, row in enumerate(rows)),
    )
    database.executemany(
        "INSERT INTO words(rowid, body) VALUES (?, ?)",
        ((first + number, _text(row)) for number, row in enumerate(rows)),
    )


def _text(row: Mapping[str, Any]) -> str:
    values = (row[name] for name in WORDS)
    return searchable("\n".join(" \n".join(value) if isinstance(value, list) else value or "" for value in values))


def _facets(part: pl.DataFrame, rates: tuple[str, ...], first: int) -> pl.DataFrame:
    values = [facet.of(part).cast(pl.List(pl.Categorical) if facet.many else pl.Categorical) for facet in FACETS]
    held = part.select(
        pl.int_range(first, first + pl.len(), dtype=pl.UInt32).alias("position"),
        pl.col("source", "licence").cast(pl.Categorical),  # what takedowns name
        *(pl.col(rate).cast(pl.Float64) for rate in rates),
    )
    return held.with_columns(values)


_EMPTY: dict[str, Any] = dict.fromkeys(
    ("source", "kind", "answer_type", "agreement", "category", "split", "licence"), pl.String
) | {
    "abilities": pl.List(pl.String),
    "agreed": pl.Boolean,
}


def _counts(values: pl.Series) -> dict[str, int]:
    single = values.explode(empty_as_null=True).drop_nulls() if values.dtype == pl.List else values
    counts = single.cast(pl.String).rename("value").value_counts(name="rows")
    return dict(counts.sort(["rows", "value"], descending=[True, False]).iter_rows())


def searchable(text: str) -> str:
    """A text as it is put into the index.

    >>> searchable("a 三角 b\\0")
    'a  三  角  b '
    """
    return _UNSPACED.sub(r" \1 ", text.replace("\0", " "))


def match_expression(search: str) -> str:
    """The words of a reader as an expression of SQLite's, in which nothing but words has a meaning; empty without a word.

    >>> match_expression('Red "a circle" OR*')
    '"Red" * "a circle" * "OR*" *'
    """
    terms = (phrase or word for phrase, word in _TERM.findall(search))
    spaced = (" ".join(searchable(term).split()) for term in terms)
    return " ".join(f'"{term}" *' for term in spaced if any(character.isalnum() for character in term))
