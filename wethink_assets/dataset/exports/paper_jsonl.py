"""JSON lines with the fields of the WeThink paper (arXiv 2506.07905), one object per row.

The file that versions hold in the store has the same fields today; it is written by `wethink_assets.dataset.versions.build` and stays as it is when
this format changes.
"""

from pathlib import Path

from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion

FILE = "wethink.jsonl"
FIELDS = {
    "problem": "the question, with its options on lines of their own",
    "answer": "the final answer: a letter, a word or number, or sentences",
    "category": "what the question is about",
    "abilities": "what answering it takes, as a list",
    "refined_cot": "the reasoning path",
    "image_path": "path of the image below the store's root, or below the export's folder where images are copied",
    "reward": "how an answer is graded: by rule, or by judge",
}


def write_paper_lines(version: ShownVersion, folder: Path) -> None:
    """Write `wethink.jsonl`: the rows in order, with the fields of the paper.

    Example:
        >>> import json, tempfile
        >>> import polars as pl
        >>> row = {**dict.fromkeys(FIELDS, "a"), "abilities": ["OCR"], "row_id": "0f"}
        >>> version = ShownVersion("v0001", pl.LazyFrame([row]), pl.LazyFrame(), "")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_paper_lines(version, Path(folder))
        ...     line = json.loads((Path(folder) / FILE).read_text())
        >>> list(line) == list(FIELDS), line["abilities"]
        (True, ['OCR'])
    """
    version.rows.select(FIELDS.keys()).sink_ndjson(folder / FILE, maintain_order=True)


PAPER_JSONL = ExportFormat(
    title="JSON lines with the fields of the paper",
    files=(FILE,),
    write=write_paper_lines,
)
