"""Signatures of rows: what is small enough to hold for all rows, and tells which of them may be the same."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
from PIL import Image, UnidentifiedImageError

from wethink_assets.config.data import DedupSettings
from wethink_assets.dedup.methods import Comparison, method_suffix
from wethink_assets.dedup.texts import comparable_text, text_digest
from wethink_assets.errors import StoreError
from wethink_assets.stages.output import StageOutput, rejections
from wethink_assets.stages.schemas import SCHEMA_VERSION, SIGNATURES
from wethink_assets.stages.spec import BatchWork, Editing, Stage, every
from wethink_assets.storage.blobs import Blobs

DECODERS = min(8, 2 * (os.cpu_count() or 1))
CHUNK = 2_000  # rows whose shingles are in memory at once

UNREADABLE = (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError)


def sign_rows(
    reasoning_paths: pl.DataFrame,
    questions: pl.DataFrame,
    images: pl.DataFrame,
    blobs: Blobs,
    settings: DedupSettings | None = None,
) -> StageOutput:
    """Sign each row by the methods of `[dedup]`: by default MinHash of its text, perceptual hash and 16 x 16 pixels of its image.

    An image is read and decoded once for all its rows. Memory: the batch's rows plus one decoded image a thread.

    Args:
        reasoning_paths: results of that stage; its rows are the ones signed.
        questions: results of `questions`, for the text of each slot.
        images: results of `images`, for blob path and perceptual hash.
        blobs: where the image bytes lie.
        settings: which methods sign; the default ones without.

    Rejections: `no_question` and `no_image` when an upstream table lacks the row, `image_unreadable` when the
    blob is missing, altered or cannot be decoded (the detail says which).
    """
    comparison = Comparison.of(settings)
    rows = (
        reasoning_paths.select("slot", "row_id", "image_id")
        .join(questions.select("slot", "kind", "question", "options"), on="slot", how="left")
        .join(images.select("image_id", "blob").unique("image_id", keep="first"), on="image_id", how="left")
        .sort("slot")
    )
    lost = [
        {"item": slot, "stage": STAGE.name, "reason": reason, "detail": detail}
        for slot, reason, detail in _incomplete(rows)
    ]
    whole = rows.filter(pl.col("question").is_not_null() & pl.col("blob").is_not_null())
    shown = images.join(whole.select("image_id"), on="image_id", how="semi").unique("image_id", keep="first")
    signed_images, faults = _sign_images(shown, blobs, comparison)
    lost += [
        {"item": slot, "stage": STAGE.name, "reason": "image_unreadable", "detail": faults[image]}
        for slot, image in whole.select("slot", "image_id").iter_rows()
        if image in faults
    ]
    signed = whole.filter(~pl.col("image_id").is_in(list(faults)))
    none = signature_schema(comparison).to_frame()
    results = pl.concat([none, *(_signed(rows, signed_images, comparison) for rows in signed.iter_slices(CHUNK))])
    return StageOutput(results=results.sort("slot"), rejections=rejections(lost))


def _incomplete(rows: pl.DataFrame) -> Iterator[tuple[str, str, str]]:
    for slot, image, question, blob in rows.select("slot", "image_id", "question", "blob").iter_rows():
        if question is None:
            yield slot, "no_question", "the questions table has no such slot"
        elif blob is None:
            yield slot, "no_image", f"the images table has no image {image}"


def _sign_images(
    images: pl.DataFrame, blobs: Blobs, comparison: Comparison
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Signature columns by image id, and what was wrong with the images that have none."""
    rows = images.sort("image_id").to_dicts()
    signed: dict[str, dict[str, Any]] = {}
    faults: dict[str, str] = {}
    with ThreadPoolExecutor(DECODERS) as pool:
        for row, (columns, fault) in zip(
            rows, pool.map(lambda row: _sign_image(blobs, row, comparison), rows), strict=True
        ):
            if columns is None:
                faults[row["image_id"]] = fault
            else:
                signed[row["image_id"]] = columns
    return signed, faults


def _sign_image(blobs: Blobs, row: Mapping[str, Any], comparison: Comparison) -> tuple[dict[str, Any] | None, str]:
    path = row["blob"]
    try:
        return comparison.images.sign(blobs.read(path), row), ""
    except StoreError as error:
        # The detail is part of the table's identity, so it must not name where the store lies today.
        return None, f"{path} is missing" if "missing" in str(error) else f"{path} was altered"
    except UNREADABLE as error:
        return None, f"{path} cannot be decoded: {type(error).__name__}"


def signature_schema(comparison: Comparison) -> pl.Schema:
    """Columns of the table `signatures`; `stages.schemas.SIGNATURES` with the default methods."""
    ids = {"slot": pl.String(), "row_id": pl.String(), "image_id": pl.String()}
    return pl.Schema({**ids, **comparison.columns, "schema_version": pl.Int16()})


def _signed(rows: pl.DataFrame, images: Mapping[str, Mapping[str, Any]], comparison: Comparison) -> pl.DataFrame:
    texts = [comparable_text(q, options or []) for q, options in rows.select("question", "options").iter_rows()]
    digests = [text_digest(*row) for row in rows.select("kind", "question", "options").iter_rows()]
    columns = {name: [images[image][name] for image in rows["image_id"]] for name in comparison.images.columns}
    signature = pl.DataFrame(
        {**columns, "text_sha256": digests, **comparison.texts.sign(texts)}, schema=comparison.columns
    )
    return rows.select("slot", "row_id", "image_id").with_columns(
        *signature.get_columns(), pl.lit(SCHEMA_VERSION, dtype=pl.Int16).alias("schema_version")
    )


def _run(reasoning_paths: pl.DataFrame, questions: pl.DataFrame, images: pl.DataFrame, work: BatchWork) -> StageOutput:
    return sign_rows(reasoning_paths, questions, images, work.blobs, work.settings.dedup)


STAGE = Stage(
    name="signatures",
    description="MinHash of each row's text, perceptual hash and reduced pixels of its image: what duplicates are found by.",
    closes="Every reasoning path has a signature or a rejection, never both.",
    reads=("reasoning_paths", "questions", "images"),
    run=_run,
    item="slot",
    expected=every("slot"),
    schema=SIGNATURES,
    logic_version="3",
    logic_changes={"2": "superscripts tell questions apart", "3": "images are signed as models are shown them"},
    variant=lambda settings: method_suffix(settings.dedup),
    group="versions",
    editing=Editing(columns=(), adds=False),
)
