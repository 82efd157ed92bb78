"""Links of seals: the files of the chain that seals a store, and its head, as they are written and read.

`seals/<n>.seal` is a line of JSON, the link, and behind it a parquet table of paths with the sha256 of their bytes. Each link names the hash of the
one before (Haber and Stornetta 1991); `seals/head.json` names the last. `storage.inventory` makes links and reads what they say together.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from wethink_assets.identity import canonical_json
from wethink_assets.storage.seals import seal_of
from wethink_assets.storage.store import Store

__all__ = [
    "FOLDER",
    "HEAD",
    "SCHEMA",
    "Head",
    "Link",
    "link_files",
    "link_line",
    "link_numbers",
    "link_path",
    "link_table",
    "links_after_the_head",
    "named_hash",
    "named_last",
    "parsed_head",
    "parsed_link",
    "write_head",
]

FOLDER = "seals"
HEAD = f"{FOLDER}/head.json"
READERS = 16  # links read at once where the store is far away
SCHEMA = pl.Schema({"path": pl.String, "sha256": pl.String, "bytes": pl.Int64})


class Link(BaseModel):
    """What a link of the chain says of itself; its table names the files.

    previous: hash of the file of the link before; entries: hash of its table; trusted: files that nothing but this link vouches for.
    whole: it names all that is in force, as the first does, and one in 64 of earlier releases; anew: so it does, and nothing before it counts.
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


def link_path(number: int) -> str:
    """Path of a link."""
    return f"{FOLDER}/{number:08d}.seal"


def link_numbers(store: Store) -> list[int]:
    """Numbers of the links that are there, in order."""
    stems = (name.removesuffix(".seal") for name in store.names(FOLDER) if name.endswith(".seal"))
    return sorted(int(stem) for stem in stems if len(stem) == 8 and stem.isdigit())


def link_files(store: Store, last: int) -> Iterator[tuple[int, bytes | None]]:
    """The files of all links, the last first, None where one is missing; far away, some at once."""
    if store.local:
        yield from ((number, store.read_if_present(link_path(number))) for number in range(last, 0, -1))
        return
    with ThreadPoolExecutor(READERS) as pool:
        for end in range(last, 0, -READERS):
            numbers = range(end, max(end - READERS, 0), -1)
            yield from zip(numbers, pool.map(store.read_if_present, map(link_path, numbers)), strict=True)


def parsed_link(data: bytes, number: int) -> tuple[Link, bytes] | str:
    """A link and the bytes of its table, or what is wrong with them. Every byte counts: the head has one form, the table a hash."""
    head, _, body = data.partition(b"\n")
    try:
        link = Link.model_validate_json(head)
    except ValidationError:
        return "it is no link"
    if head != link_line(link) or hashlib.sha256(body).hexdigest() != link.entries:
        return "its content is not what its hashes say"
    if link.number != number:
        return f"it is link {link.number}"
    return link, body


def link_line(link: Link) -> bytes:
    """First line of a link's file, without its end."""
    return canonical_json(link.model_dump(mode="json"))


def parsed_head(data: bytes | None) -> Head | None:
    """The head that a file holds; None where its content is not what its seal says."""
    try:
        head = Head.model_validate_json(data or b"")
    except ValidationError:
        return None
    return head if data == _written_head(head) and head.seal == head.sealed().seal else None


def _written_head(head: Head) -> bytes:
    return canonical_json(head.model_dump(mode="json"))


def named_last(store: Store) -> int:
    """Number in the head of the chain; 0 where it has none."""
    head = parsed_head(store.read_if_present(HEAD))
    return head.number if head else 0


def named_hash(store: Store, path: str) -> str:
    """sha256 of a link by what names it, the link after it or the head; nothing where neither can be read."""
    number = int(path.rpartition("/")[2].removesuffix(".seal"))
    following = store.read_if_present(link_path(number + 1))
    parsed = parsed_link(following, number + 1) if following is not None else ""
    if not isinstance(parsed, str):
        return parsed[0].previous
    head = parsed_head(store.read_if_present(HEAD))
    return head.link if head and head.number == number else ""


def links_after_the_head(store: Store) -> list[str]:
    """Files named as links after the last one that are none of the chain: they hold no link, or one that does not follow it."""
    head = parsed_head(store.read_if_present(HEAD))
    strange: list[str] = []
    for number in (number for number in link_numbers(store) if head and number > head.number):
        data = store.read_if_present(link_path(number))
        parsed = parsed_link(data, number) if data is not None else "gone"
        before = store.read_if_present(link_path(number - 1))
        follows = before is not None and not strange and not isinstance(parsed, str)
        if not follows or isinstance(parsed, str) or parsed[0].previous != hashlib.sha256(before or b"").hexdigest():
            strange.append(link_path(number))
    return strange


def write_head(store: Store) -> None:
    """Name the last link; whoever comes in between is named by the one who looks last."""
    while numbers := link_numbers(store):
        number = numbers[-1]
        head = Head(number=number, link=hashlib.sha256(store.read(link_path(number))).hexdigest()).sealed()
        store.publish(HEAD, _written_head(head))
        if link_numbers(store)[-1] == number:
            return


def link_table(rows: Mapping[str, tuple[str, int | None]]) -> bytes:
    """The table behind it: sha256 and bytes by path, an empty sha256 where a file was removed on purpose."""
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
