"""The benchmarks of a cut: which images of its batches they show, and how much of each could be compared at all."""

from collections import Counter
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.versions.rows import table_of
from wethink_assets.dedup.benchmark_verdicts import GONE, UNREAD, read_verdicts, shown_images
from wethink_assets.dedup.contamination import SHOWN, BenchmarkImages, SignedBenchmark
from wethink_assets.storage.store import Store


class ComparedBenchmarks:
    """The benchmarks of a cut. Feed it each batch once, then read `figures`.

    Those whose pictures were compared are asked for their verdicts. Those of which only hashes are kept, since an earlier release signed them or
    their file was gone when the batch was compared, are searched by the method that finds duplicates.
    """

    def __init__(self, store: Store, cut: Cut) -> None:
        self._store, self._cut = store, cut
        self._compared = [one for one in cut.benchmarks if one.method]
        hashed = [one for one in cut.benchmarks if not one.method]
        self._hashed = BenchmarkImages.read(store, hashed, cut.recipe.comparison) if hashed else None
        self._gone: dict[SignedBenchmark, BenchmarkImages] = {}
        self._images: Counter[tuple[str, str, str]] = Counter()
        self._batches_gone: Counter[tuple[str, str]] = Counter()
        self._rows: Counter[tuple[str, str]] = Counter()
        self._unread = 0

    def among(self, batch: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Images of a batch's rows that a benchmark shows (`SHOWN`), each once: as a copy where one is.

        rows: columns `image_id` and those of the image method. Raises `StoreError` naming what is missing of signatures or verdicts.
        """
        found = [SHOWN.to_frame()]
        if self._compared:
            images = table_of(self._cut.tables[batch], "images")
            verdicts = read_verdicts(self._store, batch, images.digest, self._compared)
            found.append(shown_images(verdicts))
            found += [self._images_of(file).among(rows) for file in self._count(verdicts, rows)]
        if self._hashed:
            found.append(self._hashed.among(rows))
        shown = pl.concat(found).sort(pl.col("verdict") != "copy", maintain_order=True)
        shown = shown.unique("image_id", keep="first", maintain_order=True).sort("image_id")
        per_row = rows.select("image_id").join(shown, on="image_id")
        for where, verdict in per_row.select("shown_in", "verdict").iter_rows():
            self._rows[where.partition(" ")[0], verdict] += 1
        return shown

    def _count(self, verdicts: pl.DataFrame, rows: pl.DataFrame) -> list[SignedBenchmark]:
        """Count what a batch's verdicts say, of images that have rows; the files that were gone when it was compared."""
        pairs = verdicts.drop_nulls("index").join(rows.select("image_id").unique(), on="image_id", how="semi")
        for key, md5, verdict, image in pairs.select("benchmark", "md5", "verdict", "image_id").unique().iter_rows():
            del image  # an image counts once for each file and verdict
            self._images[key, md5, verdict] += 1
        self._unread += verdicts.filter(verdict=UNREAD).height
        gone = {(row["benchmark"], row["md5"]) for row in verdicts.filter(verdict=GONE).iter_rows(named=True)}
        self._batches_gone.update(gone)
        return [file for file in self._compared if (file.key, file.md5) in gone]

    def _images_of(self, file: SignedBenchmark) -> BenchmarkImages:
        if file not in self._gone:
            self._gone[file] = BenchmarkImages.read(self._store, [file], self._cut.recipe.comparison)
        return self._gone[file]

    def figures(self) -> dict[str, Any]:
        """What the card says of benchmarks, as JSON; empty of a version that was compared with none by its pictures.

        files: of each, `images` (different ones), `unreadable` (of these), `gone` (batches that were held against its hashes only), `copies` and
        `altered` (images of the cut that it shows); rows: by benchmark, rows whose image it is the first to show, by verdict; unread: benchmarks that
        nothing was compared with; unreadable_images: of the batches, that could not be compared.
        """
        if not self._compared and not self._cut.unread:
            return {}
        files = []
        for file in self._compared:
            signed = self._store.scan_parquet(file.path(self._cut.recipe.comparison))
            counts = signed.group_by("image_id").agg(pl.col("unreadable").all()).collect()
            unnamed = signed.filter(pl.col("image_id").is_null()).select(pl.len()).collect().item()
            files.append(
                {
                    "benchmark": file.key,
                    "md5": file.md5,
                    "images": counts.drop_nulls("image_id").height + unnamed,
                    "unreadable": counts.drop_nulls("image_id")["unreadable"].sum() + unnamed,
                    "gone": self._batches_gone[file.key, file.md5],
                    "copies": self._images[file.key, file.md5, "copy"],
                    "altered": self._images[file.key, file.md5, "altered"],
                }
            )
        rows: dict[str, dict[str, int]] = {}
        for (key, verdict), count in sorted(self._rows.items()):
            rows.setdefault(key, {})[verdict] = count
        return {
            "files": files,
            "rows": rows,
            "unread": [one.model_dump() for one in self._cut.unread],
            "unreadable_images": self._unread,
        }
