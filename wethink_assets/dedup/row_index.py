"""Index of rows: what must be held of all of them at once to find duplicates among them.

Numbers stay in memory: 49 bytes a row. Details of images (768 bytes each as reduced pixels) and words of texts (256 bytes a row as MinHash) lie in
a scratch folder and are memory-mapped, so that the system keeps of them what it has room for.
"""

from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from wethink_assets.dedup.methods import U8, U64, Comparison
from wethink_assets.identity import sha256_hex
from wethink_assets.kinds import KINDS

NUMBERS = ("image_key", "text_key", "answer_key", "kind_key", "image_hash", "descriptive", "entry")


class RowIndex:
    """Rows in the order they were added. `add` all, then `seal`, then read the arrays; leave the context to drop the files.

    image_key, text_key: first 64 bits of the sha256 that names image and text; entry: row of `details` that is of the image;
    image_hash, details, words: of the methods of `comparison`.
    """

    image_key: U64
    text_key: U64
    answer_key: U64
    kind_key: U64
    image_hash: U64
    descriptive: npt.NDArray[np.bool_]
    entry: npt.NDArray[np.int64]
    details: U8
    words: npt.NDArray[np.uint32]

    def __init__(self, folder: Path, comparison: Comparison | None = None) -> None:
        """The index lies in a scratch folder, and takes signatures of the comparison's methods, by default of the default ones."""
        self.comparison = comparison or Comparison.of()
        self._parts: dict[str, list[npt.NDArray[Any]]] = {}
        self._detail_file: IO[bytes] = (folder / "details").open("w+b")
        self._word_file: IO[bytes] = (folder / "words").open("w+b")
        self._rows = 0
        self._entries = 0

    def __enter__(self) -> "RowIndex":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._detail_file.close()
        self._word_file.close()

    def __len__(self) -> int:
        return self._rows

    def add(self, rows: pl.DataFrame) -> int:
        """Append rows with the columns of `comparison.row_columns`; returns the position of the first."""
        first = self._rows
        if rows.is_empty():
            return first
        images = rows.group_by("image_id", maintain_order=True).first().with_row_index("entry", offset=self._entries)
        entries = rows.select("image_id").join(
            images.select("image_id", "entry"), on="image_id", how="left", maintain_order="left"
        )
        kinds = rows["kind"]
        for name, values in {
            "image_key": _leading_bits(rows["image_id"]),
            "text_key": _leading_bits(rows["text_sha256"]),
            "answer_key": rows["answer_key"].to_numpy(),
            "kind_key": kinds.replace_strict({k: _word(k) for k in kinds.unique()}, return_dtype=pl.UInt64).to_numpy(),
            "image_hash": self.comparison.images.hashes(rows),
            "descriptive": kinds.is_in([kind for kind in kinds.unique() if KINDS[kind].prose]).to_numpy(),
            "entry": entries["entry"].cast(pl.Int64).to_numpy(),
        }.items():
            self._parts.setdefault(name, []).append(values)
        self._detail_file.write(self.comparison.images.details(images))
        self._word_file.write(self.comparison.texts.packed(rows).astype("<u4").tobytes())
        self._rows += rows.height
        self._entries += images.height
        return first

    def seal(self) -> None:
        """Join the parts; after this nothing can be added."""
        for name in NUMBERS:
            parts = self._parts.pop(name, None)
            setattr(self, name, np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64))
        self.details = _mapped(self._detail_file, np.uint8, (self._entries, self.comparison.images.detail_bytes))
        self.words = _mapped(self._word_file, np.uint32, (self._rows, self.comparison.texts.words))


def _word(text: str) -> int:
    return int(sha256_hex(text.encode())[:16], 16)


def _leading_bits(hexadecimal: pl.Series) -> U64:
    return hexadecimal.str.head(16).str.to_integer(base=16, dtype=pl.UInt64).to_numpy()


def _mapped(file: IO[bytes], dtype: Any, shape: tuple[int, int]) -> npt.NDArray[Any]:
    file.flush()
    if not shape[0]:
        return np.empty(shape, dtype=dtype)
    return np.memmap(file, dtype=dtype, mode="r", shape=shape)
