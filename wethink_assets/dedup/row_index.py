"""Index of rows: what must be held of all of them at once to find duplicates among them.

Numbers stay in memory: 73 bytes a row. Details of images (768 bytes each as reduced pixels) and words of texts (256 bytes a row as MinHash) lie in
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
KEYS = pl.Schema(dict.fromkeys(("same_key", "near_key", "precedence"), pl.UInt64()) | {"row_id": pl.String()})
"""Columns by which rows are compared whatever their order: `texts.question_keys`, `texts.precedence`, and the row's id."""


class RowIndex:
    """Rows in the order they were added. `add` all, then `seal`, then read the arrays; leave the context to drop the files.

    image_key, text_key: first 64 bits of the sha256 that names image and text; entry: row of `details` that is of the image;
    image_hash, details, words: of the methods of `comparison`; near_key: equal where questions are nearly the same; order: positions in the order in
    which rows are decided on. near_by_key: whether near_key says so, rather than pairs of words.
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
    near_key: U64
    order: npt.NDArray[np.int64]

    def __init__(
        self, folder: Path, comparison: Comparison | None = None, order_free: bool = True, majority: bool = False
    ) -> None:
        """The index lies in a scratch folder, and takes signatures of the comparison's methods, by default of the default ones.

        order_free: whether who stays follows from the rows alone; otherwise they are compared by the rules of before version 5, in the order added.
        majority: of rows whose answers conflict, one stays that says what more than half of them say; otherwise none.
        """
        self.comparison = comparison or Comparison.of()
        self.order_free = order_free
        self.majority = majority
        self.near_by_key = order_free and self.comparison.texts.near_text is not None
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
        """Append rows with the columns of `comparison.row_columns`, and of `KEYS` where order is free; returns the position of the first."""
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
            "text_key": (rows["same_key"].to_numpy() if self.order_free else _leading_bits(rows["text_sha256"])),
            "answer_key": rows["answer_key"].to_numpy(),
            "kind_key": kinds.replace_strict({k: _word(k) for k in kinds.unique()}, return_dtype=pl.UInt64).to_numpy(),
            "image_hash": self.comparison.images.hashes(rows),
            "descriptive": kinds.is_in([kind for kind in kinds.unique() if KINDS[kind].prose]).to_numpy(),
            "entry": entries["entry"].cast(pl.Int64).to_numpy(),
            **(self._keys(rows) if self.order_free else {}),
        }.items():
            self._parts.setdefault(name, []).append(values)
        self._detail_file.write(self.comparison.images.details(images))
        if not self.near_by_key:
            self._word_file.write(self.comparison.texts.packed(rows).astype("<u4").tobytes())
        self._rows += rows.height
        self._entries += images.height
        return first

    def seal(self) -> None:
        """Join the parts; after this nothing can be added."""
        for name in NUMBERS:
            setattr(self, name, self._joined(name))
        self.near_key, self.order = np.empty(0, dtype=np.uint64), np.arange(self._rows)
        if self.order_free:
            self.near_key = self._joined("near_key")
            # A version has one row of an id: where earlier code gave one to several questions, these are one.
            self.text_key, self.near_key = _one_of_each(self._joined("row_key"), self.text_key, self.near_key)
            self.order = np.argsort(self._joined("precedence"), kind="stable")
        self.details = _mapped(self._detail_file, np.uint8, (self._entries, self.comparison.images.detail_bytes))
        words = 0 if self.near_by_key else self._rows
        self.words = _mapped(self._word_file, np.uint32, (words, self.comparison.texts.words))

    def _keys(self, rows: pl.DataFrame) -> dict[str, U64]:
        return {
            "near_key": rows["near_key"].to_numpy(),
            "precedence": rows["precedence"].to_numpy(),
            "row_key": _leading_bits(rows["row_id"]),
        }

    def _joined(self, name: str) -> npt.NDArray[Any]:
        parts = self._parts.pop(name, None)
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)


def _one_of_each(row_key: U64, *keys: U64) -> tuple[U64, ...]:
    """Keys of which rows of one id have the smallest."""
    by_id = np.argsort(row_key, kind="stable")
    starts = np.flatnonzero(np.r_[True, row_key[by_id][1:] != row_key[by_id][:-1]]) if len(by_id) else by_id
    result = []
    for key in keys:
        lowest = np.empty_like(key)
        if len(by_id):
            lengths = np.diff(np.r_[starts, len(by_id)])
            lowest[by_id] = np.repeat(np.minimum.reduceat(key[by_id], starts), lengths)
        result.append(lowest)
    return tuple(result)


def _word(text: str) -> int:
    return int(sha256_hex(text.encode())[:16], 16)


def _leading_bits(hexadecimal: pl.Series) -> U64:
    return hexadecimal.str.head(16).str.to_integer(base=16, dtype=pl.UInt64).to_numpy()


def _mapped(file: IO[bytes], dtype: Any, shape: tuple[int, int]) -> npt.NDArray[Any]:
    file.flush()
    if not shape[0]:
        return np.empty(shape, dtype=dtype)
    return np.memmap(file, dtype=dtype, mode="r", shape=shape)
