"""Samples as `webdataset` reads them from the shards. Argument: FOLDER."""

import sys
from pathlib import Path

import webdataset
from reader_output import SPLITS, digest, show

folder = Path(sys.argv[1])
pixels, answers = {}, {}
for split in SPLITS:
    shards = sorted(map(str, folder.glob(f"{split}-*.tar")))
    samples = webdataset.WebDataset(shards, shardshuffle=False).decode("pil").to_tuple("jpg;jpeg;png;webp", "json")
    rows = list(samples)
    pixels[split] = [digest(image) for image, _ in rows]
    answers[split] = [row["answer"] for _, row in rows]
show(pixels=pixels, answers=answers)
