"""Conversations for ms-swift: `messages` and `images`, with the columns that its reward functions are handed by name.

`swift sft` learns the assistant's message, `swift rlhf --rlhf_type grpo` leaves it away and samples its own.
"""

from pathlib import Path
from typing import Any

from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion
from wethink_assets.dataset.exports.features import IMAGE, STRINGS, Feature
from wethink_assets.dataset.exports.files import Layout, embedded, image_file, write_either
from wethink_assets.dataset.exports.formats.trl import MESSAGES
from wethink_assets.dataset.exports.pictures import Picture
from wethink_assets.dataset.exports.samples import PLACEHOLDER, SYSTEM, asked, carried, carried_features, target


def write_messages(version: ShownVersion, folder: Path) -> Layout:
    """Write the conversations and their images."""
    in_rows = version.images.mode == "embedded"
    further = carried_features(version.rows.collect_schema())
    features: dict[str, Feature] = {
        "messages": MESSAGES,
        "images": [IMAGE] if in_rows else STRINGS,
        "answer": "string",
        **further,
    }

    def row_of(row: dict[str, Any], picture: Picture) -> dict[str, Any]:
        return {
            "messages": [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": asked(row, PLACEHOLDER)},
                {"role": "assistant", "content": target(row)},
            ],
            "images": [embedded(picture) if in_rows else image_file(folder, picture)],
            "answer": row["answer"],
            **carried(row, further),
        }

    return write_either(version.pictured(), folder, features, row_of, in_rows)


MS_SWIFT = ExportFormat(
    title="conversations with images for ms-swift",
    files=(),
    write=write_messages,
    images=("files", "embedded"),
    reading="""\
```sh
ROOT_IMAGE_DIR=FOLDER swift sft --model MODEL --dataset FOLDER/train.jsonl --val_dataset FOLDER/validation.jsonl
```

Images are named by paths below this folder, which `ROOT_IMAGE_DIR` says; with images embedded the files are `.parquet`.""",
)
