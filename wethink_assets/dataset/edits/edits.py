"""Edits of a stage's table by hand: it is handed out as a file, edited, and comes back as a new table of its batch; or the edits are taken back.

What comes back is compared with the table in force, which must be the one that was handed out. The differences from what the stage made become
an edit (`storage.edits`), which the new table carries. Stages that read the table are then older than it: `wethink run` takes them up, and calls
whose inputs are the same come from the journal. Taking an edit back makes current what the stage had made, byte for byte.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wethink_assets.dataset.edits.comparison import compared
from wethink_assets.dataset.edits.formats.table_format import TABLE_FORMATS, TableFormat
from wethink_assets.dataset.edits.sheet import Row, Sheet, Stamp, sheet_of
from wethink_assets.errors import EditError, StoreError
from wethink_assets.stages.order import stage_names
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.edits import BESIDE_CONTENT, RowEdit, TableEdit, row_digest
from wethink_assets.storage.faults import fault_at
from wethink_assets.storage.local_files import beside
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables

__all__ = ["HistoryEntry", "Replacement", "export_table", "replace_table", "restore_table", "table_history"]

Progress = Callable[[int, int], None]
LONGEST_NAME, LONGEST_NOTE = 100, 1_000


@dataclass(frozen=True)
class Replacement:
    """What an edit did. `rows`: items by what was done to them; `commit` is None where nothing was, or nothing was to be kept (a dry run)."""

    stage: str
    batch: str
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fields: Mapping[str, int] = field(default_factory=dict)
    commit: Commit | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Rows by what was done to them."""
        return {change: len(items) for change, items in self.rows.items()}


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One edit of a batch's table, or its being taken back.

    in_force: whether the table in force carries it; set_aside: rows that it no longer fits.
    """

    stage: str
    commit: int
    editor: str
    edited: datetime
    note: str
    rows: int
    taken_back: bool
    in_force: bool
    set_aside: int


def table_format(path: Path) -> TableFormat:
    """The format of a file, by its ending. Raises `UnknownName` that lists the known ones."""
    return TABLE_FORMATS[path.suffix.lower().removeprefix(".")]


def export_table(store: Store, batch: str, stage: str, path: Path, progress: Progress | None = None) -> Sheet:
    """Write a stage's table in force over a batch to a file that is whole or absent.

    Raises `EditError` where the batch has no such table, or there is a file already, and `UnknownName` for an ending that is no format's.
    """
    form = table_format(path)
    sheet = sheet_of(store, batch, stage)
    if path.exists():
        raise EditError(f"{path} is there already, and may hold somebody's edits: name another file, or remove it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path) as unfinished:
            form.write(unfinished, sheet, progress or (lambda *_: None))
            _put(unfinished, path)
    except FileExistsError as error:
        raise EditError(f"{path} was written by another process at the same moment: name another file") from error
    except OSError as error:
        raise EditError(fault_at(f"{path} cannot be written", error)) from error
    return sheet


def _put(unfinished: Path, path: Path) -> None:
    """Give a file its name, never over one that came meanwhile where the file system has links. Raises `FileExistsError`."""
    try:
        os.link(unfinished, path)
    except FileExistsError:
        raise
    except OSError:
        unfinished.rename(path)


def replace_table(
    store: Store, batch: str, stage: str, path: Path, editor: str, note: str = "", *, dry_run: bool = False
) -> Replacement:
    """Put an edited table in the place of the one in force, as the rows in a file say.

    Args:
        editor: who edited it; kept for good, and named wherever a row is explained.
        note: why, kept beside.
        dry_run: only compare.

    Raises `EditError` that names everything that is wrong with the file, or says that the table was published anew since it was exported; then
    nothing is changed.
    """
    editor, note = _named(editor), note.strip()
    if len(note) > LONGEST_NOTE:
        raise EditError(f"the note has {len(note)} characters, {LONGEST_NOTE} at most")
    form = table_format(path)
    sheet = sheet_of(store, batch, stage)
    if not path.is_file():
        raise EditError(f"{path} is not there: `wethink table export {batch} {stage} {path}` writes it")
    file = form.read(path, sheet)
    _require_stamp(path, file.stamp, sheet)
    wanted = compared(path, form, file, sheet)
    rows = _differences(sheet.by_item, wanted)
    if not rows:
        return Replacement(stage, batch)
    tables = Tables(store)
    previous = tables.edit_of(sheet.commit)
    hand = {"editor": editor, "edited": datetime.now(UTC), "note": note}
    touched = {item for items in rows.values() for item in items}
    edits = _row_edits(sheet, tables.load_made(sheet.commit), wanted, touched, previous, hand)
    edit = TableEdit(
        asset=stage,
        batch=batch,
        column=sheet.stage.item,
        base=sheet.commit.digest,
        previous=sheet.commit.edit,
        rows=tuple(sorted(edits, key=lambda row: row.item)),
        **hand,
    )
    fields: dict[str, int] = {}
    for item in rows.get("changed", ()):
        for name in _changed(sheet.by_item[item], wanted[item]):
            fields[name] = fields.get(name, 0) + 1
    return Replacement(stage, batch, rows, fields, None if dry_run else _publish(tables, sheet.commit, edit))


def restore_table(store: Store, batch: str, stage: str, editor: str = "", note: str = "") -> Replacement:
    """Take all edits of a stage's table over a batch back: what the stage made is current again.

    Raises `EditError` where it carries none, or what the stage made is no longer kept.
    """
    sheet = sheet_of(store, batch, stage)
    tables = Tables(store)
    previous = tables.edit_of(sheet.commit)
    if previous is None or not previous.rows:
        raise EditError(
            f"{stage} of batch {batch} carries no edit: `wethink table history {batch}` lists those that there were"
        )
    made = tables.load_made(sheet.commit)
    if _items(made, sheet.stage.item) != _items(sheet.output, sheet.stage.item):
        raise EditError(
            f"{stage} of batch {batch} as it was made accounts for other items than it does now: `wethink run` makes it again first"
        )
    edit = TableEdit(
        asset=stage,
        batch=batch,
        column=sheet.stage.item,
        base=sheet.commit.digest,
        previous=sheet.commit.edit,
        editor=_named(editor) if editor else "",
        edited=datetime.now(UTC),
        note=note.strip()[:LONGEST_NOTE],
    )
    as_made = {row[sheet.stage.item]: row for row in made.results.iter_rows(named=True)}
    return Replacement(stage, batch, _differences(sheet.by_item, as_made), {}, _publish(tables, sheet.commit, edit))


def table_history(store: Store, batch: str, stages: Iterable[str] = ()) -> list[HistoryEntry]:
    """Edits of a batch's tables, stages in order, oldest first. Raises `StoreError` when a record is damaged."""
    tables = Tables(store)
    entries: list[HistoryEntry] = []
    for stage in stages or stage_names():
        commits = tables.all_of(stage, batch)
        last = commits[-1] if commits else None
        carried = ""
        for commit in commits:
            if commit.edit == carried:
                continue
            carried = commit.edit
            edit = tables.edit(stage, batch, carried)
            in_force = last is not None and last.edit == carried
            entries.append(
                HistoryEntry(
                    stage=stage,
                    commit=commit.number,
                    editor=edit.editor,
                    edited=edit.edited,
                    note=edit.note,
                    rows=len(edit.rows),
                    taken_back=not edit.rows,
                    in_force=in_force and bool(edit.rows),
                    set_aside=last.edited.get("set_aside", 0) if last is not None and in_force else 0,
                )
            )
    return entries


def _named(editor: str) -> str:
    name = editor.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise EditError(f"{editor[:40]!r} cannot name an editor: up to {LONGEST_NAME} printable characters on one line")
    return name


def _require_stamp(path: Path, stamp: Stamp | None, sheet: Sheet) -> None:
    commit = sheet.commit
    if stamp is None:
        raise EditError(
            f"{path} does not say which table it was made from: the name of its last column, or its first line, that begins with 'wethink' is "
            "missing. Put it back, or export the table again"
        )
    if (stamp.stage, stamp.batch) != (commit.asset, commit.batch):
        raise EditError(
            f"{path} is {stamp.stage} of batch {stamp.batch}, not {commit.asset} of batch {commit.batch}: "
            "name the batch and stage that it is of"
        )
    if stamp.digest != commit.digest:
        raise EditError(
            f"{path} was made from a table that is no longer in force: {commit.asset} of batch {commit.batch} was published anew on "
            f"{commit.finished:%Y-%m-%d %H:%M} UTC. Nothing was changed: export it again, and edit that"
        )


def _publish(tables: Tables, current: Commit, edit: TableEdit) -> Commit:
    try:
        return tables.publish_edit(current, edit)
    except StoreError as error:
        raise EditError(str(error)) from error


def _items(output: StageOutput, column: str) -> set[str]:
    return {*output.results.get_column(column), *output.rejections.get_column("item")}


def _changed(before: Row, after: Row) -> list[str]:
    return [name for name in after if name not in BESIDE_CONTENT and before.get(name) != after[name]]


def _differences(before: Mapping[str, Row], after: Mapping[str, Row]) -> dict[str, tuple[str, ...]]:
    """Items of rows that are other ones in the second table, by what was done to them; without what nothing was done to."""
    changes = {
        "changed": tuple(item for item in before if item in after and _changed(before[item], after[item])),
        "removed": tuple(item for item in before if item not in after),
        "added": tuple(item for item in after if item not in before),
    }
    return {change: items for change, items in changes.items() if items}


def _row_edits(
    sheet: Sheet,
    made: StageOutput,
    wanted: Mapping[str, dict[str, Any]],
    touched: set[str],
    previous: TableEdit | None,
    hand: Mapping[str, Any],
) -> list[RowEdit]:
    """All edits by which the table as the stage made it becomes the one that is wanted; those that were there before keep their editor."""
    kept = {row.item: row for row in previous.rows if row.item not in touched} if previous else {}
    edits = list(kept.values())
    editable = set(sheet.stage.edited_columns)
    as_made = {row[sheet.stage.item]: row for row in made.results.iter_rows(named=True)}
    for item in touched:
        before, after = as_made.get(item), wanted.get(item)
        row = {"item": item, "image": (after or before or {})["image_id"], **hand}
        if before is not None and after is not None:
            fields = _changed(before, after)
            if editable & set(fields):  # else it is as it was made again
                was, now = ({name: values[name] for name in fields} for values in (before, after))
                edits.append(RowEdit(**row, change="changed", made=row_digest(before), before=was, after=now))
        elif before is not None:
            gone = {name: value for name, value in before.items() if name in editable}
            edits.append(RowEdit(**row, change="removed", made=row_digest(before), before=gone))
        elif after is not None:
            edits.append(RowEdit(**row, change="added", after=after))
    return edits
