"""Shards for WebDataset: tar files of `<row_id>.<jpg|png|webp>` and `<row_id>.json`, train and validation apart, with an index of each.

The index says which shard holds a row, with its answer and labels; it has no question, so that nothing trains on it alone.
A shard ends when it holds half a gigabyte or 10,000 rows. Headers are fixed, so that the same version gives the same bytes.
"""

import io
import tarfile
from contextlib import ExitStack
from pathlib import Path

from wethink_assets.dataset.exports.export import ExportFormat, ShownVersion
from wethink_assets.dataset.exports.features import IMAGE, Feature
from wethink_assets.dataset.exports.files import SPLITS, Layout, json_text
from wethink_assets.dataset.exports.samples import SYSTEM, carried, carried_features, plain_text, target

SHARD_BYTES = 500 * 10**6
SHARD_ROWS = 10_000
INDEXED = ("row_id", "answer", "split", "kind", "source", "licence", "category", "answer_type")


class _Shards:
    """Tar files of a split, each begun when the one before is full."""

    def __init__(self, folder: Path, split: str) -> None:
        self._folder, self._split = folder, split
        self._number = self._rows = self._bytes = 0
        self._open()

    def _open(self) -> None:
        self._name = f"{self._split}-{self._number:06d}.tar"
        self._tar = tarfile.open(self._folder / self._name, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115  # closed by close()
        self._rows = self._bytes = 0

    def add(self, key: str, parts: dict[str, bytes]) -> str:
        """Add a sample, its parts by extension; returns the name of its shard."""
        size = sum(map(len, parts.values()))
        if self._rows and (self._rows >= SHARD_ROWS or self._bytes + size > SHARD_BYTES):
            self.close()
            self._number += 1
            self._open()
        for extension, data in parts.items():
            member = tarfile.TarInfo(f"{key}.{extension}")
            member.size, member.mode = len(data), 0o644
            self._tar.addfile(member, io.BytesIO(data))
        self._rows, self._bytes = self._rows + 1, self._bytes + size
        return self._name

    def close(self) -> None:
        """End the shard."""
        self._tar.close()


def write_shards(version: ShownVersion, folder: Path) -> Layout:
    """Write the rows as samples: the picture, and all that is known of it as JSON."""
    further = carried_features(version.rows.collect_schema())
    features: dict[str, Feature] = {
        "problem": "string",
        "answer": "string",
        "refined_cot": "string",
        "system": "string",
        "target": "string",
        **further,
    }
    extensions = set()
    with ExitStack() as stack:
        shards = {split: _Shards(folder, split) for split in SPLITS}
        for each in shards.values():
            stack.callback(each.close)
        indices = {
            split: stack.enter_context((folder / f"{split}-index.jsonl").open("w", encoding="utf-8"))
            for split in SPLITS
        }
        for row, picture in version.pictured():
            values = {
                "problem": plain_text(row["problem"]),
                "answer": row["answer"],
                "refined_cot": row["refined_cot"],
                "system": SYSTEM,
                "target": target(row),
                **carried(row, further),
            }
            extensions.add(picture.extension)
            shard = shards[row["split"]].add(
                row["row_id"],
                {picture.extension: picture.data, "json": json_text(values).encode("utf-8")},
            )
            entry = {
                "shard": shard,
                "image": f"{row['row_id']}.{picture.extension}",
                **{name: row[name] for name in INDEXED},
            }
            indices[row["split"]].write(json_text(entry) + "\n")
    samples: dict[str, Feature] = {
        **dict.fromkeys(sorted(extensions), IMAGE),
        "json": features,
        "__key__": "string",
        "__url__": "string",
    }
    return Layout(
        "jsonl",
        {split: f"{split}-index.jsonl" for split in SPLITS},
        {"shard": "string", "image": "string", **dict.fromkeys(INDEXED, "string")},
        "image",
        "answer",
        "split",
        loads=len(extensions) == 1,  # `datasets` reads shards whose samples all have the same parts
        loader={split: f"{split}-*.tar" for split in SPLITS},
        loader_features=samples,
    )


WEBDATASET = ExportFormat(
    title="tar shards of pictures and JSON for WebDataset",
    files=("train-000000.tar", "validation-000000.tar", "train-index.jsonl", "validation-index.jsonl"),
    write=write_shards,
    images=("embedded",),
    reading="""\
```python
import webdataset as wds

rows = wds.WebDataset(SHARDS, shardshuffle=False).decode("pil").to_tuple("jpg;jpeg;png;webp", "json")
```""",
)
