"""Caps of a recipe: which rows exceed them, and what each cap cut.

A cap keeps the rows with the smallest hash of seed and row_id, so a larger one keeps what a smaller one does. Caps of templates come first,
then those of sources, then that of the whole: each counts the rows that the ones before left.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.markdown import table
from wethink_assets.dedup.templates import question_template, template_keys

__all__ = ["Caps", "caps_section"]

U64 = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
PER_TEMPLATE, PER_SOURCE, IN_ALL = "max_rows_per_template", "max_rows_per_source", "max_rows"
SHOWN = 20  # templates that lost the most rows


@dataclass(slots=True)
class Caps:
    """Rows in the order they were added, by what caps go by; then which of them exceed one. 16 bytes a row, 24 with templates.

    over: of each row whether it exceeds a cap, once `decide` was called. cut: rows cut by cap. templates: positions of a row of each of the
    templates that lost the most, with the template's rows and how many were cut.
    """

    recipe: CutRecipe
    over: Flags = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    cut: dict[str, int] = field(default_factory=dict)
    templates: list[tuple[int, int, int]] = field(default_factory=list)
    capped_templates: int = 0
    _keys: list[U64] = field(default_factory=list)
    _templates: list[U64] = field(default_factory=list)
    _sources: list[tuple[str, int]] = field(default_factory=list)

    def add(self, source: str, rows: pl.DataFrame) -> None:
        """Append the rows of a batch: `row_id`, `kind` and `question`."""
        recipe = self.recipe
        if recipe.max_rows or recipe.max_rows_per_source or recipe.max_rows_per_template:
            self._keys.append(_order(recipe.seed, rows["row_id"]))
            self._sources.append((source, rows.height))
        if recipe.max_rows_per_template:
            self._templates.append(template_keys(rows["kind"], rows["question"]))

    def decide(self, kept: Flags) -> None:
        """Decide which of the kept rows exceed a cap."""
        self.over = np.zeros(len(kept), dtype=np.bool_)
        if not self._keys:
            return
        keys, recipe = np.concatenate(self._keys), self.recipe
        if recipe.max_rows_per_template:
            templates = np.concatenate(self._templates)
            self._exceed(PER_TEMPLATE, kept, templates, keys, recipe.max_rows_per_template)
            self._count_templates(kept, templates)
        if recipe.max_rows_per_source:
            numbers = {name: number for number, (name, _) in enumerate(dict(self._sources).items())}
            sources = np.repeat([numbers[name] for name, _ in self._sources], [count for _, count in self._sources])
            self._exceed(PER_SOURCE, kept, sources.astype(np.uint64), keys, recipe.max_rows_per_source)
        if recipe.max_rows:
            self._exceed(IN_ALL, kept, np.zeros(len(kept), dtype=np.uint64), keys, recipe.max_rows)

    def figures(self, question_at: Callable[[list[int]], dict[int, str]]) -> dict[str, Any] | None:
        """What caps cut, for `statistics.json`; None without a cap of templates, as versions of before say nothing of caps.

        question_at: gives the questions of rows by position.
        """
        if not self.recipe.max_rows_per_template:
            return None
        questions = question_at([position for position, _, _ in self.templates])
        shown = [
            {"template": question_template(questions[position]), "rows": rows, "cut": cut}
            for position, rows, cut in self.templates
        ]
        return {"cut": self.cut, "capped_templates": self.capped_templates, "templates": shown}

    def _exceed(self, cap: str, kept: Flags, groups: U64, keys: U64, most: int) -> None:
        members = np.flatnonzero(kept & ~self.over)
        members = members[np.lexsort((keys[members], groups[members]))]
        starts = np.flatnonzero(np.r_[True, groups[members][1:] != groups[members][:-1]]) if len(members) else members
        sizes = np.diff(np.r_[starts, len(members)])
        rank = np.arange(len(members)) - np.repeat(starts, sizes)
        beyond = members[rank >= most]
        self.over[beyond] = True
        self.cut[cap] = len(beyond)

    def _count_templates(self, kept: Flags, templates: U64) -> None:
        members = np.flatnonzero(kept)
        keys, first, group, rows = np.unique(
            templates[members], return_index=True, return_inverse=True, return_counts=True
        )
        cut = np.bincount(group, weights=self.over[members], minlength=len(keys)).astype(np.int64)
        self.capped_templates = int((cut > 0).sum())
        most = np.lexsort((keys, -cut))[:SHOWN]
        self.templates = [(int(members[first[at]]), int(rows[at]), int(cut[at])) for at in most if cut[at]]


def caps_section(figures: dict[str, Any] | None) -> list[str]:
    """Parts of a version's card on what caps cut; none where `figures` (`Caps.figures`) is None."""
    if figures is None:
        return []
    cut = [[f"`{cap}`", rows] for cap, rows in figures["cut"].items()]
    shown, capped = len(figures["templates"]), figures["capped_templates"]
    return [
        "### Rows over the caps\n",
        table(["cap", "rows left out"], cut),
        f"{capped} templates have more rows than the cap"
        + (f"; the {shown} that lost the most are listed. " if capped > shown else ". ")
        + "A template is a question with □ in place of numbers, names and quotations.\n",
        table(["template", "rows", "left out"], [[f"`{one['template']}`", one["rows"], one["cut"]] for one in figures["templates"]]),
    ]  # fmt: skip


def _order(seed: int, row_ids: pl.Series) -> U64:
    digests = (hashlib.sha256(f"cap:{seed}:{row_id}".encode()).digest() for row_id in row_ids)
    return np.fromiter((int.from_bytes(digest[:8], "big") for digest in digests), dtype=np.uint64, count=len(row_ids))
