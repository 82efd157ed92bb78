"""Near-duplicate methods: how two images, and two questions, are held to be nearly the same, each an entry of a registry.

A method says which columns it adds to a row's signature, makes them, and compares them; the table `[dedup]` of `wethink.toml` chooses one for
images and one for texts (`wethink_assets.extensions.builtin.IMAGE_METHODS`, `TEXT_METHODS`). Nothing else looks into its columns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from polars.datatypes import DataTypeClass

from wethink_assets.config.data import DedupSettings
from wethink_assets.extensions.builtin import IMAGE_METHODS, TEXT_METHODS

U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
Pairs = npt.NDArray[np.int64]
Columns = Mapping[str, pl.DataType | DataTypeClass]
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@dataclass(frozen=True, slots=True)
class ImageMethod:
    """How two images are held to be nearly the same: by a hash that is compared with all others, confirmed on details.

    Args:
        title: what it goes by, for people.
        columns: names and types of what it adds to a row's signature.
        sign: these columns for one image, from its encoded bytes and its row of the table `images` (empty for images of benchmarks). Raises
            `OSError`, `ValueError` or `SyntaxError` when the image cannot be decoded.
        blank: these columns in tables that keep an image which cannot be decoded.
        hashes: 64 bits for each row of a frame with these columns; 8 bytes a row are held in memory.
        detail_bytes: bytes of one image's details; they lie in a memory-mapped file.
        details: details of each row of such a frame, one after the other.
        close: which pairs of hashes may be of nearly the same image, for arrays that broadcast.
        alike: which pairs of details are, for arrays of shape (n, `detail_bytes`) that broadcast.
        thresholds: defaults of what `settings.threshold(name)` gives, where the method has thresholds that `[dedup]` has no setting for.
        sketch: bytes of shape (n, any) for details of shape (n, `detail_bytes`), by which `sketches.SketchSearch` finds few among many images of one
            hash; without it each is compared with all.
        sketch_radius: by how much a byte of the sketches of two images that are alike differs at most.
    """

    title: str
    columns: Columns
    sign: Callable[[bytes, Mapping[str, Any]], dict[str, Any]]
    blank: Mapping[str, Any]
    hashes: Callable[[pl.DataFrame], U64]
    detail_bytes: int
    details: Callable[[pl.DataFrame], bytes]
    close: Callable[[U64, U64, DedupSettings], Bools]
    alike: Callable[[U8, U8, DedupSettings], Bools]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    sketch: Callable[[U8], U8] | None = None
    sketch_radius: Callable[[DedupSettings], float] = lambda settings: 0.0


@dataclass(frozen=True, slots=True)
class TextMethod:
    """How two questions are held to be nearly the same.

    Args:
        title: what it goes by, for people.
        columns: names and types of what it adds to a row's signature.
        sign: these columns for comparable texts (`texts.comparable_text`), each as a list in their order.
        words: 32-bit words of one row; they lie in a memory-mapped file.
        packed: the words of each row of a frame with these columns, shape (n, `words`).
        pairs: pairs of nearly equal texts, see `minhash.similar_pairs`.
        cells: into how many cells of near-alike texts the rows of such a frame fall: what the growth curve tells of diversity.
        thresholds: see `ImageMethod`.
        near_text: form of a question with its options that is equal where two are nearly the same (`question_text.near_text`). A method that has
            one compares no pairs, but in versions whose rules are older than 5.
    """

    title: str
    columns: Columns
    sign: Callable[[Sequence[str]], dict[str, Sequence[Any]]]
    words: int
    packed: Callable[[pl.DataFrame], npt.NDArray[np.uint32]]
    pairs: Callable[[npt.NDArray[np.uint32], Pairs, U64, DedupSettings], Pairs]
    cells: Callable[[pl.DataFrame], int]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    near_text: Callable[[str, Sequence[str]], str] | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The methods that `[dedup]` chooses, with the settings that hold their thresholds."""

    settings: DedupSettings
    images: ImageMethod
    texts: TextMethod

    @classmethod
    def of(cls, settings: DedupSettings | None = None) -> "Comparison":
        """The comparison of a configuration or a cut's recipe; of the defaults without one. Raises `UnknownName`."""
        settings = settings or DedupSettings()
        return cls(settings, IMAGE_METHODS[settings.image_method], TEXT_METHODS[settings.text_method])

    @property
    def columns(self) -> pl.Schema:
        """What rows are compared by, beside the ids: the columns of both methods and the digest of the text."""
        return pl.Schema({**self.images.columns, "text_sha256": pl.String(), **self.texts.columns})

    @property
    def row_columns(self) -> pl.Schema:
        """Columns of the rows that `row_index.RowIndex` takes."""
        return pl.Schema({"image_id": pl.String(), "kind": pl.String(), **self.columns, "answer_key": pl.UInt64()})

    @property
    def suffix(self) -> str:
        """What tells signatures of these methods from those of the default ones; empty for these."""
        return method_suffix(self.settings)

    def close(self, first: U64, second: U64) -> Bools:
        """Which pairs of image hashes may be of nearly the same image."""
        return self.images.close(first, second, self.settings)

    def alike(self, first: U8, second: U8) -> Bools:
        """Which pairs of image details are of nearly the same image."""
        return self.images.alike(first, second, self.settings)

    def similar_pairs(self, packed: npt.NDArray[np.uint32], representatives: Pairs, within: U64) -> Pairs:
        """Pairs of nearly equal texts."""
        return self.texts.pairs(packed, representatives, within, self.settings)


def method_suffix(settings: DedupSettings) -> str:
    """What names and versions of signatures end in: the methods, where they are not the default ones."""
    default = DedupSettings()
    if (settings.image_method, settings.text_method) == (default.image_method, default.text_method):
        return ""
    return f"+{settings.image_method}+{settings.text_method}".replace("-", "_")


def mixed(*columns: U64) -> U64:
    """One 64-bit hash a row over several columns of 64-bit values."""
    state = np.full(len(columns[0]), _PRIME, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in columns:
            state = (state ^ column) * _PRIME
            state ^= state >> _SHIFT
    return state
