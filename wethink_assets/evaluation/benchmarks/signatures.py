"""Signatures of a benchmark's rows: what is compared with a dataset's, so that no question or image of it is trained on.

The signatures are those by which rows are searched for duplicates (`dedup.row_index.COLUMNS`), so a benchmark's rows go into the same index.
"""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
from PIL import Image as Pixels
from rensa import RMinHash

from wethink_assets.config import Settings
from wethink_assets.dedup.pixels import reduced_pixels
from wethink_assets.dedup.row_index import COLUMNS
from wethink_assets.dedup.signatures import DECODERS, MINHASH_SEED, PERMUTATIONS, UNREADABLE
from wethink_assets.dedup.texts import answer_key, comparable_text, shingles, text_digest
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile, benchmarks_of, file_of, rows_of, signature_path
from wethink_assets.evaluation.benchmarks.tsv import images_of
from wethink_assets.models.chat import Image
from wethink_assets.registries import BENCHMARK_FORMS
from wethink_assets.sources.images.perceptual_hash import perceptual_hash
from wethink_assets.storage.store import Store

SIGNED = pl.Schema({"benchmark": pl.String(), "index": pl.String(), **COLUMNS, "unreadable": pl.Boolean()})
Progress = Callable[[int, int], None]


def sign_file(store: Store, file: BenchmarkFile, progress: Progress | None = None) -> pl.DataFrame:
    """Signatures of a file's rows (schema `SIGNED`, one row per image), kept in the store by the file's md5 and made once."""
    path = signature_path(file)
    if store.exists(path):
        return store.read_parquet(path)
    frame = sign_rows(file, progress)
    store.write_parquet(path, frame)
    return frame


def sign_present(store: Store, settings: Settings) -> None:
    """Sign the files of all real benchmarks that are there and not signed yet: before a cut, so that it is held against them."""
    for benchmark in benchmarks_of(settings).values():
        if not benchmark.sample and (file := file_of(settings, benchmark)).usable:
            sign_file(store, file)


def sign_rows(file: BenchmarkFile, progress: Progress | None = None) -> pl.DataFrame:
    """Sign all rows of a file. An image that cannot be decoded keeps its digest, with nothing else to compare."""
    rows = rows_of(file.path)
    signed: list[dict[str, Any]] = []
    with ThreadPoolExecutor(DECODERS) as pool:
        for done, parts in enumerate(pool.map(lambda row: _signed(file, row), rows.iter_rows(named=True)), 1):
            signed += parts
            if progress:
                progress(done, rows.height)
    return pl.DataFrame(signed, schema=SIGNED, orient="row")


def _signed(file: BenchmarkFile, row: dict[str, Any]) -> list[dict[str, Any]]:
    form = BENCHMARK_FORMS[file.benchmark.form]
    options = list(form.shown_options(row).values())
    kind, question = form.question_kind(row), str(row.get("asked") or row["question"])
    text = comparable_text(question, options)
    signature = {
        "benchmark": file.benchmark.key,
        "index": row["index"],
        "kind": kind,
        "text_sha256": text_digest(kind, question, options),
        "minhash": RMinHash.digests_from_token_sets([shingles(text)], PERMUTATIONS, MINHASH_SEED)[0],
        "answer_key": answer_key(kind, form.reference(row), options),
    }
    return [{**signature, **_image_signature(image)} for image in images_of(file.path, row)]


def _image_signature(image: Image) -> dict[str, Any]:
    data = image.read()
    try:
        with Pixels.open(io.BytesIO(data)) as picture:
            phash = perceptual_hash(picture.convert("L"))
        return {"image_id": image.sha256, "phash": phash, "pixels": reduced_pixels(data), "unreadable": False}
    except UNREADABLE:
        return {"image_id": image.sha256, "phash": "0" * 16, "pixels": bytes(768), "unreadable": True}
