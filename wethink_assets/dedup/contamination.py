"""Which images of a data set are those of a benchmark, or nearly so? By the measure that tells duplicates, whatever is asked about them.

Each benchmark file that was ever signed is held against: `benchmarks/<key>/<md5>/signatures.parquet` in the store, one row an image. Drawn
stand-ins (`sample_*`) are left out: simple scenes resemble each other by chance.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict

from wethink_assets.dedup.duplicates import Thresholds, images_alike
from wethink_assets.dedup.pixels import BYTES
from wethink_assets.dedup.similar_texts import U64
from wethink_assets.storage.store import Store

FOLDER = "benchmarks"
STAND_IN = "sample_"
BLOCK = 4_000_000
"""Pairs of hashes compared at once: 64 MB."""
FOUND = pl.Schema({"image_id": pl.String(), "shown_in": pl.String()})


class SignedBenchmark(BaseModel):
    """A benchmark file whose images are known."""

    model_config = ConfigDict(frozen=True)

    key: str
    md5: str

    @property
    def path(self) -> str:
        """Where the signatures of its rows lie in the store."""
        return f"{FOLDER}/{self.key}/{self.md5}/signatures.parquet"


def signed_benchmarks(store: Store) -> tuple[SignedBenchmark, ...]:
    """All signed files of real benchmarks, sorted."""
    keys = [key for key in store.names(FOLDER) if not key.startswith(STAND_IN)]
    found = (SignedBenchmark(key=key, md5=md5) for key in keys for md5 in store.names(f"{FOLDER}/{key}"))
    return tuple(one for one in found if store.exists(one.path))


class BenchmarkImages:
    """Images of benchmarks in memory: about 900 bytes each."""

    def __init__(self, rows: pl.DataFrame, thresholds: Thresholds) -> None:
        """rows: columns `image_id`, `phash`, `pixels`, `benchmark`, `index`, one row an image."""
        self._thresholds = thresholds
        self._names = (rows["benchmark"] + " " + rows["index"]).to_list()
        self._digests = dict(zip(rows["image_id"], range(rows.height), strict=True))
        self._hashes = _hashes(rows["phash"])
        self._pixels = np.frombuffer(b"".join(rows["pixels"]), dtype=np.uint8).reshape(-1, BYTES)

    @classmethod
    def read(cls, store: Store, benchmarks: Sequence[SignedBenchmark], thresholds: Thresholds) -> "BenchmarkImages":
        """Images of these files. Raises `StoreError` naming a file of signatures that is missing."""
        columns = ["image_id", "phash", "pixels", "benchmark", "index"]
        frames = [
            store.scan_parquet(one.path).filter(~pl.col("unreadable")).select(columns).collect() for one in benchmarks
        ]
        return cls(pl.concat(frames).unique("image_id", keep="first", maintain_order=True), thresholds)

    def __len__(self) -> int:
        return len(self._names)

    def among(self, images: pl.DataFrame) -> pl.DataFrame:
        """Those of `images` (columns `image_id`, `phash`, `pixels`, null where unreadable) that a benchmark shows; schema `FOUND`."""
        images = images.drop_nulls(["phash", "pixels"]).unique("image_id", keep="first", maintain_order=True)
        if not len(self) or images.is_empty():
            return FOUND.to_frame()
        hashes = _hashes(images["phash"])
        shown: dict[int, int] = {}
        block = max(1, BLOCK // len(self))
        for start in range(0, len(hashes), block):
            bits = np.bitwise_count(hashes[start : start + block, None] ^ self._hashes[None])
            for image, other in np.argwhere(bits <= self._thresholds.phash_distance).tolist():
                if start + image not in shown and self._alike(images["pixels"][start + image], other):
                    shown[start + image] = other
        for place, digest in enumerate(images["image_id"]):
            if digest in self._digests:
                shown[place] = self._digests[digest]
        rows = [(images["image_id"][place], self._names[other]) for place, other in sorted(shown.items())]
        return pl.DataFrame(rows, schema=FOUND, orient="row")

    def _alike(self, pixels: bytes, other: int) -> bool:
        own = np.frombuffer(pixels, dtype=np.uint8)[None]
        return bool(images_alike(own, self._pixels[other : other + 1], self._thresholds.pixel_difference)[0])


def _hashes(phash: pl.Series) -> U64:
    return phash.str.to_integer(base=16, dtype=pl.UInt64).to_numpy()
