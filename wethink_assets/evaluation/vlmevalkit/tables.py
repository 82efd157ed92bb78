"""Exchange with VLMEvalKit's process: a benchmark's table without its pixels, and the prompts that it makes of it."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from wethink_assets.evaluation.benchmarks.tsv import IMAGES, encoded, images_of, md5_of, records
from wethink_assets.evaluation.forms.form import Row
from wethink_assets.models.chat import Message

NAMED = "sha256:"
"""How an image is named in the table; with its digest longer than what VLMEvalKit takes for the index of another row."""
Part = tuple[str, str]


def write_table(source: Path, rows: pl.DataFrame, target: Path) -> str:
    """Copy a benchmark's table with the names of images instead of the images; md5 of the copy."""
    images = dict(zip(rows["index"], rows[IMAGES], strict=True))
    lines = records(source)
    _, _, header = next(lines)
    image, index = header.index("image") if "image" in header else -1, header.index("index")
    with target.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter="\t", lineterminator="\n")
        out.writerow(header)
        for _, _, fields in lines:
            if fields and image >= 0 and fields[image]:
                names = [NAMED + digest for digest in images[fields[index]]]
                fields[image] = str(names) if fields[image].startswith("[") else names[0]
            if fields:
                out.writerow(fields)
    return md5_of(target)


def read_prompts(path: Path) -> dict[str, list[Part]]:
    """Parts of each sample's prompt, by index: `("image", name)` or `("text", text)`."""
    with path.open(encoding="utf-8") as file:
        prompts = (json.loads(line) for line in file)
        return {prompt["index"]: [(kind, value) for kind, value in prompt["parts"]] for prompt in prompts}


def conversation_of(path: Path, row: Row, parts: Sequence[Part], system: str) -> list[Message]:
    """A prompt as a conversation: images are those of the benchmark's own file, each where the prompt has it."""
    images = images_of(path, row)
    names = [NAMED + image.sha256 for image in images] if row[IMAGES] else encoded(str(row.get("image_path") or ""))
    numbers: Mapping[str, int] = {name: number for number, name in enumerate(names)}
    text, shown, positions = "", [], []
    for kind, value in parts:
        if kind == "image":
            shown.append(images[numbers[value]])
            positions.append(len(text))
        else:
            text += value
    user = Message("user", text, tuple(shown), tuple(positions) if any(positions) else ())
    return [Message("system", system), user] if system else [user]
