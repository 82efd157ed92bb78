"""Rows as `mlcroissant` reads them by `croissant.json`, after its validator. Argument: FOLDER."""

import io
import subprocess
import sys
from pathlib import Path

import mlcroissant
from PIL import Image
from reader_output import SPLITS, digest, show

folder = Path(sys.argv[1])
command = [str(Path(sys.executable).parent / "mlcroissant"), "validate", "--jsonld", str(folder / "croissant.json")]
validated = subprocess.run(command, capture_output=True, text=True, check=False)
dataset = mlcroissant.Dataset(folder / "croissant.json")
names = [record_set.id for record_set in dataset.metadata.record_sets]


def text(value: object) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


pictures = {}
for split in SPLITS:
    if f"{split}-images" in names:
        for record in dataset.records(f"{split}-images"):
            content = record[f"{split}-images/content"]
            image = content if isinstance(content, Image.Image) else Image.open(io.BytesIO(content))
            pictures[text(record[f"{split}-images/name"])] = image


def image_of(value: object, split: str) -> Image.Image:
    """The image of a record: itself, or by the name of its file."""
    if isinstance(value, list):
        (value,) = value
    if isinstance(value, Image.Image):
        return value
    if isinstance(value, bytes) and len(value) > 1000:
        return Image.open(io.BytesIO(value))
    name = text(value)
    return (
        pictures[name]
        if name in pictures
        else Image.open(next(p for p in (folder / name, folder / split / name) if p.exists()))
    )


rows = {split: list(dataset.records(split)) for split in SPLITS if split in names}
show(
    validated=validated.returncode,
    complaints=[line for line in validated.stderr.splitlines() if "WARN" in line or "ERROR" in line],
    pixels={
        split: [digest(image_of(row[f"{split}/image"], split)) for row in records] for split, records in rows.items()
    },
    answers={split: [text(row[f"{split}/answer"]) for row in records] for split, records in rows.items()},
    splits={split: sorted({text(row[f"{split}/split"]) for row in records}) for split, records in rows.items()},
)
