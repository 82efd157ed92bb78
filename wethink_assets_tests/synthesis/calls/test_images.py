"""What a model gets to see of an image in each form that ingestion accepts."""

import io
from typing import Any

import pytest
from PIL import Image as Pixels

from wethink_assets.models.chat import Image
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.calls.images import picture, within

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def halves(mode: str = "RGB") -> Pixels.Image:
    """Left half red, right half blue."""
    image = Pixels.new("RGB", (64, 32), RED)
    image.paste(BLUE, (32, 0, 64, 32))
    return image.convert(mode)


def seen(store: Store, data: bytes, **row: Any) -> tuple[Image, bytes]:
    blob = Blobs(store).put(data, "bin")
    told = {"image_id": "i", "blob": blob, "format": "PNG", "mode": "RGB", "orientation": 1, "frames": 1}
    image = picture(told | row, Blobs(store))
    return image, image.read()


def encoded(image: Pixels.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("form", "media"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_plain_images_go_as_they_are(store: Store, form: str, media: str) -> None:
    data = encoded(halves(), form)
    image, sent = seen(store, data, format=form)
    assert sent == data and image.media_type == media and image.sha256 == "i"


@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("PNG", "P", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "LA", {}),
        ("GIF", "P", {"save_all": True, "append_images": [Pixels.new("P", (64, 32))]}),
        ("TIFF", "RGB", {}),
        ("TIFF", "CMYK", {}),
        ("JPEG", "CMYK", {}),
        ("PNG", "1", {}),
    ],
)
def test_others_go_as_opaque_rgb_png(store: Store, form: str, mode: str, options: dict[str, Any]) -> None:
    image, sent = seen(
        store, encoded(halves(mode), form, **options), format=form, mode=mode, frames=2 if options else 1
    )
    with Pixels.open(io.BytesIO(sent)) as shown:
        assert (image.media_type, shown.format, shown.mode, shown.size) == ("image/png", "PNG", "RGB", (64, 32))
        if mode not in ("LA", "1"):
            left, right = shown.getpixel((8, 8)), shown.getpixel((56, 8))
            assert isinstance(left, tuple) and isinstance(right, tuple)
            assert left[0] > 180 > left[2] and right[2] > 180 > right[0]


def test_orientation_is_applied(store: Store) -> None:
    exif = Pixels.Exif()
    exif[0x0112] = 3  # upside down
    _, sent = seen(store, encoded(halves(), "JPEG", exif=exif, quality=95), format="JPEG", orientation=3)
    with Pixels.open(io.BytesIO(sent)) as shown:
        left = shown.getpixel((8, 8))
        assert isinstance(left, tuple) and left[2] > 200 > left[0], "blue is left once it is upright"


def test_what_is_transparent_becomes_white_and_16_bit_grey_keeps_its_range(store: Store) -> None:
    clear = Pixels.new("RGBA", (32, 32), (*BLUE, 0))
    _, sent = seen(store, encoded(clear, "PNG"), mode="RGBA")
    with Pixels.open(io.BytesIO(sent)) as shown:
        assert shown.getpixel((5, 5)) == WHITE
    for mode, form, value in (("I;16", "PNG", 32768), ("I", "TIFF", 32768), ("F", "TIFF", 128.0)):
        grey = Pixels.new(mode, (32, 32), value)
        _, sent = seen(store, encoded(grey, form), mode=mode, format=form)
        with Pixels.open(io.BytesIO(sent)) as shown:
            assert shown.getpixel((5, 5)) == (128, 128, 128)


def photograph(width: int, height: int) -> bytes:
    """A JPEG of noise, which hardly compresses."""
    return encoded(Pixels.effect_noise((width, height), 90).convert("RGB"), "JPEG", quality=95)


def sized(store: Store, data: bytes, **row: Any) -> Image:
    with Pixels.open(io.BytesIO(data)) as image:
        width, height = image.size
        form = image.format
    return seen(store, data, format=form, width=width, height=height, bytes=len(data), **row)[0]


def test_an_image_is_sent_within_the_bound_of_its_role(store: Store) -> None:
    data = photograph(800, 600)
    image = sized(store, data)
    smaller = within(image, 120_000, 0)
    with Pixels.open(io.BytesIO(smaller.read())) as sent:
        assert (sent.size, sent.format, smaller.media_type) == ((400, 300), "JPEG", "image/jpeg")
    light = within(image, 0, 30_000)
    assert len(light.read()) <= 30_000 < len(data) and light.media_type == "image/jpeg"
    assert len({image.sha256, smaller.sha256, light.sha256, within(image, 60_000, 0).sha256}) == 4
    assert smaller.read() == within(image, 120_000, 0).read()


def test_an_image_within_the_bound_is_itself(store: Store) -> None:
    data = photograph(80, 60)
    image = sized(store, data)
    assert within(image, 0, 0) is within(image, 4_800, len(data)) is image
    assert image.read() == data


def test_drawings_stay_free_of_loss_and_sides_are_those_upright(store: Store) -> None:
    drawing = within(sized(store, encoded(halves("RGBA"), "PNG"), mode="RGBA"), 512, 0)
    with Pixels.open(io.BytesIO(drawing.read())) as sent:
        assert (sent.size, sent.format, sent.getpixel((2, 2))) == ((32, 16), "PNG", RED)
    turned = Pixels.Exif()
    turned[0x0112] = 6
    data = encoded(halves(), "JPEG", exif=turned)
    with Pixels.open(io.BytesIO(within(sized(store, data, orientation=6), 512, 0).read())) as sent:
        assert sent.width < sent.height and sent.width * sent.height <= 512
