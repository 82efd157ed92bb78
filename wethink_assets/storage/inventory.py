"""The inventory of a store: a chain of links that seal the files which commands wrote, so that an edited, exchanged or lost file is seen.

`seals/<n>.seal` is a line of JSON, the link, and behind it a parquet table of paths with the sha256 of their bytes. Each link names the hash of the
one before (Haber and Stornetta 1991); `seals/head.json` names the last. Links are made by create-only puts, so two writers get two numbers. A link
that is `whole` repeats all that is in force, so that readers need few of them.
"""

import hashlib
import io
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from wethink_assets.errors import StoreError
from wethink_assets.identity import canonical_json
from wethink_assets.storage.file_kinds import Nature, known_file
from wethink_assets.storage.seals import FileSeal, seal_of
from wethink_assets.storage.store import Store

__all__ = [
    "HEAD",
    "ChainFault",
    "Head",
    "Inventory",
    "Link",
    "Sealed",
    "add_link",
    "link_path",
    "links_after_the_head",
    "named_hash",
    "read_inventory",
    "write_head",
]

FOLDER = "seals"
HEAD = f"{FOLDER}/head.json"
LINKS_READ = 64  # a whole link is written where a reader would need more of them
LOOKS = 5
LOOK_AGAIN = 0.2  # seconds
SCHEMA = pl.Schema({"path": pl.String, "sha256": pl.String, "bytes": pl.Int64})


class Link(BaseModel):
    """What a link of the chain says of itself; its table names the files.

    previous: hash of the file of the link before; entries: hash of its table; trusted: files that nothing but this link vouches for.
    whole: it names all that is in force; anew: so it does, and nothing before it counts any more.
    complete: with it all files of the store were sealed.
    verified: number of the link up to which all files were found to be as sealed when this one was made; 0 where nobody looked.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    previous: str
    entries: str
    files: int
    trusted: int = 0
    whole: bool = False
    anew: bool = False
    complete: bool = False
    verified: int = 0
    command: str = ""
    created: datetime


class Head(BaseModel):
    """The last link: its number and the hash of its file."""

    model_config = ConfigDict(frozen=True)

    number: int
    link: str
    seal: str = ""

    def sealed(self) -> "Head":
        """The same with the seal of its content."""
        return self.model_copy(update={"seal": seal_of(self)})


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
    verified: up to which link all was found as sealed.
    """

    files: dict[str, Sealed] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    last: int = 0
    last_hash: str = ""
    since_whole: int = 0
    complete: bool = False
    verified: int = 0
    faults: list[ChainFault] = field(default_factory=list)


def link_path(number: int) -> str:
    """Path of a link."""
    return f"{FOLDER}/{number:08d}.seal"


def _numbers(store: Store) -> list[int]:
    stems = (name.removesuffix(".seal") for name in store.names(FOLDER) if name.endswith(".seal"))
    return sorted(int(stem) for stem in stems if len(stem) == 8 and stem.isdigit())


def read_inventory(store: Store, *, every_link: bool = False, within: pl.Expr | None = None) -> Inventory:
    """What is sealed of a store.

    Args:
        every_link: read and check all links, not only the last whole one and those after it.
        within: which paths are wanted, as a condition on the column `path`; all where it is None. Only these are held in memory.

    Links that are damaged are named in `faults`, and what they sealed is missing from the result.
    """
    head = store.read_if_present(HEAD)  # before the links: one that is named by then is there
    numbers = _numbers(store)
    inventory = Inventory(last=numbers[-1] if numbers else 0)
    read: list[tuple[Link, bytes]] = []
    following = ""  # hash that the link after names
    for number in range(inventory.last, 0, -1):
        path = link_path(number)
        data = store.read_if_present(path)
        if data is None:
            inventory.faults.append(ChainFault(path, "missing", f"link {number + 1} follows it"))
            following = ""
            continue
        found = hashlib.sha256(data).hexdigest()
        if number == inventory.last:
            inventory.last_hash = found
        parsed = _parsed(data, number)
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
        if not any(earlier.whole for earlier, _ in read):
            read.append(parsed)
        inventory.verified = max(inventory.verified, link.verified)
        inventory.complete |= link.complete
        if link.anew or (link.whole and not every_link):
            break
    inventory.since_whole = len(read)
    for link, body in reversed(read):
        table = pl.read_parquet(io.BytesIO(body)).select(SCHEMA.names())
        for path, sha256, size in (table if within is None else table.filter(within)).iter_rows():
            if sha256:
                inventory.files[path] = Sealed(sha256, size, link.number)
            else:
                inventory.files.pop(path, None)
    inventory.removed -= inventory.files.keys()
    inventory.faults += _head_faults(store, head, inventory, patient=every_link)
    inventory.faults = [
        fault for _, fault in sorted({fault.path: fault for fault in reversed(inventory.faults)}.items())
    ]
    return inventory


def _parts_in(body: bytes) -> set[str]:
    """Parts that a link names: a name is of one content, so that of one that was removed no other file can have it."""
    paths = pl.read_parquet(io.BytesIO(body), columns=["path"]).filter(
        pl.col("path").str.contains("/part-", literal=True)
    )
    return {path for path in paths["path"] if (file := known_file(path)) and file.kind.nature is Nature.PART}


def _parsed(data: bytes, number: int) -> tuple[Link, bytes] | str:
    """A link and the bytes of its table, or what is wrong with them. Every byte counts: the head has one form, the table a hash."""
    head, _, body = data.partition(b"\n")
    try:
        link = Link.model_validate_json(head)
    except ValidationError:
        return "it is no link"
    if head != _head(link) or hashlib.sha256(body).hexdigest() != link.entries:
        return "its content is not what its hashes say"
    if link.number != number:
        return f"it is link {link.number}"
    return link, body


def _head(link: Link) -> bytes:
    return canonical_json(link.model_dump(mode="json"))


def _head_faults(store: Store, data: bytes | None, inventory: Inventory, patient: bool) -> Iterator[ChainFault]:
    """What is wrong with the head of the chain, or what it says of the links. `data` was read before the links were listed."""
    head = _parsed_head(data)
    for _ in range(LOOKS if patient else 0):  # somebody may have made a link, and not named it yet
        if head is None or head.number >= inventory.last:
            break
        time.sleep(LOOK_AGAIN)
        head = _parsed_head(store.read_if_present(HEAD))
    if head is None:
        if data is not None:
            yield ChainFault(HEAD, "altered", "its content is not what its seal says")
        elif inventory.last:
            yield ChainFault(HEAD, "missing", f"link {inventory.last} is there")
    elif head.number > inventory.last and _parsed_head(data) == head:
        for number in range(inventory.last + 1, head.number + 1):
            yield ChainFault(link_path(number), "missing", f"the head of the chain names link {head.number}")
    elif head.number < inventory.last:
        yield ChainFault(HEAD, "altered", f"it names link {head.number}, and link {inventory.last} is there")
    elif head.number == inventory.last and head.link != inventory.last_hash:
        yield ChainFault(link_path(head.number), "altered", "it is not the link that the head of the chain names")


def _parsed_head(data: bytes | None) -> Head | None:
    """The head that a file holds; None where its content is not what its seal says."""
    try:
        head = Head.model_validate_json(data or b"")
    except ValidationError:
        return None
    return head if data == _written_head(head) and head.seal == head.sealed().seal else None


def _written_head(head: Head) -> bytes:
    return canonical_json(head.model_dump(mode="json"))


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
            inventory = Inventory(last=max(inventory.last, _named_last(store)), last_hash=inventory.last_hash)
        else:
            _require_end(store, inventory)
        rows = {path: (seal.sha256, _size(seal)) if seal else ("", None) for path, seal in files.items()}
        whole = not anew and inventory.since_whole >= LINKS_READ
        if whole:
            before = read_inventory(store)
            if before.last != inventory.last:
                continue  # somebody else made a link meanwhile
            rows = {path: (each.sha256, each.bytes) for path, each in before.files.items()} | rows
            rows = {path: row for path, row in rows.items() if row[0]}
        body = _table(rows)
        link = Link(
            number=inventory.last + 1,
            previous=inventory.last_hash,
            entries=hashlib.sha256(body).hexdigest(),
            files=len(rows),
            trusted=trusted,
            whole=whole or anew or not inventory.last,
            anew=anew,
            complete=complete or (whole and inventory.complete),
            verified=verified or (inventory.verified if whole else 0),
            command=command,
            created=datetime.now(UTC),
        )
        if store.create(link_path(link.number), _head(link) + b"\n" + body):
            write_head(store)
            return link


def _size(seal: FileSeal) -> int | None:
    return seal.bytes if seal.bytes >= 0 else None


def _named_last(store: Store) -> int:
    """Number in the head of the chain; 0 where it has none."""
    head = _parsed_head(store.read_if_present(HEAD))
    return head.number if head else 0


def _require_end(store: Store, inventory: Inventory) -> None:
    damaged = [fault for fault in inventory.faults if fault.path != HEAD]
    if damaged:
        first = damaged[0]
        raise StoreError(
            f"{store.link(first.path)} is {first.fault}: {first.detail}; nothing is sealed on a damaged chain: "
            "`wethink verify --all` lists what is wrong, `wethink seal --anew` begins a new one"
        )


def named_hash(store: Store, path: str) -> str:
    """sha256 of a link by what names it, the link after it or the head; nothing where neither can be read."""
    number = int(path.rpartition("/")[2].removesuffix(".seal"))
    following = store.read_if_present(link_path(number + 1))
    parsed = _parsed(following, number + 1) if following is not None else ""
    if not isinstance(parsed, str):
        return parsed[0].previous
    head = _parsed_head(store.read_if_present(HEAD))
    return head.link if head and head.number == number else ""


def links_after_the_head(store: Store) -> list[str]:
    """Files named as links after the last one that are none of the chain: they hold no link, or one that does not follow it."""
    head = _parsed_head(store.read_if_present(HEAD))
    strange: list[str] = []
    for number in (number for number in _numbers(store) if head and number > head.number):
        data = store.read_if_present(link_path(number))
        parsed = _parsed(data, number) if data is not None else "gone"
        before = store.read_if_present(link_path(number - 1))
        follows = before is not None and not strange and not isinstance(parsed, str)
        if not follows or isinstance(parsed, str) or parsed[0].previous != hashlib.sha256(before or b"").hexdigest():
            strange.append(link_path(number))
    return strange


def write_head(store: Store) -> None:
    """Name the last link; whoever comes in between is named by the one who looks last."""
    while numbers := _numbers(store):
        number = numbers[-1]
        head = Head(number=number, link=hashlib.sha256(store.read(link_path(number))).hexdigest()).sealed()
        store.publish(HEAD, _written_head(head))
        if _numbers(store)[-1] == number:
            return


def _table(rows: Mapping[str, tuple[str, int | None]]) -> bytes:
    ordered = sorted(rows.items())
    frame = pl.DataFrame(
        {
            "path": [path for path, _ in ordered],
            "sha256": [sha256 for _, (sha256, _) in ordered],
            "bytes": [size for _, (_, size) in ordered],
        },
        schema=SCHEMA,
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()
