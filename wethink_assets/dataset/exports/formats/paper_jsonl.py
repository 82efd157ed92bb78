"""JSON lines with the fields of the WeThink paper (arXiv 2506.07905), one object per row, and the images in a folder.

Beside the paper's fields a line has `images`, and its `problem` begins with `<image>`: EasyR1, with which the paper trains, reads lines without
these as text alone, and says nothing. `wethink.jsonl` of a version in the store names images in the store; it is written by
`wethink_assets.dataset.versions.build` and stays as it is when this format changes.
"""

from pathlib import Path
from typing import Any

from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion
from wethink_assets.dataset.exports.features import STRINGS, Feature
from wethink_assets.dataset.exports.files import Layout, image_file, write_json_lines
from wethink_assets.dataset.exports.pictures import Picture
from wethink_assets.dataset.exports.samples import PLACEHOLDER, asked

FIELDS = {
    "problem": "the question, with its options on lines of their own",
    "answer": "the final answer: a letter, a word or number, or sentences",
    "category": "what the question is about",
    "abilities": "what answering it takes, as a list",
    "refined_cot": "the reasoning path",
    "image_path": "path of the image below the export's folder",
    "reward": "how an answer is graded: by rule, or by judge",
}
COLUMNS: dict[str, Feature] = {
    **{name: STRINGS if name == "abilities" else "string" for name in FIELDS},
    "images": STRINGS,
    "row_id": "string",
    "split": "string",
}


def write_paper_lines(version: ShownVersion, folder: Path) -> Layout:
    """Write `train.jsonl`, `validation.jsonl` and `images`: the rows in order, with the fields of the paper."""

    def row_of(row: dict[str, Any], picture: Picture) -> dict[str, Any]:
        path = image_file(folder, picture)
        own = {**row, "problem": asked(row, PLACEHOLDER), "image_path": path, "images": [path]}
        return {name: own[name] for name in COLUMNS}

    files = write_json_lines(version.pictured(), folder, row_of)
    return Layout("jsonl", files, COLUMNS, "image_path", "answer", "split", image_files="images/*/*")


PAPER_JSONL = ExportFormat(
    title="JSON lines with the fields of the paper, and the images in a folder",
    files=("train.jsonl", "validation.jsonl"),
    write=write_paper_lines,
    images=("files",),
    reading="Each line names its image by `image_path`, which is below this folder; `<image>` in `problem` stands for it.",
)
