"""What a listing accounts for, name by name, and archives of any members, for comparison with what reference tools list."""

import io
import os
import stat
import tarfile
import zipfile
from collections import Counter

from hypothesis import HealthCheck, settings

from wethink_assets.sources.catalog import Source
from wethink_assets.sources.listing import Listing, list_source
from wethink_assets.sources.readers.entries import IGNORED_KINDS
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing

IMAGE = drawing(1)
DRAWN = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = (
    *(
        "a.png",
        "b.JPG",
        "c",
        "d.xyz",
        "notes.txt",
        "labels.json",
        ".DS_Store",
        ".hidden.png",
        "Thumbs.db",
        "x.7z",
        "y.rar",
        "inner.zip",
    ),
    *(
        "inner.tar.gz",
        "film.mp4",
        "w.npy",
        "p.pdf",
        "m.svg",
        "n.py",
        "a\u0308.png",
        "\u65e5\u672c.png",
        "a\x1b[2J.png",
        "b\u202egnp.exe",
        "q\x07.txt",
    ),
    *("__MACOSX", "new\nline.png", "caf\udce9.png", "blank .png", "a\\b.png"),
)
"""Names of all kinds: images, texts, hidden, of other systems, with control characters, and one that is no UTF-8."""
TYPES = {
    "file": tarfile.REGTYPE,
    "old file": tarfile.AREGTYPE,
    "contiguous": tarfile.CONTTYPE,
    "folder": tarfile.DIRTYPE,
    "link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "device": tarfile.CHRTYPE,
    "disk": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
}


def listed(store: Store, source: Source) -> Listing:
    """A listing, in which each name is once, each kind is a known one, and the counts are those of the entries."""
    listing = list_source(store, source)
    entries = list(listing.ignored)
    assert Counter(each.kind for each in entries) == listing.ignored.counts
    assert set(listing.ignored.counts) <= set(IGNORED_KINDS)
    again = list_source(store, source)  # archives are taken from their index
    assert (again.digest, again.ignored.counts, sorted(again.ignored)) == (
        listing.digest,
        listing.ignored.counts,
        sorted(entries),
    )
    return listing


def total(listing: Listing) -> int:
    return listing.entries.height + len(listing.refusals) + len(listing.ignored)


def names_of(listing: Listing) -> Counter[str]:
    """Names of all that a listing accounts for."""
    names = [*listing.entries.read()["item"], *(refusal.name for refusal in listing.refusals)]
    return Counter([*names, *(each.name for each in listing.ignored)])


def decoded(data: bytes) -> str:
    return os.fsdecode(data).encode("utf-8", "backslashreplace").decode()


def tar_bytes(members: list[tuple[str, str]], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form, errors="surrogateescape") as archive:  # type: ignore[call-overload]
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mtime = TYPES[kind], "a.png" if "link" in kind else "", 1_700_000_000
            member.size = len(IMAGE) if kind in ("file", "old file", "contiguous") else 0
            archive.addfile(member, io.BytesIO(IMAGE))
    return out.getvalue()


def zip_bytes(members: list[tuple[str, int]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, kind in members:
            folder = kind == stat.S_IFDIR
            info = zipfile.ZipInfo(name + "/" * folder)
            info.create_system, info.external_attr = 3, (kind | 0o644) << 16
            archive.writestr(info, b"" if folder or name.endswith("/") else IMAGE)
    return out.getvalue()
