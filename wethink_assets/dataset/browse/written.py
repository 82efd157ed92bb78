"""Pages of a collection, written as one folder that a browser opens without a server.

The same templates as those that are served, with addresses from file to file. The list is made in the browser: `data/facets.js` says which
rows have which values, `data/rows-<n>.js` holds their texts in parts, of which a search reads all and a page one or a few.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.dataset.browse.collection import Collection
from wethink_assets.dataset.browse.duplicates import DuplicateGroups
from wethink_assets.dataset.browse.facets import FACETS, Filters
from wethink_assets.dataset.browse.images import page_image
from wethink_assets.dataset.browse.index import PAGE_ROWS, BrowseIndex
from wethink_assets.dataset.browse.pages import ASSETS, asset, rendered
from wethink_assets.dataset.browse.server import CHOICES, row_page
from wethink_assets.dataset.exports.export import make_unfinished_folder
from wethink_assets.errors import VersionError
from wethink_assets.plain_text import visible
from wethink_assets.storage.faults import fault_at
from wethink_assets.storage.store import Store

__all__ = ["WrittenPages", "WrittenSite", "write_pages"]

SIDE = 800
"""Longest side of an image in pixels."""
PART = 500
"""Rows whose texts are in one file."""
WORKERS = 2
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
SHOWN = (
    "row_id",
    "image_id",
    "question",
    "options",
    "answer",
    "source",
    "kind",
    "abilities",
    "answer_type",
    "agreed",
    "category",
    "refined_cot",
)


@dataclass(frozen=True)
class WrittenSite:
    """Addresses of the pages, from a page that `root` leads back from. extensions: those of images, by id."""

    title: str
    extensions: Mapping[str, str]
    root: str = ""
    written: bool = True
    policy: str = POLICY

    @property
    def list(self) -> str:
        """The first page."""
        return f"{self.root}index.html"

    @property
    def duplicates(self) -> str:
        """The first page of duplicates."""
        return self.duplicates_page(1)

    def duplicates_page(self, number: int) -> str:
        """A page of duplicates."""
        return f"{self.root}{_duplicates_name(number)}"

    def row(self, row: Mapping[str, Any]) -> str:
        """Page of a row."""
        return f"{self.root}{_row_name(row['row_id'])}"

    def picture(self, row: Mapping[str, Any]) -> str:
        """Its image."""
        return f"{self.root}{_image_name(row['image_id'], self.extensions.get(row['image_id'], 'png'))}"

    thumbnail = picture


@dataclass(frozen=True)
class WrittenPages:
    """What was written."""

    version: str
    index: str
    rows: int
    images: int
    duplicates: int
    files: int
    bytes: int


def write_pages(
    collection: Collection,
    index: BrowseIndex,
    folder: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> WrittenPages:
    """Write the pages into a new folder, which is there when all of it is.

    Raises `VersionError` when the folder is not empty or cannot be made, or when an image is damaged.
    """
    unfinished = make_unfinished_folder(folder)
    try:
        written = _write(collection, index, unfinished, progress)
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    except OSError as error:
        raise VersionError(fault_at(f"{folder} cannot be written", error)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return WrittenPages(collection.version, str(folder / "index.html"), index.height, *written)


def _write(
    collection: Collection, index: BrowseIndex, folder: Path, progress: Callable[[int, int], None]
) -> tuple[int, int, int, int]:
    for name in ASSETS:
        _save(folder / "assets" / name, asset(name))
    extensions: dict[str, str] = {}
    groups = DuplicateGroups(collection, index)
    _write_duplicates(collection, index, groups, folder, extensions)
    total, done = index.height, 0
    site = WrittenSite(collection.title, extensions, "../../")
    for number, part in enumerate(_parts(index.all_rows(), PART)):
        rows = list(part)
        _write_images(collection.store, rows, folder, extensions)
        lines = [_line(row, extensions[row["image_id"]]) for row in rows]
        _save(folder / "data" / f"rows-{number}.js", f"wethinkRows({number}, {_script(lines)});\n")
        for row in rows:
            around = index.neighbours(row["row_id"], Filters())
            _save(folder / _row_name(row["row_id"]), row_page(site, collection, index, row, Filters(), around))
            done += 1
            progress(done, total)
    _write_list(collection, index, folder, extensions)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return len(extensions), len(groups), len(files), sum(path.stat().st_size for path in files)


def _write_list(collection: Collection, index: BrowseIndex, folder: Path, extensions: Mapping[str, str]) -> None:
    site = WrittenSite(collection.title, extensions)
    page = rendered(
        "list.html",
        site=site,
        here="list",
        filters=Filters(),
        page=None,
        total=index.height,
        facets=FACETS,
        counts=index.counts,
        choices=CHOICES,
        rates=index.rates,
    )
    _save(folder / "index.html", page)
    _save(folder / "data" / "facets.js", f"window.wethinkFacets = {_script(_facets(index))};\n")


def _facets(index: BrowseIndex) -> dict[str, Any]:
    """Values of each facet by row, as numbers of a list of values."""
    frame = index.shown_facets()
    facets: dict[str, Any] = {}
    for facet in FACETS:
        values = list(index.counts[facet.name])
        codes = {value: number for number, value in enumerate(values)}
        column = frame[facet.indexed].cast(pl.List(pl.String) if facet.many else pl.String).to_list()
        numbers = [[codes[one] for one in value or []] if facet.many else codes[value] for value in column]
        facets[facet.name] = {"values": values, "rows": numbers}
    rates = {rate: frame[rate].to_list() for rate in index.rates}
    return {"total": frame.height, "part": PART, "page": PAGE_ROWS, "facets": facets, "rates": rates}


def _write_duplicates(
    collection: Collection, index: BrowseIndex, groups: DuplicateGroups, folder: Path, extensions: dict[str, str]
) -> None:
    number, pages = 1, 1
    while number <= pages:
        shown, number, pages = groups.page(number)
        rows = [row for group in shown for row in ((group.kept, *group.left_out) if group.kept else group.left_out)]
        _write_images(collection.store, rows, folder, extensions)
        site = WrittenSite(collection.title, extensions)
        page = rendered(
            "duplicates.html",
            site=site,
            here="duplicates",
            groups=shown,
            number=number,
            pages=pages,
            total=len(groups),
            version=collection.version,
        )
        _save(folder / _duplicates_name(number), page)
        below = WrittenSite(collection.title, extensions, "../../")
        for row in rows:
            if index.row(row["row_id"]) is None:
                _save(
                    folder / _row_name(row["row_id"]), row_page(below, collection, index, row, Filters(), (None, None))
                )
        number += 1


def _write_images(store: Store, rows: Sequence[Mapping[str, Any]], folder: Path, extensions: dict[str, str]) -> None:
    paths = {row["image_id"]: row["image_path"] for row in rows if row["image_id"] not in extensions}
    with ThreadPoolExecutor(WORKERS) as pool:
        images = pool.map(lambda path: page_image(store, path, SIDE), paths.values())
        for image_id, image in zip(paths, images, strict=True):
            extensions[image_id] = image.extension
            _save(folder / _image_name(image_id, image.extension), image.data)


def _line(row: Mapping[str, Any], extension: str) -> dict[str, Any]:
    """A row as the list shows it."""
    texts = {name: _visible(row[name]) for name in SHOWN}
    return {**texts, "page": _row_name(row["row_id"]), "image": _image_name(row["image_id"], extension)}


def _visible(value: Any) -> Any:
    if isinstance(value, list):
        return [_visible(item) for item in value]
    return visible(value) if isinstance(value, str) else value


def _script(value: Any) -> str:
    """JSON that no parser of HTML or JavaScript takes for anything else: ASCII, without `<`, `>` and `&`."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _save(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _parts(rows: Iterator[Mapping[str, Any]], size: int) -> Iterator[Sequence[Mapping[str, Any]]]:
    while part := tuple(islice(rows, size)):
        yield part


def _row_name(row_id: str) -> str:
    return f"rows/{row_id[:2]}/{row_id}.html"


def _image_name(image_id: str, extension: str) -> str:
    return f"images/{image_id[:2]}/{image_id}.{extension}"


def _duplicates_name(number: int) -> str:
    return "duplicates.html" if number == 1 else f"duplicates-{number}.html"
