"""Marks for a new run: batches whose table of a stage is lost or damaged, so that planning takes the stage as not made, and the next run makes it.

`rerun/<asset>/<batch>.json` is there from the repair that found the loss until the stage is published again (`storage.tables`).
"""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from wethink_assets.storage.records import read_record, replace_record
from wethink_assets.storage.store import Store

__all__ = ["RerunMark", "mark_for_rerun", "marked_batches", "remove_mark", "rerun_mark"]

FOLDER = "rerun"


class RerunMark(BaseModel):
    """Why a stage of a batch is to be made again.

    commit: the highest number that a commit of it ever had, which is not given again; files: what is lost, by path.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    asset: str
    batch: str
    commit: int = 0
    files: tuple[str, ...]
    created: datetime

    @property
    def path(self) -> str:
        """File of the mark."""
        return _path(self.asset, self.batch)


def _path(asset: str, batch: str) -> str:
    return f"{FOLDER}/{asset}/{batch}.json"


def mark_for_rerun(store: Store, mark: RerunMark) -> None:
    """Keep a mark; what an earlier one of the same table names stays in it."""
    before = rerun_mark(store, mark.asset, mark.batch)
    if before is not None:
        files = tuple(sorted({*before.files, *mark.files}))
        mark = mark.model_copy(update={"files": files, "commit": max(before.commit, mark.commit)})
    replace_record(store, mark.path, mark)


def rerun_mark(store: Store, asset: str, batch: str) -> RerunMark | None:
    """The mark of a table, or None. Raises `StoreError` where it is damaged."""
    return read_record(store, _path(asset, batch), RerunMark)


def marked_batches(store: Store) -> dict[str, frozenset[str]]:
    """Batches that are marked, by stage."""
    return {
        asset: frozenset(name.removesuffix(".json") for name in store.names(f"{FOLDER}/{asset}"))
        for asset in store.names(FOLDER)
    }


def remove_mark(store: Store, asset: str, batch: str) -> None:
    """Take a mark away, as the table is made."""
    store.delete(_path(asset, batch))
