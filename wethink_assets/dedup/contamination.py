"""Contamination: images of a data set that a benchmark shows, told by comparing the pictures (`dedup.copies`), and questions that it asks.

Each benchmark file that was ever signed counts: `benchmarks/<key>/<md5>/signatures-view<n>-copies-1.parquet` in the store, one row per image. Drawn
stand-ins (`sample_*`) are left out: simple scenes resemble each other by chance. Pictures of a benchmark lie outside of the store, so its verdicts
are kept (`benchmark_verdicts`), and a version follows from these. Files that were signed by earlier releases only, without what pictures are compared
by (`signatures-view<n>.parquet`), or before images had one view (`signatures.parquet`), are held against rows by the method that finds duplicates:
cuts go on naming them as they did. Questions are compared by themselves (`question_overlap`), from `questions-words-1.parquet` beside.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from wethink_assets.dedup.copies import METHOD
from wethink_assets.dedup.methods import U8, Comparison
from wethink_assets.dedup.question_overlap import METHOD as QUESTIONS
from wethink_assets.dedup.question_overlap import SIGNED, BenchmarkQuestions
from wethink_assets.sources.images.view import VIEW
from wethink_assets.storage.store import Store

FOLDER = "benchmarks"
STAND_IN = "sample_"
BLOCK = 4_000_000
"""Pairs of hashes compared at once: 64 MB."""
SHOWN = pl.Schema({"image_id": pl.String(), "shown_in": pl.String(), "verdict": pl.String()})
"""An image, the benchmark and the index of the row that shows it, and `copy`, or `altered` where it does so with a local change."""


class SignedBenchmark(BaseModel):
    """A benchmark file whose images are known.

    view: version of the view of its images that was signed; method: that by which pictures are compared, empty where they only have a hash.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    md5: str
    view: int = Field(1, exclude_if=lambda view: view == 1)  # cuts of before have no such field, and keep their digests
    method: str = Field("", exclude_if=lambda method: not method)

    @classmethod
    def latest(cls, key: str, md5: str) -> "SignedBenchmark":
        """A file as it is signed now."""
        return cls(key=key, md5=md5, view=VIEW, method=METHOD)

    @property
    def compared_by(self) -> str:
        """Versions of method and view: verdicts of another one are not taken over."""
        return f"{self.method}-view{self.view}"

    def path(self, comparison: Comparison) -> str:
        """Path of its rows' signatures in the store, by the methods of a comparison."""
        view = "" if self.view == 1 else f"-view{self.view}"
        method = f"-{self.method}" if self.method else ""
        return f"{FOLDER}/{self.key}/{self.md5}/signatures{view}{method}{comparison.suffix}.parquet"


class SignedQuestions(BaseModel):
    """A benchmark file whose images are known, with the version of the method by which its questions are; `method` is empty where they are not."""

    model_config = ConfigDict(frozen=True)

    key: str
    md5: str
    method: str = QUESTIONS

    @property
    def path(self) -> str:
        """Path of its questions in the store (`question_overlap.SIGNED`)."""
        return f"{FOLDER}/{self.key}/{self.md5}/questions-{self.method}.parquet"


class UnreadBenchmark(BaseModel):
    """A benchmark whose file is there and cannot be read, so that nothing was compared with it; `reason` names the file and the fault."""

    model_config = ConfigDict(frozen=True)

    key: str
    reason: str


def signed_benchmarks(store: Store, comparison: Comparison) -> tuple[SignedBenchmark, ...]:
    """All files of real benchmarks that were signed by the methods of a comparison, sorted, each as it was signed last."""
    keys = [key for key in store.names(FOLDER) if not key.startswith(STAND_IN)]
    signed = []
    for key in keys:
        for md5 in store.names(f"{FOLDER}/{key}"):
            hashed = (SignedBenchmark(key=key, md5=md5, view=view) for view in range(VIEW, 0, -1))
            ways = (SignedBenchmark.latest(key, md5), *hashed)
            signed += [file for file in ways if store.exists(file.path(comparison))][:1]
    return tuple(signed)


def questions_of(store: Store, benchmarks: Sequence[SignedBenchmark]) -> tuple[SignedQuestions, ...]:
    """The questions of signed benchmark files: of each how they are signed now, or that they are not."""
    latest = [SignedQuestions(key=one.key, md5=one.md5) for one in benchmarks]
    return tuple(one if store.exists(one.path) else one.model_copy(update={"method": ""}) for one in latest)


def read_questions(store: Store, files: Sequence[SignedQuestions]) -> BenchmarkQuestions:
    """Questions of those files that have them. Raises `StoreError` naming a file that is missing."""
    signed = [store.read_parquet(one.path).with_columns(benchmark=pl.lit(one.key)) for one in files if one.method]
    none = SIGNED.to_frame().with_columns(pl.lit(None, pl.String).alias("benchmark"))
    return BenchmarkQuestions(pl.concat([none, *signed]))


class BenchmarkImages:
    """Images of benchmarks in memory, found by the method that finds duplicates: about 900 bytes each with the default one."""

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
        rows = [(images["image_id"][image], self._names[other], "copy") for image, other in sorted(shown.items())]
        return pl.DataFrame(rows, schema=SHOWN, orient="row")


def _details(rows: pl.DataFrame, comparison: Comparison) -> U8:
    return np.frombuffer(comparison.images.details(rows), dtype=np.uint8).reshape(-1, comparison.images.detail_bytes)
