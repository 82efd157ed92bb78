"""Verdicts on the images of a batch beside those of benchmarks: which are copies, or altered, kept so that growth compares new pairs only.

`contamination/<batch>/<images table>-<benchmarks>.parquet` holds, for one table of images and one set of benchmark files (both by digest), the
pairs that were found, and for each file one row that says whether its pictures could be compared at all: they lie outside of the store, and may be
gone. A file is written once. Pairs that another set had in common are taken over, so a further benchmark, or a further batch, costs its own pairs.
"""

from collections.abc import Sequence

import polars as pl

from wethink_assets.dedup.contamination import SignedBenchmark
from wethink_assets.errors import StoreError
from wethink_assets.identity import digest_of
from wethink_assets.storage.store import Store

FOLDER = "contamination"
VERDICTS = pl.Schema(
    {
        "benchmark": pl.String(),
        "md5": pl.String(),
        "method": pl.String(),  # version of the comparison and of the view of images; null of an image that is unreadable
        "index": pl.String(),  # of the benchmark's row; null in the row of the file as a whole
        "shown": pl.String(),  # image_id of the benchmark's picture
        "image_id": pl.String(),
        "verdict": pl.String(),  # copy | altered; of a whole file compared | gone; of an image unreadable | partly (compared, with the nearest alone)
        "distance": pl.Float64(),  # of the signatures; of an image that was compared partly, where those begin that it was not compared with
        "largest": pl.Float64(),  # residual over structure; null where nothing differs
    }
)
COMPARED, GONE, UNREAD, PARTLY = "compared", "gone", "unreadable", "partly"


def verdicts_path(batch: str, images: str, benchmarks: Sequence[SignedBenchmark]) -> str:
    """Where the verdicts on a table of images (its digest) beside some benchmark files lie."""
    files = sorted(one.model_dump_json() for one in benchmarks)
    return f"{FOLDER}/{batch}/{images}-{digest_of(files)[:32]}.parquet"


def read_verdicts(store: Store, batch: str, images: str, benchmarks: Sequence[SignedBenchmark]) -> pl.DataFrame:
    """The verdicts on a batch (`VERDICTS`). Raises `StoreError` with the remedy where the batch was not compared with these files."""
    path = verdicts_path(batch, images, benchmarks)
    if not store.exists(path):
        names = ", ".join(dict.fromkeys(one.key for one in benchmarks))
        raise StoreError(
            f"{store.link(path)} is missing: the images of batch {batch} were not compared with {names}, or that was lost; "
            "`wethink cut` compares them"
        )
    return store.read_parquet(path)


def shown_images(verdicts: pl.DataFrame) -> pl.DataFrame:
    """The images of a batch that a benchmark shows, each once (`SHOWN`): as a copy where one is, of the first benchmark by name."""
    pairs = verdicts.filter(pl.col("verdict").is_in(["copy", "altered"])).sort(
        pl.col("verdict") != "copy", "benchmark", "distance", "index"
    )
    first = pairs.unique("image_id", keep="first", maintain_order=True)
    return first.select("image_id", (pl.col("benchmark") + " " + pl.col("index")).alias("shown_in"), "verdict").sort(
        "image_id"
    )
