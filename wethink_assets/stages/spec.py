"""A stage's declaration: all that assets, checks, pools, planning, prices, staleness, lineage and verification know of it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from wethink_assets.errors import ConfigError
from wethink_assets.models.chat import Role
from wethink_assets.stages.output import StageOutput
from wethink_assets.stages.prompts import PROMPTS, asked_prompts

if TYPE_CHECKING:
    from wethink_assets.config import Settings
    from wethink_assets.storage.blobs import Blobs
    from wethink_assets.storage.store import Store

__all__ = ["SYNTHESIS", "BatchWork", "Editing", "Look", "Preview", "Row", "Stage", "every"]

Row = Mapping[str, Any]
SYNTHESIS = "synthesis"
"""Group of the stages between images and versions."""
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Preview:
    """What the UI shows of a stage's results, beside a table of some: pictures, each above its captions.

    captions: pairs of a label and a text for a row; a pair without a text is left out.
    beside: columns that captions need and the results lack, by the table that has them; joined on the stage's item column.
    """

    captions: Callable[[Row], Sequence[tuple[str, str]]]
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


Look = Callable[[str], Row | None]
"""Looks up the row of an item in a table that its stage reads."""


def _nothing_follows(row: Row, before: Row | None, look: Look) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Editing:
    """What a person may change of a stage's table by hand (`wethink table`). Any row may be removed.

    columns: those that may be changed; by default all but ids, calls and the schema's version.
    adds: whether an item that the stage rejected may be given a row.
    follows: fields that follow from an edited row: takes the row, the row as it was (none where it is added), and what looks up the row of its item
        in a table that the stage reads. Raises `Rejected` where the row is none of this stage's.
    """

    columns: tuple[str, ...] | None = None
    adds: bool = True
    follows: Callable[[Row, Row | None, Look], Mapping[str, Any]] = _nothing_follows


IDS = ("slot", "row_id", "image_id", "kind", "ordinal", "item", "calls", "schema_version")


@dataclass(frozen=True)
class BatchWork:
    """What a stage that asks no model gets beside the tables that it reads; `Synthesis` has all of it for one that does."""

    settings: "Settings"
    blobs: "Blobs"
    batch: str
    progress: Callable[[int, int], None] | None = None


def every(column: str) -> Callable[[pl.DataFrame, "Settings"], pl.Series]:
    """Expected items of a stage that works on every row of what it reads first: the ids in this column."""
    return lambda table, settings: table.get_column(column)


def _lacking(*_: Any) -> Any:
    """Stands where a function was not given; `Stage.check` refuses such a stage before anything could call it."""
    raise ConfigError("a stage was run that was never registered: its declaration lacks a function")


def _same(settings: "Settings") -> str:
    return ""


def _once(settings: "Settings") -> float:
    return 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Stage:
    """One step of a batch from its files to signed rows. Entries of the registry `STAGES`; what lacks something is refused by `check`.

    Args:
        name: of the stage, its asset and its tables.
        description: what its table holds, for the UI.
        closes: what its check `closed` asserts, for the UI.
        reads: the tables that it reads, first the one that its items come from; a stage that reads none works on the batch's files.
        run: does the work: takes the results of what it reads, in this order, and its work (`Synthesis`, else `BatchWork`).
        item: column of the results with the ids of its items: `image_id` or `slot`; the ingestion of files has another.
        expected: ids that its output must account for, of the results (or the batch's files) that it reads first and the settings.
        imported: the same for a batch whose questions were imported, of the store and the batch, too; by default `expected`.
        schema: of its results.
        logic_version: of its code; another one makes its tables stale.
        logic_changes: what versions of its code changed, in words for whoever asks why a table is stale.
        variant: what follows its logic version where settings beside those of `[pipeline]` make its tables other ones.
        prompts: names of the prompts that it asks models with (`stages.prompts.PROMPTS`), also those that it asks only where a setting says so;
            none where it asks no model.
        settings: those of `[pipeline]` that its output follows from beside the seed, each with the prompts whose calls it changes.
        kinds: badges of the asset.
        group: of the asset.
        preview: what the UI shows beside a table of some rows.
        editing: what of its table a person may change by hand.
        provides: the table in whose place later stages read this one; by default its own name.
        before: the stage that it precedes; by default it comes last.
        items_per_row: items that a row of what it reads first usually makes.
        calls_per_item: usual calls of prompts for an item, where that isn't one.
    """

    name: str = ""
    description: str = ""
    closes: str = ""
    reads: tuple[str, ...] = ()
    run: Callable[..., StageOutput] = _lacking
    item: str = ""
    expected: Callable[[pl.DataFrame, "Settings"], pl.Series] = _lacking
    imported: "Callable[[pl.DataFrame, Store, str], pl.Series | None] | None" = None
    schema: pl.Schema = field(default_factory=pl.Schema)
    logic_version: str = ""
    logic_changes: Mapping[str, str] = field(default_factory=dict)
    variant: Callable[["Settings"], str] = _same
    prompts: tuple[str, ...] = ()
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    group: str = SYNTHESIS
    preview: Preview | None = None
    editing: Editing = field(default_factory=Editing)
    provides: str = ""
    before: str = ""
    items_per_row: Callable[["Settings"], float] = _once
    calls_per_item: Mapping[str, Callable[["Settings"], float]] = field(default_factory=dict)

    def expected_of(self, table: pl.DataFrame, settings: "Settings", store: "Store", batch: str) -> pl.Series:
        """Ids that its output must account for in a batch, of what it reads first there."""
        own = self.imported(table, store, batch) if self.imported else None
        return self.expected(table, settings) if own is None else own

    def asked_prompts(self, settings: "Settings") -> tuple[str, ...]:
        """Those of its prompts that it asks models with under these settings."""
        return asked_prompts(settings, self.prompts)

    @property
    def roles(self) -> tuple[Role, ...]:
        """Roles whose models it asks, each once."""
        return tuple(dict.fromkeys(PROMPTS[name].role for name in self.prompts))

    @property
    def edited_columns(self) -> tuple[str, ...]:
        """Columns of its table that a person may change by hand."""
        chosen = self.editing.columns
        return tuple(name for name in self.schema if name not in (*IDS, self.item)) if chosen is None else chosen

    def counted_settings(self, settings: "Settings") -> dict[str, Any]:
        """Settings that its output follows from, beside its prompts and models: its seed, and those that it names.

        Raises `ConfigError` where it names one that `[pipeline]` does not have.
        """
        known = type(settings.pipeline).model_fields
        unknown = [name for name in self.settings if name not in known]
        if unknown:
            raise ConfigError(
                f"stage {self.name!r}: unknown setting {', '.join(unknown)}; those of [pipeline] are {', '.join(known)}"
            )
        chosen = settings.pipeline.model_dump(include=set(self.settings))
        return {"seed": settings.pipeline.seed_of(self.name), **chosen}

    def check(self, key: str) -> None:
        """Raise `ConfigError` that names the stage and all that its declaration lacks or contradicts."""
        faults = list(self._faults(key))
        if faults:
            raise ConfigError(f"stage {key!r}: {'; '.join(faults)}")

    def _faults(self, key: str) -> Iterator[str]:
        lacking = [name for name in ("name", "description", "item", "logic_version") if not getattr(self, name)]
        lacking += [name for name in ("run", "expected") if getattr(self, name) is _lacking]
        lacking += [] if self.schema else ["schema"]
        if lacking:
            yield f"its declaration lacks {', '.join(lacking)}"
        if self.name and (self.name != key or not NAME.fullmatch(key)):
            yield f"it is named {self.name!r}; a stage is registered by its name: small letters, digits and _"
        needed = [self.item] if self.item else []
        needed += ["image_id", "schema_version", *(["calls"] if self.prompts else [])]
        absent = [column for column in needed if column not in self.schema]
        if self.schema and absent:
            yield f"its schema has no column {', '.join(absent)}"
        if self.reads and self.item not in ("", "image_id", "slot"):
            yield f"its items are {self.item!r}; what follows from images is known by image_id or slot"
        unknown = [name for name in self.editing.columns or () if name not in self.schema]
        if unknown:
            yield f"its schema has no column {', '.join(unknown)}, which may be edited"
        unknown = [name for name in self.prompts if name not in PROMPTS]
        if unknown:
            yield f"unknown prompt {', '.join(unknown)}; known: {', '.join(PROMPTS)}"
        strange = {*self.calls_per_item, *(name for names in self.settings.values() for name in names)}
        strange -= set(self.prompts)
        if strange:
            yield f"its settings or calls name prompts that it does not use: {', '.join(sorted(strange))}"
        if self.settings and not self.prompts:
            yield "it has settings that count but no prompts: a change of its code is told by its logic_version"
        if self.provides not in ("", self.name, *self.reads):
            yield f"it provides {self.provides!r}, which it does not read"
