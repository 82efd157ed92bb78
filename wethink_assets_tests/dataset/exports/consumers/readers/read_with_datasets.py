"""Rows as `datasets.load_dataset` gives them, of the folder alone. Arguments: FOLDER, or `--as-it-is` and paths."""

import sys
from collections.abc import Iterator
from pathlib import Path

import datasets
from reader_output import digest, opened, probe, show


def image_of(row: dict, folder: Path) -> object:
    """The image of a row, in whichever column it is."""
    for name in ("image", "images", "jpg", "png", "webp", "image_path", "file_name"):
        value = row.get(name)
        value = value[0] if isinstance(value, list) and value else value
        if value:
            return opened(value, folder)
    if "filepath" in row:
        return opened(row["filepath"], folder / row["tags"][0])
    raise KeyError(f"no image among {', '.join(row)}")


def as_it_is(path: Path) -> Iterator[tuple[str, bool]]:
    """Rows of all splits of a folder, or of a file."""
    kinds = {".parquet": "parquet", ".jsonl": "json", ".json": "json", ".tar": "webdataset"}
    loaded = (
        datasets.load_dataset(str(path))
        if path.is_dir()
        else datasets.load_dataset(kinds[path.suffix], data_files=str(path))
    )
    for split in loaded:
        for row in loaded[split]:
            try:
                image_of(row, path if path.is_dir() else path.parent).load()
            except (KeyError, OSError, AttributeError):
                yield ", ".join(row), False
            else:
                yield "", True


if sys.argv[1] == "--as-it-is":
    probe(as_it_is, sys.argv[2:])
else:
    folder = Path(sys.argv[1])
    rows = datasets.load_dataset(str(folder))
    show(
        pixels={split: [digest(image_of(row, folder)) for row in rows[split]] for split in rows},
        features={split: {name: str(feature) for name, feature in rows[split].features.items()} for split in rows},
    )
