"""Migration of a store that an earlier release wrote to the layout of this one: what has to be done, step by step, and its doing.

Paths, keys and identities of a store have never changed, and what earlier releases wrote is read as it is: no step touches the bytes of tables,
commits, cuts, versions, journals, policies or scores. What there is to do is to raise the number in `format.json`, by which earlier releases refuse
to write, to drop indexes of archives that no release from now on looks for, and to seal what was never sealed. Each step leaves nothing to do where
it was done, and may be killed at any moment: the next call goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from wethink_assets.dataset.inventory.sealing import Sealing, seal_after, seal_store
from wethink_assets.sources.archive_index import superseded_indexes
from wethink_assets.storage.file_kinds import known_file
from wethink_assets.storage.inventory import Inventory, add_link, read_inventory
from wethink_assets.storage.seal_links import FOLDER, HEAD, write_head
from wethink_assets.storage.seals import sealed_file
from wethink_assets.storage.store import Store
from wethink_assets.storage.store_format import FORMAT, PATH, format_of, write_format

__all__ = ["COMMAND", "STEPS", "Migration", "Step", "migrate", "needed_steps"]

COMMAND = "wethink migrate"
STEPS = ("format", "indexes", "seals")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that there is to do: its name, over how many files, and why; `paths` are those that are removed."""

    name: str
    files: int
    reason: str
    paths: tuple[str, ...] = ()


@dataclass(slots=True)
class Migration:
    """What was done: the steps, and what was sealed where that was one of them."""

    steps: list[Step] = field(default_factory=list)
    sealing: Sealing | None = None


def needed_steps(store: Store) -> list[Step]:
    """What there is to do, in its order; nothing for a store that is as this release writes it.

    Raises `StoreError` where a record is damaged that says so, or a later release wrote the store.
    """
    found = (_format(store), _indexes(store), _seals(store))
    return [step for step in found if step is not None]


def migrate(store: Store, progress: Progress = lambda step, done, total: None) -> Migration:
    """Take all steps that are needed.

    Args:
        progress: called with the step, files done and files in all.

    Raises `StoreError` as `needed_steps` does, and where the chain of seals is damaged.
    """
    result = Migration()
    for step in needed_steps(store):
        result.steps.append(step)
        if step.name == "format":
            # First, so that no earlier release writes while the rest is done.
            write_format(store)
            if _is_sealed(store):
                seal_after(store, (), [PATH], command=COMMAND)
        elif step.name == "indexes":
            _drop(store, step.paths, progress)
        else:
            result.sealing = _seal(store, progress)
    return result


def _format(store: Store) -> Step | None:
    found = format_of(store)
    if found >= FORMAT:
        return None
    return Step("format", 1, f"{PATH} says {found}, and this release writes {FORMAT}: earlier ones write no more then")


def _indexes(store: Store) -> Step | None:
    paths = tuple(superseded_indexes(store))
    reason = "no release from now on looks for these indexes of archives, which were read anew since or will be"
    return Step("indexes", len(paths), reason, paths) if paths else None


def _seals(store: Store) -> Step | None:
    inventory = read_inventory(store)
    if inventory.complete and not _lacks_head(inventory) and not _says_another_format(store, inventory):
        return None
    files = [path for path in store.files("") if known_file(path) and not path.startswith(f"{FOLDER}/")]
    unsealed = sum(path not in inventory.files for path in files)
    reason = "not all files have a seal, against which `wethink verify --all` holds them"
    return Step("seals", unsealed, reason) if files else None


def _lacks_head(inventory: Inventory) -> bool:
    """Whether the head of the chain does not name its last link, as after a kill."""
    return any(fault.path == HEAD for fault in inventory.faults)


def _says_another_format(store: Store, inventory: Inventory) -> bool:
    """Whether the format was written and not sealed, as after a kill."""
    sealed = inventory.files.get(PATH)
    return sealed is not None and store.exists(PATH) and sealed_file(store, PATH).sha256 != sealed.sha256


def _seal(store: Store, progress: Progress) -> Sealing:
    sealing = seal_store(store, command=COMMAND, progress=lambda done, total: progress("seals", done, total))
    if _lacks_head(read_inventory(store, within=pl.lit(False))):
        write_head(store)
    return sealing


def _is_sealed(store: Store) -> bool:
    return bool(read_inventory(store).last)


def _drop(store: Store, paths: tuple[str, ...], progress: Progress) -> None:
    sealed = read_inventory(store).files.keys() & set(paths)
    if sealed:  # before they go: whenever this stops, a sealed file is there
        add_link(store, dict.fromkeys(sorted(sealed)), command=COMMAND)
    for done, path in enumerate(paths, 1):
        store.delete(path)
        progress("indexes", done, len(paths))
