"""Tables that were removed as garbage, told from lost ones: `collected/` keeps which went and when, in a record for all that went together."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from wethink_assets.errors import StoreError
from wethink_assets.identity import digest_of
from wethink_assets.storage.records import create_record, read_record
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables

__all__ = ["Collected", "CollectedTables", "note_collected"]

FOLDER = "collected"


class Collected(BaseModel):
    """Record of tables that were removed as garbage."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    tables: tuple[str, ...]
    created: datetime


def note_collected(store: Store, tables: list[str]) -> None:
    """Keep that tables are removed as garbage, before they are."""
    record = Collected(tables=tuple(tables), created=datetime.now(UTC))
    create_record(store, f"{FOLDER}/{digest_of(record.model_dump(mode='json'))[:32]}.json", record)


class CollectedTables:
    """Folders of tables that were removed as garbage and that no commit has named since: one that was made anew and is gone is lost."""

    def __init__(self, store: Store) -> None:
        """Raises `StoreError` where a record is damaged."""
        self._store = store
        self._when: dict[str, datetime] = {}
        for name in store.names(FOLDER):
            if record := read_record(store, f"{FOLDER}/{name}", Collected):
                for folder in record.tables:
                    self._when[folder] = max(record.created, self._when.get(folder, record.created))

    @property
    def folders(self) -> frozenset[str]:
        """All that were ever removed."""
        return frozenset(self._when)

    def __contains__(self, folder: object) -> bool:
        """Whether that a folder is gone is as it should be; commits are read only for one that was removed."""
        return isinstance(folder, str) and folder in self._when and not self._made_anew(folder)

    def _made_anew(self, folder: str) -> bool:
        _, asset, batch, _ = folder.split("/")
        try:
            commits = Tables(self._store).all_of(asset, batch)
        except StoreError:  # the damaged one is named by its own seal
            return False
        return any(
            folder in (commit.folder, commit.made_folder) and commit.finished > self._when[folder] for commit in commits
        )
