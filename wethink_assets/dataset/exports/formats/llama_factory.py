"""Conversations for LLaMA-Factory, in ShareGPT's form, with the `dataset_info.json` by which it finds them.

Supervised training on question, reasoning path and answer. `media_dir` is the folder itself, which LLaMA-Factory takes by default. Lines have `image`
beside `images`: other readers of conversations (InternVL, VLM-R1, LLaVA's) look for that, and go on without the picture where it is absent.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion
from wethink_assets.dataset.exports.features import IMAGE, STRINGS, Feature
from wethink_assets.dataset.exports.files import SPLITS, Layout, embedded, image_file, write_either
from wethink_assets.dataset.exports.pictures import Picture
from wethink_assets.dataset.exports.samples import PLACEHOLDER, SYSTEM, asked, carried, carried_features, target

INDEX = "dataset_info.json"
TURNS: Feature = [{"from": "string", "value": "string"}]


def _index(files: Mapping[str, str]) -> dict[str, Any]:
    return {
        f"wethink_{split}": {
            "file_name": files[split],
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "images": "images", "system": "system"},
            "tags": {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"},
        }
        for split in SPLITS
    }


def write_sharegpt(version: ShownVersion, folder: Path) -> Layout:
    """Write the conversations, their images and the index."""
    in_rows = version.images.mode == "embedded"
    further = carried_features(version.rows.collect_schema())
    features: dict[str, Feature] = {
        "conversations": TURNS,
        **({"images": [IMAGE]} if in_rows else {"images": STRINGS, "image": "string"}),
        "system": "string",
        "answer": "string",
        **further,
    }

    def row_of(row: dict[str, Any], picture: Picture) -> dict[str, Any]:
        path = "" if in_rows else image_file(folder, picture)
        return {
            "conversations": [
                {"from": "human", "value": asked(row, PLACEHOLDER)},
                {"from": "gpt", "value": target(row)},
            ],
            **({"images": [embedded(picture)]} if in_rows else {"images": [path], "image": path}),
            "system": SYSTEM,
            "answer": row["answer"],
            **carried(row, further),
        }

    layout = write_either(version.pictured(), folder, features, row_of, in_rows)
    (folder / INDEX).write_text(json.dumps(_index(layout.files), indent=1) + "\n", encoding="utf-8")
    return layout


LLAMA_FACTORY = ExportFormat(
    title="conversations for LLaMA-Factory, with its dataset_info.json",
    files=(INDEX,),
    write=write_sharegpt,
    images=("files", "embedded"),
    reading="""\
```yaml
dataset_dir: FOLDER
media_dir: FOLDER
dataset: wethink_train
eval_dataset: wethink_validation
```""",
)
