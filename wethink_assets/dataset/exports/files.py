"""Data files of an export, written in one pass: one for each split, so that held-out rows are never among those to train on.

Parquet holds its rows in groups of a bounded size, with images in the rows; JSON lines name images that lie beside them as files.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

from wethink_assets.dataset.exports.features import Feature, arrow_schema
from wethink_assets.dataset.exports.pictures import Picture

__all__ = [
    "IMAGES",
    "NESTED",
    "SPLITS",
    "Layout",
    "embedded",
    "image_file",
    "json_text",
    "read_rows",
    "write_either",
    "write_json_lines",
    "write_parquet",
]

SPLITS = ("train", "validation")
IMAGES = "images"
"""Folder of images that are files."""
GROUP_ROWS = 500
GROUP_BYTES = 32 * 2**20
"""Rows and bytes of a row group, about: what a writer holds of a split, and what a reader must hold at once."""
NESTED = "extra_info"
"""Column of verl's rows that holds those that it has no place for."""
ROWS_AT_ONCE = 2_000
_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}
Samples = Iterator[tuple[dict[str, Any], Picture]]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a format wrote, for the card and for `croissant.json`.

    form: of the files that hold rows. files: of each split, below the folder. features: columns of these files.
    image: column that holds the image, its path where images are files, or the name of its member where they are in shards. answer, split:
    columns, or a name below one after a dot. image_files: pattern of images that are files. loads: whether `datasets.load_dataset` of the
    folder gives the rows, so that the card's front matter says how. loader, loader_features: what it is given where that is not `files`
    and `features`.
    """

    form: Literal["parquet", "jsonl", "json"]
    files: Mapping[str, str]
    features: Mapping[str, Feature]
    image: str
    answer: str
    split: str
    image_files: str = ""
    loads: bool = True
    loader: Mapping[str, str] = field(default_factory=dict)
    loader_features: Mapping[str, Feature] = field(default_factory=dict)

    @property
    def shards(self) -> Mapping[str, str]:
        """Patterns of the tar files of each split; empty where images are in none."""
        return {split: pattern for split, pattern in self.loader.items() if pattern.endswith(".tar")}

    def is_image(self, name: str) -> bool:
        """Whether a file of the folder is an image."""
        return bool(self.image_files) and fnmatch(name, self.image_files) and name not in self.files.values()


def json_text(value: Any) -> str:
    r"""A value as JSON on one line, whatever a reader takes for the end of one: separators that JSON allows in a text are escaped.

    >>> json_text({"answer": "a\u2028b"})
    '{"answer": "a\\u2028b"}'
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False).translate(_LINE_ENDS)


def embedded(picture: Picture) -> dict[str, Any]:
    """An image as a value of a parquet column."""
    return {"bytes": picture.data, "path": picture.name.rpartition("/")[2]}


def image_file(folder: Path, picture: Picture) -> str:
    """Write an image below `images/` of a folder, once; returns its path below the folder."""
    name = f"{IMAGES}/{picture.name}"
    target = folder / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(picture.data)
    return name


class _Groups:
    """Rows of a parquet file, gathered until they are a group."""

    def __init__(self, path: Path, features: Mapping[str, Feature]) -> None:
        import pyarrow.parquet as pq

        self._schema = arrow_schema(features)
        self._writer = pq.ParquetWriter(path.absolute(), self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0

    def add(self, row: dict[str, Any], size: int) -> None:
        self._rows.append(row)
        self._bytes += size
        if len(self._rows) >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._bytes = [], 0

    def close(self) -> None:
        self._flush()
        self._writer.close()


@contextmanager
def _closing(groups: _Groups) -> Iterator[_Groups]:
    try:
        yield groups
    finally:
        groups.close()


def write_parquet(
    samples: Samples,
    folder: Path,
    features: Mapping[str, Feature],
    row_of: Callable[[dict[str, Any], Picture], dict[str, Any]],
) -> dict[str, str]:
    """Write `train.parquet` and `validation.parquet`; returns the file of each split."""
    with ExitStack() as stack:
        files = {
            split: stack.enter_context(_closing(_Groups(folder / f"{split}.parquet", features))) for split in SPLITS
        }
        for row, picture in samples:
            files[row["split"]].add(row_of(row, picture), len(picture.data))
    return {split: f"{split}.parquet" for split in SPLITS}


def write_either(
    samples: Samples,
    folder: Path,
    features: Mapping[str, Feature],
    row_of: Callable[[dict[str, Any], Picture], dict[str, Any]],
    in_rows: bool,
) -> Layout:
    """Write parquet where the images are in the rows (column `images`), else JSON lines beside the images' files."""
    if in_rows:
        return Layout(
            "parquet", write_parquet(samples, folder, features, row_of), features, "images", "answer", "split"
        )
    files = write_json_lines(samples, folder, row_of)
    return Layout("jsonl", files, features, "images", "answer", "split", image_files=f"{IMAGES}/*/*")


def write_json_lines(
    samples: Samples, folder: Path, row_of: Callable[[dict[str, Any], Picture], dict[str, Any]]
) -> dict[str, str]:
    """Write `train.jsonl` and `validation.jsonl`; returns the file of each split."""
    with ExitStack() as stack:
        files = {
            split: stack.enter_context((folder / f"{split}.jsonl").open("w", encoding="utf-8")) for split in SPLITS
        }
        for row, picture in samples:
            files[row["split"]].write(json_text(row_of(row, picture)) + "\n")
    return {split: f"{split}.jsonl" for split in SPLITS}


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """Rows of a data file, some at a time: of parquet these columns, where it has them, plain or below `extra_info`; of lines all of them."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path.absolute()) as file:
            present = {part.name: part.type for part in file.schema_arrow}
            wanted = [name for name in columns if name in present]
            if NESTED in present:
                below = {part.name for part in present[NESTED].fields}
                wanted += [f"{NESTED}.{name}" for name in columns if name in below]
            for batch in file.iter_batches(ROWS_AT_ONCE, columns=wanted):
                yield batch.to_pylist()
        return
    rows: list[dict[str, Any]] = []
    with path.open("rb") as stream:
        for line in stream:
            # Samples of FiftyOne stand on lines of their own between `{"samples": [` and `]}`.
            text = line.strip().removesuffix(b",")
            if path.suffix == ".json" and not text.startswith(b'{"filepath"'):
                continue
            rows.append(json.loads(text))
            if len(rows) == ROWS_AT_ONCE:
                yield rows
                rows = []
    yield rows
