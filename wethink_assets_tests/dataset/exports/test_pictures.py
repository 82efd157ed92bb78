"""Images of exports: bytes as they are where every reader decodes them alike, else upright and still, and scaled where asked."""

import io

import pytest
from PIL import Image

from wethink_assets.dataset.exports.pictures import ImageOptions, image_mode, picture_of
from wethink_assets.errors import UnknownName, VersionError
from wethink_assets_tests.support.images import drawing

IMAGE_ID = "ab" * 32


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def test_a_plain_image_goes_out_as_it_is() -> None:
    data = drawing(1)
    picture = picture_of(IMAGE_ID, data)
    assert picture.data == data and picture.name == f"ab/{IMAGE_ID}.png"


def test_a_turned_photograph_is_made_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = picture_of(IMAGE_ID, encoded(Image.new("RGB", (60, 40), "red"), "JPEG", exif=exif))
    shown = Image.open(io.BytesIO(picture.data))
    assert shown.size == (40, 60) == (picture.width, picture.height)
    assert shown.getexif().get(0x0112, 1) == 1


def test_an_animation_is_its_first_frame() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    picture = picture_of(IMAGE_ID, encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    shown = Image.open(io.BytesIO(picture.data))
    assert picture.extension == "png" and getattr(shown, "n_frames", 1) == 1
    assert shown.convert("RGB").getpixel((5, 5)) == (255, 0, 0)


def test_what_shows_through_is_laid_on_white() -> None:
    picture = picture_of(IMAGE_ID, encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG"))
    assert Image.open(io.BytesIO(picture.data)).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (ImageOptions(max_side=100), (100, 50)),
        (ImageOptions(max_pixels=5000), (100, 50)),
        (ImageOptions(max_side=500), (200, 100)),
    ],
)
def test_an_image_is_scaled_as_asked(options: ImageOptions, size: tuple[int, int]) -> None:
    for form, extension in (("PNG", "png"), ("JPEG", "jpg")):
        picture = picture_of(IMAGE_ID, encoded(Image.new("RGB", (200, 100), "green"), form), options)
        assert (picture.width, picture.height) == size and picture.extension == extension


def test_what_is_no_image_is_named() -> None:
    with pytest.raises(VersionError, match=f"image {IMAGE_ID} cannot be decoded"):
        picture_of(IMAGE_ID, b"no image")


def test_an_unknown_form_of_images_is_named() -> None:
    with pytest.raises(UnknownName, match="known: files, embedded"):
        image_mode("folder")
