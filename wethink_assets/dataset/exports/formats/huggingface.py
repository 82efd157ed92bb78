"""A folder for the Hugging Face hub and `datasets.load_dataset`: all columns, pictures in the rows, train and validation apart.

The columns are those of the version, but for `image_path` and `calls`, which mean something in the store alone, and for `problem`, which is
`question` with its `options`: trainers that take a text column of that name would train without the picture. `load_dataset(folder, "excluded")`
gives the rows that the version left out, and why. With images as files the folder has the form of `imagefolder`.
"""

from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion
from wethink_assets.dataset.exports.features import IMAGE, STRINGS, Feature
from wethink_assets.dataset.exports.files import SPLITS, Layout, embedded, json_text, write_parquet
from wethink_assets.dataset.exports.pictures import Picture

EXCLUDED = "excluded.parquet"
LEFT_OUT = ("problem", "image_path", "calls")
TYPES: dict[Any, str] = {
    pl.String: "string",
    pl.Boolean: "bool",
    pl.Int8: "int8",
    pl.Int16: "int16",
    pl.Int32: "int32",
    pl.Int64: "int64",
    pl.UInt32: "uint32",
    pl.Float32: "float32",
    pl.Float64: "float64",
}


def features_of(schema: pl.Schema) -> dict[str, Feature]:
    """The columns of an export: the image, then those of the version that have a plain type, in its order."""
    columns: dict[str, Feature] = {"image": IMAGE}
    for name, dtype in schema.items():
        inner = dtype.inner if isinstance(dtype, pl.List) else dtype
        known = TYPES.get(inner.base_type())
        if known and name not in LEFT_OUT:
            columns[name] = [known] if isinstance(dtype, pl.List) else known
    return columns


def write_hub_folder(version: ShownVersion, folder: Path) -> Layout:
    """Write the rows with their pictures, and the rows that were left out."""
    version.excluded.sink_parquet(folder / EXCLUDED, compression="zstd")
    features = features_of(version.rows.collect_schema())
    if version.images.mode == "files":
        return _write_image_folder(version, folder, features)

    def row_of(row: dict[str, Any], picture: Picture) -> dict[str, Any]:
        # Width and height are the picture's as it is exported.
        return {**row, "image": embedded(picture), "width": picture.width, "height": picture.height}

    files = write_parquet(version.pictured(), folder, features, row_of)
    return Layout("parquet", files, features, "image", "answer", "split")


def _write_image_folder(version: ShownVersion, folder: Path, features: dict[str, Feature]) -> Layout:
    columns = [name for name in features if name != "image"]
    files = {}
    for split in SPLITS:
        (folder / split).mkdir()
        files[split] = (folder / split / "metadata.jsonl").open("w", encoding="utf-8")
    try:
        for row, picture in version.pictured():
            file = folder / row["split"] / picture.name
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(picture.data)
            row = {**row, "width": picture.width, "height": picture.height}
            # A trainer that knows question and answer by name, and no `file_name`, has the image by `images`, or an error.
            line = {"file_name": picture.name, "images": [picture.name], **{name: row[name] for name in columns}}
            files[row["split"]].write(json_text(line) + "\n")
    finally:
        for stream in files.values():
            stream.close()
    lines: dict[str, Feature] = {"file_name": "string", "images": STRINGS, **{name: features[name] for name in columns}}
    return Layout(
        "jsonl",
        {split: f"{split}/metadata.jsonl" for split in SPLITS},
        lines,
        "file_name",
        "answer",
        "split",
        image_files="*/*/*",
        loader={split: f"{split}/**" for split in SPLITS},
    )


HUGGING_FACE = ExportFormat(
    title="a folder for the Hugging Face hub and `datasets`: all columns, pictures in the rows",
    files=(EXCLUDED,),
    write=write_hub_folder,
    images=("embedded", "files"),
    reading="""\
```python
from datasets import load_dataset

rows = load_dataset(FOLDER)  # train and validation
rows["train"][0]["image"]  # a PIL image
```""",
)
