"""View of an image: the pixels that endpoints, the embedded model, training, duplicates, benchmarks, previews, pages and exports see of a file.

The view is the first picture, upright, opaque on white, 8 bits a channel, in sRGB. Whoever needs pixels of a file takes them from here:

- orientation by EXIF, or by XMP where there is no EXIF;
- transparency (alpha, or a colour of the palette or of the picture that a file calls transparent) laid on white;
- 16-bit, 32-bit and float values, of one channel or several, scaled by their range (`value_range`): 12 bits in a container of 16 are not black;
- CMYK, LAB and YCbCr by their definition;
- colours by the ICC profile that came with them, unless it says the same as sRGB, cannot be read, or is of another kind of colours.
"""

import fcntl
import io
import struct
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from wethink_assets.sources.images.deep_colours import DeepColours, by_range, is_dark
from wethink_assets.sources.images.formats import ImageFormat, format_of
from wethink_assets.sources.images.value_ranges import STRIP, scaled, value_range

__all__ = [
    "VIEW",
    "as_shown",
    "grey_view",
    "open_image",
    "orientation_of",
    "rgb",
    "shows_itself",
    "take_turns_by",
    "upright",
    "view",
]

VIEW = 3
"""Version of the view: what was signed by another one is signed anew. The first was no one view; the second had the upper 8 bits of deep colours."""
_DEEP = "deep colours"
PLAIN_MODES = {"RGB", "L"}
"""Modes of files that every decoder reads alike."""
ORIENTATION = 0x0112
LARGE_PIXELS = 2**23
"""Pictures with more pixels are converted in strips, and decoded one at a time: conversions hold copies of 4 bytes a pixel."""
LONGEST_PROFILE = 2**22
"""Bytes of an ICC profile, at most: printers' have 2 MB."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}


class _Turns:
    """A lock that threads take in turns, as often as they like, and that processes do which were given the same file to lock."""

    def __init__(self) -> None:
        self.file = -1
        self._lock = threading.RLock()
        self._depth = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1
        if self._depth == 1 and self.file >= 0:
            fcntl.lockf(self.file, fcntl.LOCK_EX)  # a process that is killed has it no more

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if not self._depth and self.file >= 0:
            fcntl.lockf(self.file, fcntl.LOCK_UN)
        self._lock.release()


_one_large_at_a_time = _Turns()


def take_turns_by(file: int) -> None:
    """Have large images decoded one at a time by all processes that have the same file open (its descriptor)."""
    _one_large_at_a_time.file = file


def open_image(data: bytes) -> Image.Image:
    """An image file, opened at its first picture by the format that its bytes are of; not decoded yet.

    Raises `OSError`, `ValueError` or `SyntaxError` for bytes that are no image, `Image.DecompressionBombError` for one of too many pixels.
    """
    known = format_of(data)
    if known is None:
        return Image.open(io.BytesIO(data))
    known.prepare()
    deep = _deep_colours(known, data)
    try:
        image = Image.open(io.BytesIO(data), formats=known.opened_as or [known.name])
    except UnidentifiedImageError:
        if deep is None:
            raise
        return _opened_by_values(deep, known.name)
    if deep is not None and deep.channels > 1 and deep.fits:
        image.info[_DEEP] = deep
    return image


def _deep_colours(known: ImageFormat, data: bytes) -> DeepColours | None:
    try:
        return known.deep(data)
    except (struct.error, IndexError, OverflowError):  # a damaged header, of which the decoder says more
        return None


def _opened_by_values(deep: DeepColours, name: str) -> Image.Image:
    """A picture that Pillow does not open, of 8 bits by the range of its values."""
    if not deep.fits:
        raise Image.DecompressionBombError(f"{deep.width} x {deep.height} pixels of {8 * deep.sample} bits a value")
    image = by_range(deep)
    image.format = name
    return image


def view(data: bytes, side: int = 0) -> Image.Image:
    """The view of an image file, of mode `RGB`; with `side`, a JPEG is decoded no larger than needed for sides of that length.

    Raises `OSError`, `ValueError`, `SyntaxError` or `Image.DecompressionBombError` where it cannot be decoded.
    """
    with open_image(data) as image:
        if side:
            decode_smaller(image, side)
        with exclusively(image):
            picture = upright(rgb(image), orientation_of(image))
    picture = picture.copy() if picture is image else picture
    picture.info = {}  # encoders write what is there: the profile that was applied, comments
    return picture


def as_shown(data: bytes, media_types: tuple[str, ...]) -> tuple[str, bytes]:
    """Media type and bytes of an image for a decoder that reads some types: the file itself where it shows its view, else its view as PNG.

    Raises what `view` raises.
    """
    known = format_of(data)
    if known is not None and known.sent_as in media_types:
        with open_image(data) as image:
            still = known.sent_as == "image/jpeg" or getattr(image, "n_frames", 1) == 1
            if still and shows_itself(image):
                return known.sent_as, data
    buffer = io.BytesIO()
    view(data).save(buffer, "PNG", compress_level=1)
    return "image/png", buffer.getvalue()


def shows_itself(image: Image.Image) -> bool:
    """Whether every decoder sees in an opened file what its view shows: no turning, no transparency, no odd mode, no colours of their own."""
    return (
        image.mode in PLAIN_MODES
        and not image.has_transparency_data
        and orientation_of(image) == 1
        and _profile_of(image) is None
        and _DEEP not in image.info
    )


def orientation_of(image: Image.Image) -> int:
    """Orientation of an opened image, 1 to 8. After decoding it is what is left to be turned: some formats turn themselves.

    A PNG is decoded by it, and raises what that does.
    """
    if image.format in ("JPEG", "MPO") and not ("exif" in image.info or "xmp" in image.info):
        return 1  # looking into what is not there costs a tenth of the whole examination
    if image.format == "PNG":
        with exclusively(image):
            image.load()  # `getexif` would, since EXIF may follow the picture; what is wrong with that is told once
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # EXIF that is no EXIF raises what it likes; the picture is as good as without
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    """A picture turned as its orientation says."""
    return picture.transpose(TURNS[orientation]) if orientation in TURNS else picture


def decode_smaller(image: Image.Image, side: int) -> tuple[float, float, float, float] | None:
    """Have an opened JPEG decoded no larger than needed for sides of that length; the box of the picture in what
    is decoded, None where nothing changes.

    Other formats would show a thumbnail that came with the file, which need not be of the picture.
    """
    reduced = image.draft("RGB", (side, side)) if image.format in ("JPEG", "MPO") else None
    return reduced[1] if reduced else None


def exclusively(image: Image.Image) -> Any:
    """Context in which a large image is decoded alone, so that threads do not add up their memory."""
    return _one_large_at_a_time if image.width * image.height > LARGE_PIXELS else nullcontext()


def rgb(image: Image.Image) -> Image.Image:
    """Pixels of an opened image as its view has them, not turned: the one conversion of every mode to `RGB`."""
    image.load()
    image = _in_eight_bits(image)
    convert = _conversion_of(image)
    if convert is None:
        return image if image.mode == "RGB" else image.convert("RGB")
    return _in_strips(image, "RGB", convert)


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """A decoded picture itself, or, of deep colours that are dark in their upper 8 bits, what their values show."""
    deep = image.info.get(_DEEP)
    if deep is None or not is_dark(image):
        return image
    shown = by_range(deep)
    shown.info = image.info | {_DEEP: None}
    shown.info.pop("transparency", None)  # its values came with an alpha for it
    return shown


def grey_view(data_or_image: bytes | Image.Image) -> Image.Image:
    """The view of a file, or of one that was opened, of mode `L`: what perceptual hashes are made of.

    Of a plain JPEG the stored luminance is taken: its whole stream is decoded and checked all the same, and only the conversion of colours is spared.
    """
    image = open_image(data_or_image) if isinstance(data_or_image, bytes) else data_or_image
    luminance = image.mode in PLAIN_MODES and image.format in ("JPEG", "MPO") and _profile_of(image) is None
    if luminance:
        image.draft("L", image.size)
    with exclusively(image):
        image.load()
        shown = _in_eight_bits(image)
        convert = None if luminance else _conversion_of(shown)
        grey = shown if convert is None and shown.mode == "L" else _in_strips(shown, "L", convert or _plain_grey)
        return upright(grey, orientation_of(image))


def _plain_grey(part: Image.Image) -> Image.Image:
    return part.convert("RGB") if part.mode in ("CMYK", "HSV") else part


def _in_strips(image: Image.Image, mode: str, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    width, height = image.size
    if width * height <= LARGE_PIXELS:
        return convert(image).convert(mode)
    whole = Image.new(mode, image.size)
    for top in range(0, height, STRIP):
        strip = image.crop((0, top, width, min(top + STRIP, height)))
        whole.paste(convert(strip).convert(mode), (0, top))
    return whole


@dataclass(frozen=True, slots=True)
class _Conversion:
    """Conversion of a picture, or of a strip of it, to RGB, where that takes more than a change of mode.

    bounds: values that become black and white, where pixels have more than 8 bits; transparent: the colour that is, where one is; alpha: whether
    parts of the picture are transparent at all; transform, space: colours by their profile, of pictures of that mode.
    """

    bounds: tuple[float, float] | None
    alpha: bool
    transform: ImageCms.ImageCmsTransform | None
    space: str

    def __call__(self, part: Image.Image) -> Image.Image:
        mask = None
        if self.bounds is not None:
            values = np.asarray(part)
            if self.alpha and isinstance(hidden := part.info.get("transparency"), int):
                mask = Image.fromarray(np.where(values == hidden, 0, 255).astype(np.uint8))
            part = Image.fromarray(scaled(values, *self.bounds))
        elif self.alpha:
            part = part.convert("RGBA")
            mask = part.getchannel("A")
        if self.transform is not None:
            colours = part if part.mode == self.space else part.convert("RGB").convert(self.space)
            part = ImageCms.applyTransform(colours, self.transform) or colours
        if mask is None:
            return part.convert("RGB")
        part = part.convert("RGBA")
        part.putalpha(mask)
        return Image.alpha_composite(Image.new("RGBA", part.size, "white"), part).convert("RGB")


def _conversion_of(image: Image.Image) -> _Conversion | None:
    """Conversion that a decoded image needs; None where a change of its mode does."""
    bounds = value_range(image) if _is_wide(image) else None
    profile = _profile_of(image)
    alpha = image.has_transparency_data
    if bounds is None and profile is None and not alpha:
        return None
    if alpha and isinstance(colour := image.info.get("transparency"), tuple) and max(colour) > 255:
        image.info["transparency"] = tuple(value >> 8 for value in colour)  # of a picture of 16 bits, read with 8
    transform, space = profile or (None, "")
    return _Conversion(bounds, alpha, transform, space)


def _is_wide(image: Image.Image) -> bool:
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _profile_of(image: Image.Image) -> tuple[ImageCms.ImageCmsTransform, str] | None:
    """Transform of an image's colours to sRGB, and the mode that it takes; None where they are sRGB's, or there is no saying what they are."""
    if image.mode == "LAB":
        return _lab_to_srgb(), "LAB"
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 128 <= len(profile) <= LONGEST_PROFILE:
        return None
    if image.mode in ("1", "L", "LA", "La") or _is_wide(image):
        space = "L"
    elif image.mode == "CMYK":
        space = "CMYK"
    else:
        space = "RGB"
    transform = _to_srgb(profile, space)
    return None if transform is None else (transform, space)


@lru_cache(maxsize=1)
def _lab_to_srgb() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")


@lru_cache(maxsize=32)
def _to_srgb(profile: bytes, space: str) -> ImageCms.ImageCmsTransform | None:
    """Transform of a profile's colours to sRGB; None for one that says the same, cannot be read, or is of other colours than `space`."""
    if _SPACES.get(profile[16:20].decode("latin-1").strip()) != space:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), space, "RGB")
        samples = _samples(space)
        shown = np.asarray(ImageCms.applyTransform(samples, transform), np.int16)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    if space == "CMYK":
        return transform
    difference = np.abs(shown - np.asarray(samples.convert("RGB"), np.int16))
    return None if difference.mean() < 1 and difference.max() <= 8 else transform


@lru_cache(maxsize=3)
def _samples(space: str) -> Image.Image:
    """Colours from all over a space, as one picture."""
    if space == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    axes = np.meshgrid(*[steps] * len(space), indexing="ij")
    return Image.fromarray(np.stack(axes, -1).reshape(1, -1, len(space)), space)
