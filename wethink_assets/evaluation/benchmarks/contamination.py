"""Comparison of the store's images with those of the benchmark files that are on this machine: before a cut, which leaves out what they show."""

import logging
from typing import TYPE_CHECKING

from wethink_assets.config import Settings
from wethink_assets.dataset.cuts.decision import whole_inputs
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.rows import results
from wethink_assets.dedup.contamination import SignedBenchmark, UnreadBenchmark, signed_benchmarks
from wethink_assets.dedup.methods import Comparison
from wethink_assets.errors import SourceError
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile, benchmarks_of, file_of, rows_of
from wethink_assets.evaluation.benchmarks.signatures import sign_file, sign_questions
from wethink_assets.evaluation.benchmarks.tsv import images_of
from wethink_assets.storage.store import Store

if TYPE_CHECKING:
    from wethink_assets.dedup.picture_comparison import Reader

log = logging.getLogger(__name__)


def compare_with_benchmarks(store: Store, settings: Settings) -> tuple[UnreadBenchmark, ...]:
    """Sign the files of all real benchmarks that are there and compare all batches that could be cut with every file that was ever signed.

    What was signed or compared before is not done again. Time: 10 ms an image that is new, a microsecond a pair of new pictures, and half a second
    for each that may be the same.

    Returns the benchmarks whose files are there and cannot be read; they are logged, and nothing was compared with them.
    """
    files = [file_of(settings, one) for one in benchmarks_of(settings).values() if not one.sample]
    comparison = Comparison.of(settings.dedup)
    readers: dict[SignedBenchmark, Reader] = {}
    for file in files:
        if file.readable:
            sign_file(store, file, settings=settings.dedup)
            sign_questions(store, file)
            readers[SignedBenchmark.latest(file.benchmark.key, file.md5)] = _reader(file)
    signed = {
        one: store.read_parquet(one.path(comparison)) for one in signed_benchmarks(store, comparison) if one.method
    }
    if signed:
        from wethink_assets.dedup.picture_comparison import PictureComparison

        pictures = PictureComparison(store, signed, readers)
        for batch, table in whole_inputs(store, CutRecipe(), "images").items():
            images = results(store, table).select("image_id", "blob").collect()
            if pictures.compare_batch(batch, table.digest, images):
                log.info("%s: %d images compared with those of benchmarks", batch, images.height)
    unread = tuple(
        UnreadBenchmark(key=file.benchmark.key, reason=file.remedy) for file in files if file.state == "unreadable"
    )
    for one in unread:
        log.warning("%s: rows are not compared with it: %s", one.key, one.reason)
    return unread


def _reader(file: BenchmarkFile) -> "Reader":
    """Reader of a file's pictures, by the index of their row and their image id."""
    rows: dict[str, dict[str, object]] = {}

    def read(index: str, image: str) -> bytes:
        if not rows:
            rows.update({str(row["index"]): row for row in rows_of(file.path).iter_rows(named=True)})
        for one in images_of(file.path, rows[index]):
            if one.sha256 == image:
                return one.read()
        raise SourceError(f"{file.path}: the image of row {index!r} is no longer what was signed")

    return read
