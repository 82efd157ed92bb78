"""Samples as FiftyOne imports them. Argument: FOLDER.

With its database (`mongod`, which a package brings along, or `FIFTYONE_DATABASE_URI`) they are imported as a dataset; without one, each is made by
FiftyOne's own class of samples, as its importer makes them.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import fiftyone
from fiftyone.core.config import FiftyOneConfigError
from PIL import Image
from reader_output import SPLITS, digest, show

folder = Path(sys.argv[1])
database = True


def samples_of(split: str) -> list:
    """The samples of a split, from the database or without it."""
    global database
    try:
        name = f"{folder.name}-{split}"
        return list(
            fiftyone.Dataset.from_dir(str(folder / split), dataset_type=fiftyone.types.FiftyOneDataset, name=name)
        )
    except FiftyOneConfigError:
        database = False
    listed = json.loads((folder / split / "samples.json").read_text(encoding="utf-8"))["samples"]
    return [fiftyone.Sample.from_dict({**one, "filepath": str(folder / split / one["filepath"])}) for one in listed]


samples = {split: samples_of(split) for split in SPLITS}
show(
    database=database,
    pixels={split: [digest(Image.open(sample.filepath)) for sample in samples[split]] for split in SPLITS},
    labels={split: Counter(sample["kind"].label for sample in samples[split]) for split in SPLITS},
    tags={split: Counter(tag for sample in samples[split] for tag in sample.tags) for split in SPLITS},
)
