"""Rows as ms-swift loads them. Arguments: FOLDER, or `--as-it-is` and paths."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from reader_output import SPLITS, digest, opened, probe, show
from swift.dataset import load_dataset


def as_it_is(path: Path) -> Iterator[tuple[str, bool]]:
    """Rows of a file under ms-swift's defaults."""
    rows, _ = load_dataset([str(path)], strict=False, num_proc=1)
    for row in rows:
        yield str(row.get("messages"))[:200], bool(row.get("images"))


if sys.argv[1] == "--as-it-is":
    probe(as_it_is, sys.argv[2:])
else:
    folder = Path(sys.argv[1])
    os.environ["ROOT_IMAGE_DIR"] = str(folder)
    suffix = "jsonl" if (folder / "train.jsonl").exists() else "parquet"
    rows = {split: load_dataset([str(folder / f"{split}.{suffix}")], strict=True, num_proc=1)[0] for split in SPLITS}
    show(
        pixels={
            split: [digest(opened(image, folder)) for row in read for image in row["images"]]
            for split, read in rows.items()
        },
        placeholders=sorted(
            {sum(m["content"].count("<image>") for m in row["messages"]) for read in rows.values() for row in read}
        ),
        columns=rows["train"].column_names,
    )
