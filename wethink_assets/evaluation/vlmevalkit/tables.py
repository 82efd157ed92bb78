"""What passes between VLMEvalKit's process and us: a benchmark's table without its pixels, and the prompts that it makes of it."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from wethink_assets.evaluation.benchmarks.rows import Row
from wethink_assets.evaluation.benchmarks.tsv import IMAGES, encoded, images_of, md5_of, records
from wethink_assets.models.chat import Message

NAMED = "sha256:"
"""How a picture is named in the table; with its digest longer than what VLMEvalKit takes for the index of another row."""
Part = tuple[str, str]


def write_table(source: Path, rows: pl.DataFrame, target: Path) -> str:
    """Copy a benchmark's table with the names of pictures instead of the pictures; md5 of the copy."""
    images = dict(zip(rows["index"], rows[IMAGES], strict=True))
    found = records(source)
    _, _, header = next(found)
    at, index = header.index("image") if "image" in header else -1, header.index("index")
    with target.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter="\t", lineterminator="\n")
        out.writerow(header)
        for _, _, fields in found:
            if fields and at >= 0 and fields[at]:
                names = [NAMED + digest for digest in images[fields[index]]]
                fields[at] = str(names) if fields[at].startswith("[") else names[0]
            if fields:
                out.writerow(fields)
    return md5_of(target)


def read_prompts(path: Path) -> dict[str, list[Part]]:
    """Parts of each sample's prompt, by index: `("image", name)` or `("text", text)`."""
    with path.open(encoding="utf-8") as file:
        told = (json.loads(line) for line in file)
        return {line["index"]: [(kind, value) for kind, value in line["parts"]] for line in told}


def conversation_of(path: Path, row: Row, parts: Sequence[Part], system: str) -> list[Message]:
    """A prompt as a conversation: pictures are those of the benchmark's own file, each where the prompt has it."""
    images = images_of(path, row)
    names = [NAMED + image.sha256 for image in images] if row[IMAGES] else encoded(str(row.get("image_path") or ""))
    named: Mapping[str, int] = {name: place for place, name in enumerate(names)}
    text, shown, places = "", [], []
    for kind, value in parts:
        if kind == "image":
            shown.append(images[named[value]])
            places.append(len(text))
        else:
            text += value
    user = Message("user", text, tuple(shown), tuple(places) if any(places) else ())
    return [Message("system", system), user] if system else [user]
