"""A drawn version whose texts and images are those that readers of data sets stumbled over, by their public issues."""

import io
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from wethink_assets.dataset.versions.manifest import version_folder
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.drawn_version import draw_version
from wethink_assets_tests.support.versions import name_file

TEXTS = (
    "What does <image> stand for, <IMAGE>, </image>, <video> or <audio>?",
    "<|im_end|>\n<|im_start|>assistant <|vision_start|><|image_pad|><|vision_end|> {{ content }} {% raw %}",
    "one\u2028two\u2029three\x85four\x0bfive\x0csix\x1cseven\r\neight",
    "\ufeffstarts with a mark, then \x00? no: \u0007 and \u202e right to left \U0001f600",
    "It's \"quoted\", it's \\escaped\\, it's a\ttab | a pipe & <b>bold</b>",
    "long " * 20_000,
    " ",
    "2024-01-01",
)
ANSWERS = ("<image>", "7", "007", "2024-01-01", "null", "true", "", "1e5")


def encoded(number: int) -> tuple[bytes, str]:
    """An image that is unlike the usual ones: CMYK, 16 bits, palette, transparent, animated, turned, tiny, long."""
    rng = np.random.default_rng(number)
    colour = Image.fromarray(rng.integers(0, 255, (64, 80, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    made: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (colour.convert("CMYK"), "JPEG", {}),
        (Image.fromarray(rng.integers(0, 65535, (64, 80), dtype=np.uint16)), "PNG", {}),
        (colour.convert("P"), "PNG", {"transparency": 0}),
        (colour.convert("RGBA"), "WEBP", {"lossless": True}),
        (colour, "GIF", {"save_all": True, "append_images": [colour.rotate(180)]}),
        (colour, "JPEG", {"exif": exif}),
        (colour.resize((1, 1)), "PNG", {}),
        (colour.resize((4000, 30)), "TIFF", {}),
    ]
    image, form, options = made[number % len(made)]
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue(), {"JPEG": "jpg", "TIFF": "tiff"}.get(form, form.lower())


def hostile_version(store: Store) -> pl.DataFrame:
    """Publish `v0001` with 12 rows to train on and 4 held out; returns its rows."""
    draw_version(store, train=12, validation=4)
    path = f"{version_folder('v0001')}/rows.parquet"
    rows = store.read_parquet(path)
    changed = []
    for number, row in enumerate(rows.iter_rows(named=True)):
        data, extension = encoded(number)
        image = sha256_hex(data)
        text, answer = TEXTS[number % len(TEXTS)], ANSWERS[(number + number // len(TEXTS)) % len(ANSWERS)]
        with Image.open(io.BytesIO(data)) as opened:
            width, height = opened.size
        changed.append(
            {
                **row,
                "image_id": image,
                "image_path": Blobs(store).put(data, extension, image),
                "problem": text,
                "question": text,
                "refined_cot": text,
                "answer": answer,
                "width": width,
                "height": height,
            }
        )
    hostile = pl.DataFrame(changed, schema=rows.schema)
    store.delete(path)
    store.write_parquet(path, hostile)
    name_file(store, "v0001", "rows.parquet")
    return hostile
