"""Signatures of rows: what is small enough to hold for all rows, and says which of them may be the same."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import polars as pl
from PIL import Image, UnidentifiedImageError
from rensa import RMinHash

from wethink_assets.dedup.pixels import reduced_pixels
from wethink_assets.dedup.texts import comparable_text, shingles, text_digest
from wethink_assets.errors import StoreError
from wethink_assets.stages.output import StageOutput, rejections
from wethink_assets.stages.schemas import SCHEMA_VERSION, SIGNATURES
from wethink_assets.storage.blobs import Blobs

ITEM = "slot"
LOGIC_VERSION = "1"
PERMUTATIONS = 64
MINHASH_SEED = 42
DECODERS = min(8, 2 * (os.cpu_count() or 1))
CHUNK = 2_000  # rows whose shingles are in memory at once

UNREADABLE = (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError)


def expected_items(reasoning_paths: pl.DataFrame) -> pl.Series:
    """Slots that the stage must account for: those of the reasoning paths."""
    return reasoning_paths.get_column(ITEM)


def sign_rows(
    reasoning_paths: pl.DataFrame, questions: pl.DataFrame, images: pl.DataFrame, blobs: Blobs
) -> StageOutput:
    """Sign each row: MinHash and digest of its text, perceptual hash and 16 x 16 pixels of its image.

    An image is read and decoded once for all its rows. Memory: the batch's rows plus one decoded image a thread.

    Args:
        reasoning_paths: results of that stage; its rows are the ones signed.
        questions: results of `questions`, for the text of each slot.
        images: results of `images`, for blob path and perceptual hash.
        blobs: where the image bytes lie.

    Rejections: `no_question` and `no_image` when an upstream table lacks the row, `image_unreadable` when the
    blob is missing, altered or cannot be decoded (the detail says which).
    """
    rows = (
        reasoning_paths.select("slot", "row_id", "image_id")
        .join(questions.select("slot", "kind", "question", "options"), on="slot", how="left")
        .join(images.select("image_id", "blob", "phash").unique("image_id", keep="first"), on="image_id", how="left")
        .sort("slot")
    )
    lost = [
        {"item": slot, "stage": "signatures", "reason": reason, "detail": detail}
        for slot, reason, detail in _incomplete(rows)
    ]
    whole = rows.filter(pl.col("question").is_not_null() & pl.col("blob").is_not_null())
    pixels, faults = _decode(whole, blobs)
    lost += [
        {"item": slot, "stage": "signatures", "reason": "image_unreadable", "detail": faults[image]}
        for slot, image in whole.select("slot", "image_id").iter_rows()
        if image in faults
    ]
    signed = whole.filter(~pl.col("image_id").is_in(list(faults)))
    results = pl.concat([_signed(chunk, pixels) for chunk in signed.iter_slices(CHUNK)] or [SIGNATURES.to_frame()])
    return StageOutput(results=results.sort("slot"), rejections=rejections(lost))


def _incomplete(rows: pl.DataFrame) -> Iterator[tuple[str, str, str]]:
    for slot, image, question, blob in rows.select("slot", "image_id", "question", "blob").iter_rows():
        if question is None:
            yield slot, "no_question", "the questions table has no such slot"
        elif blob is None:
            yield slot, "no_image", f"the images table has no image {image}"


def _decode(rows: pl.DataFrame, blobs: Blobs) -> tuple[dict[str, bytes], dict[str, str]]:
    """Reduced pixels by image id, and what was wrong with the images that have none."""
    wanted = rows.select("image_id", "blob").unique("image_id", keep="first").sort("image_id").rows()
    pixels: dict[str, bytes] = {}
    faults: dict[str, str] = {}
    with ThreadPoolExecutor(DECODERS) as pool:
        for image, (reduced, fault) in zip(
            (image for image, _ in wanted), pool.map(lambda row: _reduce(blobs, row[1]), wanted), strict=True
        ):
            if reduced is None:
                faults[image] = fault
            else:
                pixels[image] = reduced
    return pixels, faults


def _reduce(blobs: Blobs, path: str) -> tuple[bytes | None, str]:
    try:
        return reduced_pixels(blobs.read(path)), ""
    except StoreError as error:
        # The detail is part of the table's identity, so it must not name where the store lies today.
        return None, f"{path} is missing" if "missing" in str(error) else f"{path} was altered"
    except UNREADABLE as error:
        return None, f"{path} cannot be decoded: {type(error).__name__}"


def _signed(rows: pl.DataFrame, pixels: dict[str, bytes]) -> pl.DataFrame:
    texts = [comparable_text(q, options or []) for q, options in rows.select("question", "options").iter_rows()]
    minhashes = RMinHash.digests_from_token_sets([shingles(text) for text in texts], PERMUTATIONS, MINHASH_SEED)
    digests = [text_digest(*row) for row in rows.select("kind", "question", "options").iter_rows()]
    return rows.select(
        "slot",
        "row_id",
        "image_id",
        "phash",
        pl.Series("pixels", [pixels[image] for image in rows["image_id"]], dtype=pl.Binary),
        pl.Series("text_sha256", digests, dtype=pl.String),
        pl.Series("minhash", minhashes, dtype=pl.List(pl.UInt32)),
        pl.lit(SCHEMA_VERSION, dtype=pl.Int16).alias("schema_version"),
    ).match_to_schema(SIGNATURES)
