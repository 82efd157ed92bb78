"""The benchmarks of a cut: which rows of its batches they show or ask, and how much of each could be compared at all."""

from collections import Counter
from typing import Any

import polars as pl

from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.versions.benchmark_rows import benchmark_hits
from wethink_assets.dataset.versions.rows import table_of
from wethink_assets.dedup.benchmark_verdicts import GONE, PARTLY, UNREAD, read_verdicts, shown_images
from wethink_assets.dedup.contamination import SHOWN, BenchmarkImages, SignedBenchmark, read_questions
from wethink_assets.dedup.question_overlap import by_text_alone
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
        self._partly: Counter[tuple[str, str]] = Counter()
        self._rows: Counter[tuple[str, str]] = Counter()
        self._unread = 0
        self._questions = read_questions(store, cut.questions)
        self._asked: Counter[tuple[str, str]] = Counter()

    def hits(self, batch: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of a batch that a benchmark shows or asks, with the reason why the recipe leaves them out (`benchmark_rows.HITS`).

        rows: what `candidate_rows` gives with the columns of the image method. Raises `StoreError` naming what is missing of signatures or verdicts.
        """
        hits = benchmark_hits(self._cut.recipe, rows, self.among(batch, rows), self._questions)
        for where, by_text in hits.drop_nulls("asked_in").select("asked_in", "by_text").iter_rows():
            self._asked[where.partition(" ")[0], "by_text" if by_text else "beside"] += 1
        return hits

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
        partly = verdicts.filter(verdict=PARTLY).join(rows.select("image_id").unique(), on="image_id", how="semi")
        self._partly.update(partly.select("benchmark", "md5").iter_rows())
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
        `altered` (images of the cut that it shows), `partly` (images that look like more of its pictures than they were compared with, if any
        do); rows: by benchmark, rows whose image it is the first to show, by verdict; unread: benchmarks that nothing was compared with;
        unreadable_images: of the batches, that could not be compared; questions: see `_question_figures`, missing of a cut of before.
        """
        if not self._compared and not self._cut.unread and not self._cut.questions:
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
                    **({"partly": partly} if (partly := self._partly[file.key, file.md5]) else {}),
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
            **({"questions": self._question_figures()} if self._cut.questions else {}),
        }

    def _question_figures(self) -> list[dict[str, Any]]:
        """Of each file: its `questions`, `compared` ones, those that can be told `by_text` alone; and rows of the cut: `asked`, that ask one of them
        by the text alone, and `beside`, that ask nearly so about an image that the benchmark shows."""
        figures = []
        signed_as = {(one.key, one.md5): one for one in self._cut.benchmarks}
        for file in self._cut.questions:
            if file.method:
                letters = self._store.read_parquet(file.path).select(
                    pl.col("letters").list.head("asked"), all="letters"
                )
                alone = letters.select((by_text_alone(pl.col("letters")) | by_text_alone(pl.col("all"))).sum()).item()
                questions = compared = letters.height
            else:
                signed = self._store.scan_parquet(signed_as[file.key, file.md5].path(self._cut.recipe.comparison))
                questions, compared, alone = signed.select(pl.col("index").n_unique()).collect().item(), 0, 0
            counts = {"questions": questions, "compared": compared, "by_text": alone}
            rows = {"asked": self._asked[file.key, "by_text"], "beside": self._asked[file.key, "beside"]}
            figures.append({"benchmark": file.key, "md5": file.md5, **counts, **rows})
        return figures
