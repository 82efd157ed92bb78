"""Comparison of images with each other: which are copies, or altered, found once and kept, so that growth compares new images only.

`alike/<method>/<step>.parquet` holds what a step added (`image_groups.LINKED`); a step is written once, and follows all before it. Signatures lie
beside them, for the next step to search; an erasure takes images out of them. OpenCV is imported with this module: who only reads groups imports
`image_groups` and `link_files`.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import polars as pl

from wethink_assets.dedup.copies.candidates import by_distance, candidates, distances
from wethink_assets.dedup.copies.pixels import Pixels, compared_pixels
from wethink_assets.dedup.copies.prefilter import Thumbnails, may_be_same
from wethink_assets.dedup.copies.signature import Signatures, read_signatures, sign_picture
from wethink_assets.dedup.copies.verification import compare
from wethink_assets.dedup.image_groups import LINKED, ImageGroups
from wethink_assets.dedup.link_files import create_step, read_steps, signatures_path
from wethink_assets.dedup.signatures import DECODERS, UNREADABLE
from wethink_assets.errors import StoreError
from wethink_assets.identity import split_of
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store

__all__ = ["link_images"]

HELD = 200
"""Pictures in memory: 1.1 MB each at most."""
NEAREST = 16
"""Pictures that each one is compared with, at most: those whose signatures lie nearest. Of pages of one template, or simple drawings, every tenth
to fourth pair of pictures has alike signatures, so comparing all would take days where there are thousands of them. A copy lies nearer than those as
a rule; one that is cropped may not, and is missed among more look-alikes than these."""
SEARCHED = 500
"""Pictures whose candidates are in memory at once."""
Progress = Callable[[str, int, int], None]
SIGNED = pl.Schema({"image_id": pl.String(), "signature": pl.Binary()})
log = logging.getLogger(__name__)


def link_images(
    store: Store,
    images: pl.DataFrame,
    before: Callable[[str, str], str | None],
    progress: Progress = lambda what, done, total: None,
) -> int:
    """Compare images with each other and with all that were compared so far, and keep what was found; how many were new.

    Args:
        images: columns `image_id`, `batch`, `blob`; those that were compared already are passed over, those that could not be read are tried again.
        before: of an image and its batch, the split that a version may have given it already, or None.
        progress: called with what is done, and images done and in all.

    Time: 10 ms an image that is new, 0.1 to 2 microseconds a pair with a new picture, and up to 0.2 s for each of the `NEAREST` that may be the same;
    pairs within a group are compared until they hold it together, so a picture with many copies costs a comparison for each, not for each pair. Of
    two processes at once one goes on after the other.
    """
    while True:
        steps = read_steps(store)
        known = pl.concat([LINKED.to_frame(), *steps]).select("image_id", "unread").unique("image_id", keep="last")
        fresh = images.join(known.filter(~pl.col("unread")), on="image_id", how="anti")
        fresh = fresh.unique("image_id", keep="first", maintain_order=True).sort("image_id")
        signed = _signed(store, fresh, progress)
        again = pl.col("image_id").is_in(known["image_id"].to_list())  # it could not be read before
        idle = signed.filter(again & pl.col("signature").is_null())
        fresh, signed = (
            frame.join(idle, on="image_id", how="anti", maintain_order="left") for frame in (fresh, signed)
        )
        if fresh.is_empty():
            return 0
        store.write_parquet(signatures_path(fresh["image_id"]), signed)
        tried = set(fresh.filter(again)["image_id"])
        given = [
            before(image, batch) or (split_of(image) if image in tried else None)
            for image, batch in fresh.select("image_id", "batch").iter_rows()
        ]
        fresh = fresh.select("image_id", "batch", "blob").with_columns(
            pl.Series("before", given, dtype=pl.String), signed["signature"].is_null().alias("unread")
        )
        pairs = _pairs(store, steps, fresh, signed, progress)
        alike = pl.Series("alike", [pairs.get(image, []) for image in fresh["image_id"]], dtype=LINKED["alike"])
        if create_step(store, len(steps) + 1, fresh.with_columns(alike).select(LINKED.names())):
            return fresh.height
        log.info("another process compared images meanwhile: they are compared again")


def _signed(store: Store, images: pl.DataFrame, progress: Progress) -> pl.DataFrame:
    """Signatures of images (`SIGNED`): those that a step of just these has kept, which did not come to its end, else new ones."""
    path = signatures_path(images["image_id"])
    if images.height and store.exists(path):
        kept = store.read_parquet(path)
        if kept["image_id"].equals(images["image_id"]):
            return kept
    return _sign(store, images, progress)


def _sign(store: Store, images: pl.DataFrame, progress: Progress = lambda what, done, total: None) -> pl.DataFrame:
    """Signatures of images (`SIGNED`), null of those that cannot be read."""
    blobs = Blobs(store)

    def signature(path: str) -> bytes | None:
        try:
            return sign_picture(compared_pixels(blobs.read(path)))
        except (StoreError, *UNREADABLE):
            return None

    made = []
    with ThreadPoolExecutor(DECODERS) as pool:
        for one in pool.map(signature, images["blob"]):
            made.append(one)
            progress("signing images", len(made), images.height)
    return images.select("image_id").with_columns(pl.Series("signature", made, dtype=pl.Binary))


def _signatures_of(store: Store, step: pl.DataFrame) -> pl.DataFrame:
    """Signatures of the images of a step, but of those that were erased since; made anew where their file is lost."""
    path = signatures_path(step["image_id"])
    if not store.exists(path):
        store.write_parquet(path, _sign(store, step))
    return store.read_parquet(path).drop_nulls("signature")


def _pairs(
    store: Store, steps: list[pl.DataFrame], fresh: pl.DataFrame, signed: pl.DataFrame, progress: Progress
) -> dict[str, list[dict[str, object]]]:
    """Pairs of alike images, by the new one, that hold groups together which were not yet.

    Which pairs are taken of those that would do may depend on order; the groups that they make do not.
    """
    groups = ImageGroups()
    for number, step in enumerate(steps, 1):
        groups.add(number, step)
    together = groups.forest
    readable = signed.drop_nulls("signature")
    earlier = [_signatures_of(store, step) for step in steps]
    all_signed = pl.concat([readable, *earlier])
    ages = dict(_ages([*steps, fresh]))
    paths = dict(pl.concat([fresh, *steps], how="diagonal").select("image_id", "blob").iter_rows())
    names = all_signed["image_id"].to_list()
    signatures = read_signatures(all_signed["signature"].to_list())
    near = _nearest(signatures, readable.height, progress)
    pictures = _Pictures(Blobs(store), paths)
    found: dict[str, list[dict[str, object]]] = {}
    for own, _, other in near:
        progress("comparing images", own + 1, readable.height)
        if together.root(names[own]) == together.root(names[other]):
            continue
        first, second = sorted((own, other), key=lambda place: names[place])
        distance, turn = distances(signatures[first][None], signatures[second][None])
        verdict = pictures.verdict(names[first], names[second], int(turn[0, 0]))
        if verdict in ("copy", "altered"):
            together.join(names[own], names[other])
            told = {"image_id": names[other], "step": ages[names[other]], "verdict": verdict}
            found.setdefault(names[own], []).append({**told, "distance": round(max(0.0, float(distance[0, 0])), 4)})
    return found


def _nearest(signatures: Signatures, new: int, progress: Progress) -> list[tuple[int, float, int]]:
    """Pairs that are compared, each once: a new picture (one of the first `new`), the distance, and another; by the first, the nearest first."""
    pairs: dict[tuple[int, int], float] = {}  # found from both sides, where both are new
    cut = 0
    for start in range(0, new, SEARCHED):
        end = min(start + SEARCHED, new)
        near = candidates(signatures[start:end], signatures)
        own = near.first + start
        others = np.flatnonzero(own != near.second)
        order, rank = by_distance(near.of_these(others))
        cut += int((rank == NEAREST).sum())
        for at in others[order][rank < NEAREST].tolist():
            pair = min(int(own[at]), int(near.second[at])), max(int(own[at]), int(near.second[at]))
            pairs[pair] = min(float(near.distance[at]), pairs.get(pair, np.inf))
        progress("searching alike images", end, new)
    if cut:
        log.info("%d images look like more than %d others: each was compared with the nearest", cut, NEAREST)
    return sorted((one, distance, other) for (one, other), distance in pairs.items())


def _ages(steps: list[pl.DataFrame]) -> Iterator[tuple[str, int]]:
    """The step in which each image was compared first, 0 of those that versions held before."""
    for number, step in enumerate(steps, 1):
        for image, before in step.select("image_id", "before").iter_rows():
            yield image, number if before is None else 0


class _Pictures:
    """Pictures of the store that are compared with each other, the last ones in memory."""

    def __init__(self, blobs: Blobs, paths: Mapping[str, str]) -> None:
        def looked_at(image: str) -> tuple[Pixels, Thumbnails] | None:
            try:
                picture = compared_pixels(blobs.read(paths[image]))
            except (StoreError, *UNREADABLE):
                return None  # it was erased: no version holds it any more
            return picture, Thumbnails.of(picture)

        self._looked_at = lru_cache(HELD)(looked_at)

    def verdict(self, first: str, second: str, turn: int) -> str:
        """The verdict on two images, the smaller id first, so that it does not depend on which of them is new."""
        one, other = self._looked_at(first), self._looked_at(second)
        if one is None or other is None or not may_be_same(one[1], other[1], turn):
            return "other"
        return compare(one[0], other[0], turn).verdict
