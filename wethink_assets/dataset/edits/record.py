"""What is on record of edits by hand, for lineage: of a row each edit that touched it, of a table those that it carries."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import polars as pl

from wethink_assets.errors import StoreError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.storage.edits import RowEdit, TableEdit, row_digest
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table
from wethink_assets.storage.tables import Commit, Tables

__all__ = ["edit_summary", "row_edits", "table_edits"]

Story = dict[str, Any]


def row_edits(store: Store, commits: Iterable[Commit], items: Collection[str]) -> list[Story]:
    """Edits that tables carry of some items, oldest first: stage, editor, time, note, what was done, and each field before and after.

    An edit that was edited once more is told for each hand it went through. `applies` is false where the stage makes another row now than the
    person saw.
    """
    stories = []
    for commit in commits:
        for edit, row in _chain(Tables(store), commit, items):
            fields = {
                name: {"before": row.before.get(name), "after": row.after.get(name)}
                for name in dict.fromkeys([*row.before, *row.after])
            }
            stories.append(
                {
                    "stage": edit.asset,
                    "item": row.item,
                    "change": row.change,
                    "editor": row.editor,
                    "edited": row.edited.isoformat(),
                    "note": row.note,
                    "applies": _applies(store, commit, row),
                    "fields": fields,
                }
            )
    return stories


def _chain(tables: Tables, commit: Commit, items: Collection[str]) -> Iterator[tuple[TableEdit, RowEdit]]:
    """Row edits of items over all edits that led to the one which a commit carries, oldest first, each once."""
    edits: list[TableEdit] = []
    name = commit.edit
    while name:
        edit = tables.edit(commit.asset, commit.batch, name)
        if not edit.rows and edits:  # all that was before had been taken back
            break
        edits.append(edit)
        name = edit.previous
    told = set()
    for edit in reversed(edits):
        for row in edit.rows:
            key = (row.item, row.editor, row.edited)
            if row.item in items and key not in told:
                told.add(key)
                yield edit, row


def _applies(store: Store, commit: Commit, row: RowEdit) -> bool:
    """Whether the table of a commit is the one of the row's edit: the stage made, and still makes, the row that the person saw."""
    if row.change == "added":
        return True
    column = STAGES[commit.asset].item
    made = scan_table(store, commit.as_made)
    rows = made.filter(pl.col(column) == row.item).collect()
    return rows.height == 1 and row_digest(rows.row(0, named=True)) == row.made


def table_edits(store: Store, commits: Iterable[Commit]) -> list[Story]:
    """Edits that tables carry: stage, batch, editors, time and note of the last one, rows by what was done to them."""
    stories = []
    for commit in commits:
        edit = _edit(store, commit)
        if edit is None or not edit.rows:
            continue
        stories.append(
            {
                "stage": commit.asset,
                "batch": commit.batch,
                "edit": commit.edit,
                "editors": sorted({row.editor for row in edit.rows}),
                "edited": edit.edited.isoformat(),
                "note": edit.note,
                "rows": commit.edited,
                "made": commit.made,
            }
        )
    return stories


def edit_summary(store: Store, commit: Commit) -> str:
    """In words what a commit's table carries of edits."""
    edit = _edit(store, commit)
    if edit is None:
        return "carries no edit by hand any more"
    if not edit.rows:
        return f"edits were taken back{f' by {edit.editor}' if edit.editor else ''} on {edit.edited:%Y-%m-%d}"
    return f"edited by {', '.join(sorted({row.editor for row in edit.rows}))}, last on {edit.edited:%Y-%m-%d}"


def _edit(store: Store, commit: Commit) -> TableEdit | None:
    try:
        return Tables(store).edit_of(commit)
    except StoreError:  # `verify` names what is missing
        return None
