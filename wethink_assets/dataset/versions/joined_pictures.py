"""Pictures that a version joined: whether the picture of a row left out as a near duplicate is a copy of its survivor's, altered, or another one.

Duplicates are found by a method that is quick (`[dedup] image_method`); here the pictures themselves are compared, down to a digit (`dedup.copies`),
so that the cost of the method is known: a joined pair that is `altered` or `other` is a row that another question could have been asked about.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from wethink_assets.dataset.cuts.cut import read_cut
from wethink_assets.dataset.takedown.takedown import takedowns_of
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.dataset.versions.rows import results, table_of
from wethink_assets.dedup.copies import METHOD
from wethink_assets.dedup.copies.candidates import distances
from wethink_assets.dedup.copies.pixels import Pixels, compared_pixels
from wethink_assets.dedup.copies.signature import Signatures, read_signatures, sign_picture
from wethink_assets.dedup.copies.verification import Verdict, compare
from wethink_assets.dedup.signatures import UNREADABLE
from wethink_assets.errors import StoreError
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store

__all__ = ["JoinedPair", "JoinedPictures", "image_files", "joined_pictures"]

NEAR = "duplicate_near"
HELD = 20
"""Pictures in memory: 1 MB each."""
IMAGE_COLUMNS = pl.Schema(dict.fromkeys(("image_id", "blob", "source", "licence"), pl.String()))


@dataclass(frozen=True, slots=True)
class JoinedPair:
    """Two pictures that were held to be nearly the same.

    left_out, kept: their image ids; rows: rows left out for it; example: row id of one of them; distance: cosine distance of the signatures; largest:
    largest local residual over structure, None where the pictures cannot be laid on each other.
    """

    left_out: str
    kept: str
    rows: int
    example: str
    verdict: Verdict
    distance: float
    largest: float | None


@dataclass(frozen=True, slots=True)
class JoinedPictures:
    """What the pictures of a version's near duplicates are to each other.

    method: name and version of what judged; pairs: those that were compared; in_all: pairs that there are; unread: pairs that were not compared since
    a picture is gone or cannot be decoded, with the reason.
    """

    version: str
    method: str
    in_all: int
    pairs: tuple[JoinedPair, ...]
    unread: dict[str, str]

    @property
    def counts(self) -> dict[str, int]:
        """Compared pairs by verdict."""
        counted = Counter(pair.verdict for pair in self.pairs)
        return {verdict: counted[verdict] for verdict in ("copy", "altered", "other")}


def joined_pictures(store: Store, version: str, most: int = 0) -> JoinedPictures:
    """Compare the pictures of a version's near duplicates with their survivors'; rows whose picture is the survivor's own file are none.

    Args:
        most: pairs compared at most, 0 for all; those with the smallest image ids, which are digests, so that the share is a fair one.

    Raises `VersionError` for a version that is not there.
    """
    pairs = _pairs(store, version)
    chosen = pairs.head(most) if most else pairs
    pictures = _Pictures(Blobs(store))
    judged: list[JoinedPair] = []
    unread: dict[str, str] = {}
    for pair in chosen.iter_rows(named=True):
        try:
            (one, signed), (other, other_signed) = (pictures.read(pair[side]) for side in ("kept_blob", "blob"))
        except (StoreError, *UNREADABLE) as error:
            unread[f"{pair['image_id']} {pair['kept_image']}"] = str(error)
        else:
            distance, turn = distances(signed, other_signed)
            found = compare(one, other, int(turn[0, 0]))
            largest = None if found.residual is None else round(found.residual.largest, 3)
            judged.append(
                JoinedPair(
                    pair["image_id"], pair["kept_image"], pair["rows"], pair["row_id"], found.verdict,
                    max(0.0, round(float(distance[0, 0]), 4)), largest,
                )
            )  # fmt: skip
    return JoinedPictures(version, METHOD, pairs.height, tuple(judged), unread)


def _pairs(store: Store, version: str) -> pl.DataFrame:
    """Pairs of different images among near duplicates, sorted by id, without those taken down.

    Columns image_id, kept_image, rows, row_id, and the paths of both below the store's root, blob and kept_blob.
    """
    near = pl.col("reason") == NEAR
    excluded = scan_file(store, version, "excluded.parquet").select("row_id", "image_id", "batch", "reason", "survivor")
    place = ("row_id", "image_id", "batch")
    kept = scan_file(store, version, "rows.parquet").select(*place)
    left_out = excluded.filter(near).select(*place, "survivor").collect()
    rows = pl.concat([kept, excluded.select(*place)]).unique(
        "row_id", keep="first"
    )  # a cap may have left the survivor out in turn
    survivors = rows.select(
        pl.col("row_id").alias("survivor"), pl.col("image_id").alias("kept_image"), pl.col("batch").alias("kept_batch")
    )
    pairs = left_out.lazy().join(survivors, on="survivor").filter(pl.col("image_id") != pl.col("kept_image")).collect()
    blobs = image_files(store, version, sorted({*pairs["batch"], *pairs["kept_batch"]}))
    kept_blobs = blobs.rename({"image_id": "kept_image", "blob": "kept_blob"})
    return (
        pairs.join(blobs, on="image_id")
        .join(kept_blobs, on="kept_image")
        .group_by("image_id", "kept_image", "blob", "kept_blob")
        .agg(pl.len().alias("rows"), pl.col("row_id").min())
        .sort("image_id", "kept_image")
    )


def image_files(store: Store, version: str, batches: Sequence[str]) -> pl.DataFrame:
    """Where the images of batches of a version lie: columns image_id and blob, without those taken down."""
    covered = takedowns_of(store)
    tables = read_cut(store, version).tables
    frames = [pl.DataFrame(schema=IMAGE_COLUMNS)]
    for batch in batches:
        images = results(store, table_of(tables[batch], "images")).select(IMAGE_COLUMNS.names()).collect()
        frames.append(images.filter(~covered.covers(images)) if covered else images)
    return pl.concat(frames).select("image_id", "blob").unique("image_id", keep="first")


class _Pictures:
    """Pictures with their signatures; the last ones stay, since one survivor stands for many."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._held: OrderedDict[str, tuple[Pixels, Signatures]] = OrderedDict()

    def read(self, path: str) -> tuple[Pixels, Signatures]:
        """Pixels and signature of an image by its path. Raises `StoreError` for one that is missing or altered, or as decoding does."""
        if path not in self._held:
            picture = compared_pixels(self._blobs.read(path))
            self._held[path] = picture, read_signatures([sign_picture(picture)])
            if len(self._held) > HELD:
                self._held.popitem(last=False)
        return self._held[path]
