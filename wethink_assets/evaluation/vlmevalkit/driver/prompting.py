"""Prompts of VLMEvalKit: what its own `build_prompt` makes of a benchmark, one sample at a time.

Its tables come without pixels: where an image stood, `image` names it by its digest, and so does a prompt's image. Nothing that it does
with a benchmark of text judges needs more, it would write each image anew as a file.
"""

import importlib
import json
import os
from functools import cache
from typing import Any


@cache
def load_kit() -> Any:
    """VLMEvalKit's data sets: 10 seconds."""
    return importlib.import_module("vlmeval.dataset")


@cache
def dataset_of(key: str, md5: str) -> Any:
    """Its data set of a key, from the table in its folder, whose md5 is taken as right: it would fetch any other again."""
    kit = load_kit()
    for kind in kit.DATASET_CLASSES:
        if key in kind.supported_datasets() and key in getattr(kind, "DATASET_MD5", {}):
            kind.DATASET_MD5 = {**kind.DATASET_MD5, key: md5}
    dataset = kit.build_dataset(key)
    if dataset is None:
        raise ValueError("it has no data set of this name")
    names = importlib.import_module("vlmeval.smp").toliststr
    dataset.dump_image = lambda line: names(line["image"] if "image" in line else line["image_path"])
    return dataset


def write_prompts(key: str, md5: str, out: str) -> dict[str, Any]:
    """Write the prompts of all samples: beside, then renamed. Tells how many, and whether it can score the data set's replies."""
    dataset = dataset_of(key, md5)
    with open(f"{out}.part", "w", encoding="utf-8") as file:
        for number in range(len(dataset.data)):
            line = dataset.data.iloc[number]
            parts = [[part["type"], str(part["value"])] for part in dataset.build_prompt(line)]
            file.write(json.dumps({"index": str(line["index"]), "parts": parts}) + "\n")
    os.replace(f"{out}.part", out)
    return {"samples": len(dataset.data), "dataset": type(dataset).__name__}
