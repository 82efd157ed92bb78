"""Contamination: images of a data set that a benchmark shows, or nearly so, by the method that finds duplicates, whatever is asked about them.

Each benchmark file that was ever signed counts: `benchmarks/<key>/<md5>/signatures-view<n>.parquet` in the store, one row per image; what was signed
before images had one view (`sources.images.view`) lies in `signatures.parquet`, which cuts that were held against it go on naming. Drawn
stand-ins (`sample_*`) are left out: simple scenes resemble each other by chance.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from wethink_assets.dedup.methods import U8, Comparison
from wethink_assets.sources.images.view import VIEW
from wethink_assets.storage.store import Store

FOLDER = "benchmarks"
STAND_IN = "sample_"
BLOCK = 4_000_000
"""Pairs of hashes compared at once: 64 MB."""
SHOWN = pl.Schema({"image_id": pl.String(), "shown_in": pl.String()})


class SignedBenchmark(BaseModel):
    """A benchmark file whose images are known; `view` is the version of the view of its images that was signed."""

    model_config = ConfigDict(frozen=True)

    key: str
    md5: str
    view: int = Field(1, exclude_if=lambda view: view == 1)  # cuts of before have no such field, and keep their digests

    def path(self, comparison: Comparison) -> str:
        """Path of its rows' signatures in the store, by the methods of a comparison."""
        view = "" if self.view == 1 else f"-view{self.view}"
        return f"{FOLDER}/{self.key}/{self.md5}/signatures{view}{comparison.suffix}.parquet"


def signed_benchmarks(store: Store, comparison: Comparison) -> tuple[SignedBenchmark, ...]:
    """All files of real benchmarks that were signed by the methods of a comparison, sorted, each by the latest view that it was signed with."""
    keys = [key for key in store.names(FOLDER) if not key.startswith(STAND_IN)]
    signed = []
    for key in keys:
        for md5 in store.names(f"{FOLDER}/{key}"):
            views = [SignedBenchmark(key=key, md5=md5, view=view) for view in range(VIEW, 0, -1)]
            signed += [file for file in views if store.exists(file.path(comparison))][:1]
    return tuple(signed)


class BenchmarkImages:
    """Images of benchmarks in memory: about 900 bytes each with the default method."""

    def __init__(self, rows: pl.DataFrame, comparison: Comparison) -> None:
        """rows: columns `image_id`, those of the image method, `benchmark`, `index`, one row per image."""
        self._comparison = comparison
        self._names = (rows["benchmark"] + " " + rows["index"]).to_list()
        self._digests = dict(zip(rows["image_id"], range(rows.height), strict=True))
        self._hashes = comparison.images.hashes(rows)
        self._details = _details(rows, comparison)

    @classmethod
    def read(cls, store: Store, benchmarks: Sequence[SignedBenchmark], comparison: Comparison) -> "BenchmarkImages":
        """Images of these files. Raises `StoreError` naming a file of signatures that is missing."""
        columns = ["image_id", *comparison.images.columns, "benchmark", "index"]
        frames = [
            store.scan_parquet(one.path(comparison)).filter(~pl.col("unreadable")).select(columns).collect()
            for one in benchmarks
        ]
        return cls(pl.concat(frames).unique("image_id", keep="first", maintain_order=True), comparison)

    def __len__(self) -> int:
        return len(self._names)

    def among(self, images: pl.DataFrame) -> pl.DataFrame:
        """Those of `images` (columns `image_id` and those of the image method, null where unreadable) that a benchmark shows; schema `SHOWN`."""
        images = images.drop_nulls(list(self._comparison.images.columns)).unique(
            "image_id", keep="first", maintain_order=True
        )
        if not len(self) or images.is_empty():
            return SHOWN.to_frame()
        hashes, details = self._comparison.images.hashes(images), _details(images, self._comparison)
        shown: dict[int, int] = {}
        block = max(1, BLOCK // len(self))
        for start in range(0, len(hashes), block):
            close = self._comparison.close(hashes[start : start + block, None], self._hashes[None])
            for offset, other in np.argwhere(close).tolist():
                image = start + offset
                if image not in shown and self._comparison.alike(details[image][None], self._details[other][None])[0]:
                    shown[image] = other
        for image, digest in enumerate(images["image_id"]):
            if digest in self._digests:
                shown[image] = self._digests[digest]
        rows = [(images["image_id"][image], self._names[other]) for image, other in sorted(shown.items())]
        return pl.DataFrame(rows, schema=SHOWN, orient="row")


def _details(rows: pl.DataFrame, comparison: Comparison) -> U8:
    return np.frombuffer(comparison.images.details(rows), dtype=np.uint8).reshape(-1, comparison.images.detail_bytes)
