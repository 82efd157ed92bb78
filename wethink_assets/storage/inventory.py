"""The inventory of a store: a chain of links that seal the files which commands wrote, so that an edited, exchanged or lost file is seen.

Links (`storage.seal_links`) are made by create-only puts, so two writers get two numbers. A link holds what is new alone; readers need few of them
thanks to a snapshot beside the chain (`storage.seal_snapshot`).
"""

import hashlib
import io
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from wethink_assets.errors import StoreError
from wethink_assets.storage.file_kinds import Nature, known_file
from wethink_assets.storage.seal_links import (
    HEAD,
    SCHEMA,
    Link,
    link_files,
    link_line,
    link_numbers,
    link_path,
    link_table,
    named_last,
    parsed_head,
    parsed_link,
    write_head,
)
from wethink_assets.storage.seal_snapshot import PATH as SNAPSHOT
from wethink_assets.storage.seal_snapshot import Snapshot, parsed_snapshot, snapshot_bytes
from wethink_assets.storage.seals import FileSeal
from wethink_assets.storage.store import Store

__all__ = ["SNAPSHOT", "ChainFault", "Inventory", "Sealed", "add_link", "read_inventory"]

LINKS_READ = 64  # a snapshot is written where a reader would need more of them,
SNAPSHOT_SHARE = 4  # and they hold a quarter of what it will: so all snapshots together cost a few times what is sealed
LOOKS = 5
LOOK_AGAIN = 0.2  # seconds
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file as a link sealed it; `sha256` is empty where it was removed on purpose."""

    sha256: str
    bytes: int | None
    link: int


@dataclass(frozen=True, slots=True, order=True)
class ChainFault:
    """A link that is missing or is not what it was."""

    path: str
    fault: str
    detail: str


@dataclass(slots=True)
class Inventory:
    """All that is sealed of a store.

    files: what is in force, by path, without what was removed; removed: parts of folders that were sealed once and are not in force any more, known
    where every link was read; complete: whether all of the store was sealed once, so that commands seal the rest;
    verified: up to which link all was found as sealed; snapshot_due: whether readers need many links and a snapshot would spare them.
    """

    files: dict[str, Sealed] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    last: int = 0
    last_hash: str = ""
    snapshot_due: bool = False
    complete: bool = False
    verified: int = 0
    faults: list[ChainFault] = field(default_factory=list)


def read_inventory(store: Store, *, every_link: bool = False, within: pl.Expr | None = None) -> Inventory:
    """What is sealed of a store.

    Args:
        every_link: read and check all links, and the snapshot against them, not only that and those after it.
        within: which paths are wanted, as a condition on the column `path`; all where it is None. Only these are held in memory.

    Links that are damaged are named in `faults`, and what they sealed is missing from the result, but what the snapshot says of it.
    """
    head = store.read_if_present(HEAD)  # before the links: one that is named by then is there
    numbers = link_numbers(store)
    inventory = Inventory(last=numbers[-1] if numbers else 0)
    kept = store.read_if_present(SNAPSHOT)
    snapshot = parsed_snapshot(kept)
    if every_link and kept is not None and snapshot is None:
        inventory.faults.append(ChainFault(SNAPSHOT, "altered", "its content is not what its hash says"))
    base: Snapshot | None = None
    known = False  # whether the snapshot is of a link of this chain
    read: list[tuple[Link, bytes]] = []
    following = ""  # hash that the link after names
    for number, data in link_files(store, inventory.last):
        path = link_path(number)
        found = hashlib.sha256(data).hexdigest() if data is not None else ""
        known |= snapshot is not None and number == snapshot.number and snapshot.link in {found, following}
        if data is None:
            inventory.faults.append(ChainFault(path, "missing", f"link {number + 1} follows it"))
            following = ""
            continue
        if number == inventory.last:
            inventory.last_hash = found
        parsed = parsed_link(data, number)
        if isinstance(parsed, str):
            inventory.faults.append(ChainFault(path, "altered", parsed))
            following = ""
            continue
        link = parsed[0]
        if following and following != found:
            inventory.faults.append(
                ChainFault(path, "altered", f"it is not the link that number {number + 1} followed")
            )
        following = link.previous
        if every_link:
            inventory.removed |= _parts_in(parsed[1])
        if snapshot and not every_link and (snapshot.number, snapshot.link) == (number, found):
            base = snapshot
            break
        if not any(earlier.whole for earlier, _ in read):
            read.append(parsed)
        inventory.verified = max(inventory.verified, link.verified)
        inventory.complete |= link.complete
        if link.anew or (link.whole and not every_link):
            break
    if snapshot and every_link and known and inventory.faults and not _is_whole_since(snapshot, read):
        base, read = (
            snapshot,
            [(link, body) for link, body in read if link.number > snapshot.number],
        )  # what lost links said
    if base:
        inventory.complete |= base.complete
        inventory.verified = max(inventory.verified, base.verified)
        for path, sha256, size, by in (base.table if within is None else base.table.filter(within)).iter_rows():
            inventory.files[path] = Sealed(sha256, size, by)
    held = sum(link.files for link, _ in read)
    inventory.snapshot_due = len(read) >= LINKS_READ and (held * SNAPSHOT_SHARE >= base.table.height if base else True)
    for link, body in reversed(read):
        table = pl.read_parquet(io.BytesIO(body)).select(SCHEMA.names())
        for path, sha256, size in (table if within is None else table.filter(within)).iter_rows():
            if sha256:
                inventory.files[path] = Sealed(sha256, size, link.number)
            else:
                inventory.files.pop(path, None)
        if every_link and known and within is None and snapshot and snapshot.number == link.number:
            inventory.faults += _snapshot_faults(snapshot, inventory)
    inventory.removed -= inventory.files.keys()
    inventory.faults += _head_faults(store, head, inventory, patient=every_link)
    inventory.faults = [
        fault for _, fault in sorted({fault.path: fault for fault in reversed(inventory.faults)}.items())
    ]
    return inventory


def _is_whole_since(snapshot: Snapshot, read: list[tuple[Link, bytes]]) -> bool:
    """Whether a later link repeats all, as those of earlier releases may."""
    return any(link.whole and link.number > snapshot.number for link, _ in read)


def _snapshot_faults(snapshot: Snapshot, inventory: Inventory) -> Iterator[ChainFault]:
    """What is wrong with a snapshot by the files that were in force at its link."""
    if snapshot.table.height != len(inventory.files) or any(
        inventory.files.get(path) != Sealed(*sealed) for path, *sealed in snapshot.table.iter_rows()
    ):
        yield ChainFault(SNAPSHOT, "altered", f"it is not what the links up to number {snapshot.number} say")


def _parts_in(body: bytes) -> set[str]:
    """Parts that a link names: a name is of one content, so that of one that was removed no other file can have it."""
    paths = pl.read_parquet(io.BytesIO(body), columns=["path"]).filter(
        pl.col("path").str.contains("/part-", literal=True)
    )
    return {path for path in paths["path"] if (file := known_file(path)) and file.kind.nature is Nature.PART}


def _head_faults(store: Store, data: bytes | None, inventory: Inventory, patient: bool) -> Iterator[ChainFault]:
    """What is wrong with the head of the chain, or what it says of the links. `data` was read before the links were listed."""
    head = parsed_head(data)
    for _ in range(LOOKS if patient else 0):  # somebody may have made a link, and not named it yet
        if head is None or head.number >= inventory.last:
            break
        time.sleep(LOOK_AGAIN)
        head = parsed_head(store.read_if_present(HEAD))
    if head is None:
        if data is not None:
            yield ChainFault(HEAD, "altered", "its content is not what its seal says")
        elif inventory.last:
            yield ChainFault(HEAD, "missing", f"link {inventory.last} is there")
    elif head.number > inventory.last and parsed_head(data) == head:
        for number in range(inventory.last + 1, head.number + 1):
            yield ChainFault(link_path(number), "missing", f"the head of the chain names link {head.number}")
    elif head.number < inventory.last:
        yield ChainFault(HEAD, "altered", f"it names link {head.number}, and link {inventory.last} is there")
    elif head.number == inventory.last and head.link != inventory.last_hash:
        yield ChainFault(link_path(head.number), "altered", "it is not the link that the head of the chain names")


def add_link(
    store: Store,
    files: Mapping[str, FileSeal | None],
    *,
    command: str,
    trusted: int = 0,
    verified: int = 0,
    complete: bool = False,
    anew: bool = False,
) -> Link:
    """Add a link that seals files, each with its seal, None where it was removed on purpose.

    Of two writers at once each gets a number of its own.

    Args:
        files: sizes below 0 are not known.
        trusted, verified, complete: as in `Link`.
        anew: nothing before the link counts any more.

    Raises `StoreError` where the chain is damaged: a link is hung on no such, but anew.
    """
    while True:
        inventory = read_inventory(store, within=pl.lit(False))
        if anew:
            inventory = Inventory(last=max(inventory.last, named_last(store)), last_hash=inventory.last_hash)
        else:
            _require_end(store, inventory)
        rows = {path: (seal.sha256, _size(seal)) if seal else ("", None) for path, seal in files.items()}
        body = link_table(rows)
        link = Link(
            number=inventory.last + 1,
            previous=inventory.last_hash,
            entries=hashlib.sha256(body).hexdigest(),
            files=len(rows),
            trusted=trusted,
            whole=anew or not inventory.last,
            anew=anew,
            complete=complete,
            verified=verified,
            command=command,
            created=datetime.now(UTC),
        )
        if store.create(link_path(link.number), link_line(link) + b"\n" + body):
            write_head(store)
            if inventory.snapshot_due:
                _write_snapshot(store)
            return link


def _write_snapshot(store: Store) -> None:
    now = read_inventory(store)
    if now.faults:
        return
    rows = ((path, each.sha256, each.bytes, each.link) for path, each in now.files.items())
    try:
        store.publish(SNAPSHOT, snapshot_bytes(now.last, now.last_hash, now.complete, now.verified, rows))
    except StoreError as error:  # the link is made: whoever makes the next tries again
        log.warning("the snapshot of the seals is not written: %s", error)


def _size(seal: FileSeal) -> int | None:
    return seal.bytes if seal.bytes >= 0 else None


def _require_end(store: Store, inventory: Inventory) -> None:
    damaged = [fault for fault in inventory.faults if fault.path != HEAD]
    if damaged:
        first = damaged[0]
        raise StoreError(
            f"{store.link(first.path)} is {first.fault}: {first.detail}; nothing is sealed on a damaged chain: "
            "`wethink verify --all` lists what is wrong, `wethink seal --anew` begins a new one"
        )
