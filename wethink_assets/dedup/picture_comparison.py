"""Comparison of the images of batches with those of benchmarks: candidates by their signatures, then thumbnails, then the pictures themselves.

Candidates are pairs within a distance, and the nearest of one picture are taken until one is a copy, so that the verdicts follow from the two files
alone, on no order of batches. OpenCV is imported with this module: who only reads verdicts imports `benchmark_verdicts`.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import polars as pl

from wethink_assets.dedup.benchmark_verdicts import COMPARED, FOLDER, GONE, PARTLY, UNREAD, VERDICTS, verdicts_path
from wethink_assets.dedup.contamination import SignedBenchmark
from wethink_assets.dedup.copies.candidates import by_distance, candidates
from wethink_assets.dedup.copies.pixels import Pixels, compared_pixels
from wethink_assets.dedup.copies.prefilter import Thumbnails, may_be_same
from wethink_assets.dedup.copies.signature import Signatures, read_signatures, sign_picture
from wethink_assets.dedup.copies.verification import compare
from wethink_assets.dedup.signatures import DECODERS, UNREADABLE
from wethink_assets.errors import StoreError
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store

LOOKED_AT = 64
"""Pictures of a benchmark file whose thumbnails each picture is held against, at most: those whose signatures lie nearest."""
NEAREST = 16
"""Pictures that are compared in full of these, at most, as among the images of a store (`image_links`). Of simple drawings every tenth pair may be
alike, which took hours; a copy lies nearer than look-alikes as a rule, and what was not looked at is told."""
SEARCHED = 500
"""Pictures whose candidates are in memory at once."""
HELD = 200
"""Pictures of benchmarks in memory: 1 MB each at most."""
Reader = Callable[[str, str], bytes]
"""Bytes of the picture with that image id in the row with that index. Raises `OSError` or `SourceError` where they cannot be read."""


class PictureComparison:
    """Comparison of batches' images with those of one set of benchmark files. Memory: about 700 bytes a picture of a benchmark.

    signed: rows of each file's signatures; readers: for each file that is there, what reads its pictures.
    """

    def __init__(
        self, store: Store, signed: Mapping[SignedBenchmark, pl.DataFrame], readers: Mapping[SignedBenchmark, Reader]
    ) -> None:
        self._store = store
        self._readers = readers
        self._kept = set(store.files(FOLDER))  # one listing: a store far away answers each question in 10 ms
        self._rows = {file: rows.filter(pl.col("image_id").is_not_null()) for file, rows in signed.items()}
        distinct = pl.col("picture").is_not_null()
        self._pictures = {
            file: rows.filter(distinct).unique("image_id", keep="first", maintain_order=True)
            for file, rows in self._rows.items()
        }
        self._signatures = {file: read_signatures(rows["picture"].to_list()) for file, rows in self._pictures.items()}

    def compare_batch(self, batch: str, digest: str, images: pl.DataFrame) -> bool:
        """Compare a batch's images (columns `image_id`, `blob`) and keep the verdicts; False where that was done before.

        digest: of the table of images.
        """
        path = verdicts_path(batch, digest, list(self._rows))
        if path in self._kept:
            return False
        known, unread = self._known(batch, digest)
        parts = [unread, *known.values()]
        fresh = [file for file in self._rows if file not in known]
        if fresh:
            own = _Images(Blobs(self._store), images.unique("image_id", keep="first").sort("image_id"))
            parts += [self._compared(file, own) for file in fresh]
            parts.append(_table([{"image_id": image, "verdict": UNREAD} for image in own.unread]))
        verdicts = pl.concat(parts).unique(maintain_order=True)
        self._store.write_parquet(path, verdicts.sort("benchmark", "md5", "image_id", "shown", nulls_last=False))
        return True

    def _known(self, batch: str, digest: str) -> tuple[dict[SignedBenchmark, pl.DataFrame], pl.DataFrame]:
        """What other sets of benchmark files gave for the same images, of files whose pictures were compared or are still gone; what was unread."""
        known: dict[SignedBenchmark, pl.DataFrame] = {}
        unread = [_table([])]
        for name in self._store.names(f"{FOLDER}/{batch}"):
            if not name.startswith(f"{digest}-"):
                continue
            verdicts = self._store.read_parquet(f"{FOLDER}/{batch}/{name}")
            unread.append(verdicts.filter(verdict=UNREAD))
            for file in self._rows:
                rows = verdicts.filter(benchmark=file.key, md5=file.md5, method=file.compared_by)
                state = rows.filter(pl.col("image_id").is_null())["verdict"].to_list()
                if state == [COMPARED] or (state and file not in self._readers):
                    known[file] = rows
        return known, pl.concat(unread)

    def _compared(self, file: SignedBenchmark, own: "_Images") -> pl.DataFrame:
        reader = self._readers.get(file)
        whole: dict[str, object] = {"verdict": GONE if reader is None else COMPARED}
        found = [whole, *self._same_files(file, own)]
        if reader is not None:
            found += self._same_pictures(file, reader, own)
        return _table([{"benchmark": file.key, "md5": file.md5, "method": file.compared_by, **row} for row in found])

    def _same_files(self, file: SignedBenchmark, own: "_Images") -> list[dict[str, object]]:
        rows = self._rows[file].unique("image_id", keep="first", maintain_order=True)
        same = rows.filter(pl.col("image_id").is_in(own.ids))
        return [
            {"index": index, "shown": image, "image_id": image, "verdict": "copy", "distance": 0.0}
            for index, image in same.select("index", "image_id").iter_rows()
        ]

    def _same_pictures(self, file: SignedBenchmark, reader: Reader, own: "_Images") -> list[dict[str, object]]:
        rows, signatures = self._pictures[file], self._signatures[file]
        if not len(signatures) or not len(own.signatures):
            return []
        near, further = _nearest(own.signatures, signatures)
        pictures = lru_cache(HELD)(lambda index, image: _looked_at(reader(index, image)))
        found: list[dict[str, object]] = []
        for (place,), group in near.group_by("own", maintain_order=True):
            image, copied, compared = own.signed[int(str(place))], False, 0
            for other, turn, distance in group.select("other", "turn", "distance").iter_rows():
                index, shown = rows["index"][other], rows["image_id"][other]
                if shown == image:
                    copied = True  # it is told among the same files, and one copy is enough
                    break
                mine, its = own.looked_at(image), pictures(index, shown)
                if not may_be_same(mine[1], its[1], turn):
                    continue
                if compared == NEAREST:
                    further[int(str(place))] = float(distance)
                    break
                compared += 1
                result = compare(mine[0], its[0], turn)
                if result.verdict != "other":
                    largest = None if result.residual is None else round(result.residual.largest, 3)
                    row = {"index": index, "shown": shown, "image_id": image, "verdict": result.verdict}
                    found.append({**row, "distance": round(float(distance), 4), "largest": largest})
                if result.verdict == "copy":
                    copied = True  # nearest first: one copy is enough for the row to be left out
                    break
            if int(str(place)) in further and not copied:
                found.append({"image_id": image, "verdict": PARTLY, "distance": round(further[int(str(place))], 4)})
        return found


def _nearest(own: Signatures, others: Signatures) -> tuple[pl.DataFrame, dict[int, float]]:
    """Candidates that are looked at (columns own, other, turn, distance; the nearest first), and at which distance the others of a picture begin."""
    parts: list[pl.DataFrame] = []
    further: dict[int, float] = {}
    for start in range(0, len(own), SEARCHED):
        found = candidates(own[start : start + SEARCHED], others)
        order, rank = by_distance(found)
        ranked = found.of_these(order)
        beyond = ranked.of_these(rank == LOOKED_AT)
        further |= dict(zip((beyond.first + start).tolist(), beyond.distance.tolist(), strict=True))
        near = ranked.of_these(rank < LOOKED_AT)
        columns = {"own": near.first + start, "other": near.second, "turn": near.turn, "distance": near.distance}
        parts.append(pl.DataFrame(columns))
    return pl.concat(parts), further


class _Images:
    """Images of a batch: signatures of all that can be decoded, pictures of a few.

    ids: of all; signed: of those that have signatures, in the order of these; unread: of the others.
    """

    def __init__(self, blobs: Blobs, images: pl.DataFrame) -> None:
        self._blobs = blobs
        self._paths = dict(images.select("image_id", "blob").iter_rows())
        self.ids = list(self._paths)
        with ThreadPoolExecutor(DECODERS) as pool:
            made = dict(zip(self.ids, pool.map(self._sign, self.ids), strict=True))
        self.unread = [image for image, signature in made.items() if signature is None]
        self.signed = [image for image, signature in made.items() if signature is not None]
        self.signatures: Signatures = read_signatures([s for s in made.values() if s is not None])
        self.looked_at = lru_cache(8)(lambda image: _looked_at(blobs.read(self._paths[image])))

    def _sign(self, image: str) -> bytes | None:
        try:
            return sign_picture(compared_pixels(self._blobs.read(self._paths[image])))
        except (StoreError, *UNREADABLE):
            return None


def _table(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=VERDICTS)


def _looked_at(data: bytes) -> tuple[Pixels, Thumbnails]:
    picture = compared_pixels(data)
    return picture, Thumbnails.of(picture)
