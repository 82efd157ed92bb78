"""Every consumer of images sees the same pixels, in every mode and format that ingestion accepts."""

import asyncio
import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from PIL import Image as Pixels
from PIL import ImageCms

from wethink_assets.dataset.browse.images import page_image
from wethink_assets.dataset.exports.pictures import ImageOptions, picture_of
from wethink_assets.dedup.perceptual_hash import sign
from wethink_assets.dedup.pixels import SIDE, reduced_pixels
from wethink_assets.defs.metadata.previews import thumbnail
from wethink_assets.evaluation.benchmarks.tsv import images_of, read_tsv
from wethink_assets.models.chat import Completion, Image, Message, Sampling
from wethink_assets.models.embedded.engine import model_view
from wethink_assets.models.embedded.vision import SIDE as MODEL_SIDE
from wethink_assets.models.embedded.vision import square_view
from wethink_assets.models.endpoint.client import EndpointModel
from wethink_assets.sources.images.value_ranges import value_range
from wethink_assets.sources.images.view import as_shown, grey_view, open_image, shows_itself, view
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.images import picture, within
from wethink_assets_tests.support.http_servers import Endpoint, asked, reply
from wethink_assets_tests.support.image_encodings import facts
from wethink_assets_tests.support.image_modes import (
    COLOURED,
    EVERY,
    FAITHFUL,
    GREY,
    GREYS,
    PICTURE,
    VALUES,
    decoded,
    matrix_profile,
)
from wethink_assets_tests.support.images import encoded

TYPES = ("image/jpeg", "image/png", "image/webp")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A local one: where the bytes lie changes nothing of what they show."""
    return Store.open(str(tmp_path / "store"))


def reduced(image: Pixels.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB").resize((SIDE, SIDE), Pixels.Resampling.BOX), np.float32)


def difference(one: Pixels.Image, other: Pixels.Image) -> float:
    return float(np.abs(reduced(one) - reduced(other)).mean())


def row_of(store: Store, data: bytes) -> dict[str, Any]:
    """The row of the images table that ingestion makes of a file."""
    found = facts(data)
    blob = Blobs(store).put(data, found.extension)
    names = ("format", "mode", "orientation", "frames", "width", "height", "phash")
    return {"image_id": "i", "blob": blob, "bytes": len(data), **{name: getattr(found, name) for name in names}}


@pytest.mark.parametrize("name", COLOURED)
def test_colours_are_those_that_were_drawn(name: str) -> None:
    seen = view(COLOURED[name])
    if "turned" in name:
        turn = int(name.rpartition(" ")[2])
        turns = {
            2: "FLIP_LEFT_RIGHT",
            3: "ROTATE_180",
            4: "FLIP_TOP_BOTTOM",
            5: "TRANSPOSE",
            6: "ROTATE_270",
            7: "TRANSVERSE",
            8: "ROTATE_90",
        }
        assert seen.size == ((48, 64) if turn > 4 else (64, 48))
        assert difference(seen, PICTURE.transpose(Pixels.Transpose[turns[turn]])) < 1.5
        assert difference(seen, PICTURE) > 5
    else:
        assert (seen.mode, seen.size) == ("RGB", PICTURE.size) and difference(seen, PICTURE) < (
            4 if "palette" in name or name == "gif" else 1.5
        )


@pytest.mark.parametrize("name", GREYS)
def test_greys_keep_their_brightness_in_whatever_container_they_lie(name: str) -> None:
    assert difference(view(GREYS[name]), GREY) < (12 if "1 bit" in name else 1)


def test_a_file_that_every_decoder_reads_alike_is_sent_as_it_is() -> None:
    for name, data in EVERY.items():
        form, shown = as_shown(data, TYPES)
        assert (shown == data) == (name in FAITHFUL or name == "progressive jpeg"), name
        assert decoded(shown).size == view(data).size and form in TYPES


def test_what_an_endpoint_is_sent_shows_the_view(store: Store, tmp_path: Path) -> None:
    pictures: dict[str, Image] = {name: picture(row_of(store, data), Blobs(store)) for name, data in EVERY.items()}
    lines = [f"{number}\t{base64.b64encode(data).decode()}\t?\t" for number, data in enumerate(EVERY.values())]
    table = tmp_path / "benchmark.tsv"
    table.write_text("\n".join(["index\timage\tquestion\tanswer", *lines]) + "\n")
    for name, row in zip(EVERY, read_tsv(table).iter_rows(named=True), strict=True):
        pictures[f"benchmark: {name}"] = images_of(table, row)[0]
    for name in FAITHFUL:
        pictures[f"within: {name}"] = within(pictures[name], 2_000, 0)

    async def ask(model: EndpointModel, endpoint: Endpoint) -> list[Completion]:
        asking = [
            model.chat([Message("user", name, (Image(name, image.media_type, image.read),))], sampling=Sampling())
            for name, image in pictures.items()
        ]
        return await asyncio.gather(*asking)

    async def answer(request: web.Request, body: dict[str, Any]) -> web.Response:
        return reply("seen")

    replies, endpoint = asked(answer, ask, timeout=120)
    assert len(replies) == len(endpoint.requests) == len(pictures)
    for request in endpoint.requests:
        image, text = request["messages"][0]["content"]
        address, _, content = image["image_url"]["url"].partition(";base64,")
        sent = base64.b64decode(content)
        name = text["text"].rpartition(": ")[2]
        assert address == f"data:image/{(Pixels.open(io.BytesIO(sent)).format or '').lower()}"
        assert difference(decoded(sent), view(EVERY[name])) < 1, text
        assert sent == EVERY[name] or name not in FAITHFUL or "within" in text["text"]


@pytest.mark.parametrize("name", EVERY)
def test_whoever_shows_an_image_shows_its_view(name: str, store: Store) -> None:
    data = EVERY[name]
    seen = view(data)
    row = row_of(store, data)
    assert (row["width"], row["height"]) == seen.size
    small = np.asarray(model_view(data), np.float32)
    assert np.abs(small - np.asarray(square_view(seen), np.float32)).mean() < 1 and len(small) == MODEL_SIDE
    lossy = 12 if "1 bit" in name else 1  # single dots survive neither a JPEG nor another size
    assert difference(decoded(base64.b64decode(thumbnail(data).partition(",")[2])), seen) < lossy
    assert difference(decoded(page_image(store, row["blob"], 1600).data), seen) < 1
    assert difference(decoded(picture_of("i", data).data), seen) < 1
    assert difference(decoded(picture_of("i", data, ImageOptions(max_side=40)).data), seen) < 3 * lossy
    assert np.abs(np.frombuffer(reduced_pixels(data), np.uint8).reshape(SIDE, SIDE, 3) - reduced(seen)).mean() < 1
    assert difference(grey_view(data), seen.convert("L")) < 1


@pytest.mark.parametrize("name", EVERY)
def test_a_file_has_one_signature_as_a_source_and_as_a_benchmark(name: str, store: Store) -> None:
    row = row_of(store, EVERY[name])
    assert sign(EVERY[name], row) == sign(EVERY[name], {})
    with open_image(EVERY[name]) as opened:
        kept = shows_itself(opened)  # of another the hash of the table may be that of another view
    assert sign(EVERY[name], {**row, "phash": "0" * 16})["phash"] == ("0" * 16 if kept else row["phash"])


def test_a_profile_is_applied_as_the_library_of_colours_does() -> None:
    profile = matrix_profile()
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    applied = ImageCms.profileToProfile(PICTURE, opened, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert applied is not None and difference(applied, PICTURE) > 3
    assert np.array_equal(np.asarray(view(encoded(PICTURE, "PNG", icc_profile=profile))), np.asarray(applied))


def test_what_is_encoded_from_a_view_carries_no_profile() -> None:
    shown = as_shown(EVERY["png in a wide space"], TYPES)[1]
    assert "icc_profile" not in Pixels.open(io.BytesIO(shown)).info


@pytest.mark.filterwarnings("error")
def test_values_that_are_no_numbers_are_shown_without_a_word() -> None:
    bits = np.full((8, 8), 0.5, np.float32).view(np.uint32)
    bits[0] = (0x7F800001, 0x7FC00000, 0x7F800000, 0xFF800000) * 2  # signalling and quiet NaN, both infinities
    buffer = io.BytesIO()
    Pixels.frombytes("F", (8, 8), bits.tobytes()).save(buffer, "TIFF")
    assert view(buffer.getvalue()).getpixel((0, 7)) == (128, 128, 128)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (VALUES.astype(np.uint16) * 257, (0, 65535)),
        (VALUES.astype(np.uint16) * 16, (0, 4095)),
        (VALUES.astype(np.uint16), (0, 255)),
        (VALUES.astype(np.uint16) // 8, (6, 26)),
        (np.full((40, 40), 500, np.uint16), (0, 1023)),
        (np.full((40, 40), 0.25, np.float32), (0, 1)),
        (np.linspace(0, 0.2, 1600, dtype=np.float32).reshape(40, 40), (0, 0.2)),
        (np.linspace(-2, 2, 1600, dtype=np.float32).reshape(40, 40), (-2, 2)),
        (np.linspace(0, 7, 1600, dtype=np.float32).reshape(40, 40), (0, 7)),
        (np.full((40, 40), np.nan, np.float32), (0, 1)),
    ],
)
def test_the_range_of_values(values: np.ndarray, expected: tuple[float, float]) -> None:
    assert value_range(Pixels.fromarray(values)) == pytest.approx(expected, abs=2)
