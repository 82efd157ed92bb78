"""Benchmark samples whose images a version's rows show, by the verdicts that were kept when its batches were compared with benchmark files."""

from collections import defaultdict

import polars as pl

from wethink_assets.dataset.cuts.cut import read_cut
from wethink_assets.dataset.versions.rows import scan_rows, table_of
from wethink_assets.dedup.benchmark_verdicts import COMPARED, FOLDER
from wethink_assets.dedup.contamination import SignedBenchmark, signed_benchmarks
from wethink_assets.storage.store import Store

__all__ = ["ShownSamples"]

File = tuple[str, str]
"""Key and md5 of a benchmark's file."""


class ShownSamples:
    """The samples of benchmark files that a version shows: an image of its rows is a copy of the sample's, or differs locally (`altered`).

    Read once for all benchmarks: the verdicts on the version's batches, and ids of its rows' images. Verdicts that were made after the cut count,
    too: a benchmark that was signed later is known of by the next cut.
    """

    def __init__(self, store: Store, version: str) -> None:
        """Raises `StoreError` where cut or rows of the version are missing."""
        self._store = store
        cut = read_cut(store, version)
        own = scan_rows(store, version).select("image_id").unique().collect()
        self._signed = {(one.key, one.md5): one for one in signed_benchmarks(store, cut.recipe.comparison)}
        self._comparison = cut.recipe.comparison
        self._batches = len(cut.batches)
        self._compared: defaultdict[File, int] = defaultdict(int)
        self._shown: defaultdict[File, set[str]] = defaultdict(set)
        for batch in cut.batches:
            self._read(batch, table_of(cut.tables[batch], "images").digest, own)

    def _read(self, batch: str, images: str, own: pl.DataFrame) -> None:
        names = [name for name in self._store.names(f"{FOLDER}/{batch}") if name.startswith(f"{images}-")]
        compared: set[File] = set()
        for name in names:
            verdicts = self._store.read_parquet(f"{FOLDER}/{batch}/{name}")
            whole = verdicts.filter(pl.col("index").is_null(), verdict=COMPARED)
            compared |= set(whole.select("benchmark", "md5").iter_rows())
            pairs = verdicts.drop_nulls("index").join(own, on="image_id", how="semi")
            for key, md5, picture in pairs.select("benchmark", "md5", "shown").iter_rows():
                self._shown[key, md5].add(picture)
        for file in compared:
            self._compared[file] += 1

    def of(self, key: str, md5: str) -> frozenset[str] | None:
        """Indices of a file's samples that are shown; None where it was not compared with all batches of the version by its pictures.

        A sample counts with every file of the same bytes that the benchmark has in several rows; of pictures of one benchmark that are copies of
        each other the nearest counts.
        """
        signed = self._signed.get((key, md5))
        if signed is None or not signed.method or self._compared[key, md5] < self._batches:
            return None
        return frozenset(self._indices(signed, self._shown[key, md5]))

    def _indices(self, signed: SignedBenchmark, pictures: set[str]) -> list[str]:
        rows = self._store.scan_parquet(signed.path(self._comparison)).select("index", "image_id")
        return rows.filter(pl.col("image_id").is_in(sorted(pictures))).collect()["index"].to_list()
