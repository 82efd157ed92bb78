"""Samples for FiftyOne: one a row, to browse pictures with question, answer and labels; a dataset for train, one for validation.

A file of FiftyOne's own form (`FiftyOneDataset`) names its pictures by paths beside it. FiftyOne knows a picture by its file, so rows that share
one have a file each: links to the same bytes where the disk can.
"""

import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion
from wethink_assets.dataset.exports.features import STRINGS, Feature
from wethink_assets.dataset.exports.files import SPLITS, Layout, json_text
from wethink_assets.dataset.exports.pictures import Picture
from wethink_assets.dataset.exports.samples import carried, carried_features

LABELS = ("kind", "source", "licence", "category", "answer_type", "reward")
"""Columns that are classifications, by which samples are filtered and coloured; the others are plain fields."""
DATA = "data"


class _Samples:
    """`samples.json` of a split, written sample by sample."""

    def __init__(self, folder: Path, fields: dict[str, Feature]) -> None:
        self.folder = folder
        (folder / DATA).mkdir(parents=True)
        metadata = {"name": f"wethink-{folder.name}", "media_type": "image", "sample_fields": _sample_fields(fields)}
        (folder / "metadata.json").write_text(json.dumps(metadata, indent=1) + "\n", encoding="utf-8")
        self._stream: IO[str] = (folder / "samples.json").open("w", encoding="utf-8")
        self._stream.write('{"samples": [')
        self._first = True

    def add(self, sample: dict[str, Any]) -> None:
        """Add a sample."""
        self._stream.write(("\n" if self._first else ",\n") + json_text(sample))
        self._first = False

    def close(self) -> None:
        """End the file."""
        self._stream.write("\n]}\n")
        self._stream.close()


def _sample_fields(fields: dict[str, Feature]) -> dict[str, str]:
    """Types of the fields by their full names, in which FiftyOne's importer looks for classes."""
    known = {"string": "String", "float64": "Float", "int32": "Int", "bool": "Boolean"}

    def field_of(kind: str, of: str = "") -> str:
        return f"fiftyone.core.fields.{kind}Field" + (f"({of})" if of else "")

    return {
        name: field_of("List", field_of(known[str(feature[0])]))
        if isinstance(feature, list)
        else field_of("EmbeddedDocument", "fiftyone.core.labels.Classification")
        if name in LABELS
        else field_of(known[str(feature)])
        for name, feature in fields.items()
    }


def write_samples(version: ShownVersion, folder: Path) -> Layout:
    """Write the samples of each split, and their pictures."""
    further = carried_features(version.rows.collect_schema())
    fields: dict[str, Feature] = {
        "filepath": "string",
        "tags": STRINGS,
        "problem": "string",
        "answer": "string",
        "refined_cot": "string",
        **further,
    }
    pictures = _PictureFiles()
    with ExitStack() as stack:
        samples = {split: _Samples(folder / split, fields) for split in SPLITS}
        for each in samples.values():
            stack.callback(each.close)
        for row, picture in version.pictured():
            target = samples[row["split"]]
            target.add(
                {
                    "filepath": pictures.add(target.folder, row["row_id"], picture),
                    "tags": [row["split"]],
                    "problem": row["problem"],
                    "answer": row["answer"],
                    "refined_cot": row["refined_cot"],
                    **{
                        name: {"_cls": "Classification", "label": value} if name in LABELS and value else value
                        for name, value in carried(row, further).items()
                    },
                }
            )
    return Layout(
        "json",
        {split: f"{split}/samples.json" for split in SPLITS},
        {name: feature for name, feature in fields.items() if name not in LABELS},
        "filepath",
        "answer",
        "split",
        image_files=f"*/{DATA}/*/*",
        loads=False,
    )


class _PictureFiles:
    """Files of pictures, one a row."""

    def __init__(self) -> None:
        self._written: dict[str, Path] = {}

    def add(self, folder: Path, row_id: str, picture: Picture) -> str:
        """Write the picture of a row below a folder; returns its path there."""
        path = f"{DATA}/{row_id[:2]}/{row_id}.{picture.extension}"
        target = folder / path
        target.parent.mkdir(exist_ok=True)
        first = self._written.setdefault(picture.name, target)
        try:
            if first is not target:
                os.link(first, target)
                return path
        except OSError:  # a disk without links, or with too many of one file
            pass
        target.write_bytes(picture.data)
        return path


FIFTYONE = ExportFormat(
    title="samples with labels for FiftyOne, to browse",
    files=("train/samples.json", "validation/samples.json"),
    write=write_samples,
    images=("files",),
    reading="""\
```python
import fiftyone as fo

rows = fo.Dataset.from_dir("FOLDER/train", dataset_type=fo.types.FiftyOneDataset)
fo.launch_app(rows)
```""",
)
