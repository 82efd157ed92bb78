"""Look-up of images: by the start of its id, by a file of this machine, or by a file of a source."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from wethink_assets.dataset.versions.statistics import SHA256
from wethink_assets.errors import StoreError, VersionError
from wethink_assets.sources.batches import source_of
from wethink_assets.sources.claims import Occurrence, occurrences
from wethink_assets.storage.erasures import erasures_of
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table
from wethink_assets.storage.tables import Tables

HEXADECIMAL = set("0123456789abcdef")
SHORTEST = 6  # hexadecimal digits from which a name is taken for the start of an id
READERS = 16
SHOWN = 5


def images_named(store: Store, name: str) -> list[str]:
    """Ids of the images that a name stands for, sorted; empty when none does.

    name: an image id or the start of one (6 digits or more); a path of the store such as `blobs/ab/ab12...png`; a file of this machine;
    or a file of a source as its listing has it, `train2017/0001.jpg` or, to name the source too, `coco/train2017/0001.jpg`.

    Raises `VersionError` when the start of an id fits several images.
    """
    text = name.strip()
    stem = text.rpartition("/")[2].partition(".")[0] if text.startswith("blobs/") else text
    if len(stem) >= SHORTEST and not set(stem.lower()) - HEXADECIMAL:
        matches = _by_prefix(store, stem.lower())
        if len(matches) > 1:
            shown = ", ".join(matches[:SHOWN]) + (" ..." if len(matches) > SHOWN else "")
            raise VersionError(f"{name} is the start of {len(matches)} image ids: {shown}; give more digits")
        if matches:
            return matches
    path = Path(text).expanduser()
    if path.is_file():
        with path.open("rb") as file:
            image = hashlib.file_digest(file, "sha256").hexdigest()
        if known(store, image):
            return [image]
    return sorted(_by_file(store, text))


def known(store: Store, image: str) -> bool:
    """Whether the store holds, or held, this image."""
    return image in _by_prefix(store, image)


def _by_prefix(store: Store, prefix: str) -> list[str]:
    # A blob may be gone, erased, while its claim stays; stores filled otherwise have blobs without claims.
    names = {name.partition(".")[0] for folder in ("claims", "blobs") for name in store.names(f"{folder}/{prefix[:2]}")}
    images = {name for name in names if name.startswith(prefix) and len(name) == 64}
    return sorted(images or {image for image in erasures_of(store).images if image.startswith(prefix)})


def _by_file(store: Store, name: str) -> set[str]:
    """Images of the files of all batches whose name is `name`, or whose source and name joined by a slash are."""
    tables = Tables(store)

    def search(batch: str) -> Iterator[str]:
        source = source_of(batch)
        items = {name, name.removeprefix(f"{source}/")}
        try:
            commit = tables.current("images", batch)
            if commit is None:
                return
            table = scan_table(store, commit)
            yield from table.filter(pl.col("item").is_in(list(items))).select("image_id").collect()["image_id"]
            if commit.rejections:
                refused = scan_table(store, commit, "rejections")
                ours = pl.col("item").is_in(list(items)) & pl.col("reason").is_in(["already_ingested", "retracted"])
                for detail in refused.filter(ours).collect()["detail"]:
                    yield from SHA256.findall(detail)[:1]
        except StoreError:
            return  # a damaged table hides no other batch's; `verify` names it

    with ThreadPoolExecutor(READERS) as pool:
        matches = pool.map(lambda batch: list(search(batch)), store.names("tables/images"))
        return {image for images in matches for image in images}


def files_of_image(store: Store, image: str) -> list[Occurrence]:
    """All files that hold the image: as claimed and noted at ingestion, else as the tables in force tell."""
    noted = occurrences(store, image)
    if noted:
        return noted
    tables, files = Tables(store), []
    for batch in store.names("tables/images"):
        commit = tables.current("images", batch)
        if commit is None:
            continue
        held = scan_table(store, commit).filter(pl.col("image_id") == image)
        for source, item, licence in held.select("source", "item", "licence").collect().iter_rows():
            files.append(Occurrence(source, batch, item, licence))
    return files
