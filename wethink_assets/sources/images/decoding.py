"""Decoding of images: whether bytes are an image that can be used, and what it is. Full decoding, never an exception."""

import io
import threading
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from wethink_assets.sources.images.formats import LFS_POINTER, ImageFormat, format_of, refused_format
from wethink_assets.sources.images.perceptual_hash import perceptual_hash
from wethink_assets.sources.readers.entries import MAX_FILE_BYTES

MIN_SIDE = 28
LARGE_PIXELS = 2**23
STRIP = 256
ORIENTATION = 0x0112
_one_large_at_a_time = threading.Lock()
# Pillow warns of odd EXIF data and the like; whatever matters becomes a rejection.
warnings.filterwarnings("ignore", module=r"PIL\..*")


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a decoded image is.

    format: jpeg, png, webp, gif, tiff, ...; extension: of its blob; width, height: pixels, upright; mode: Pillow's, as
    stored; frames: 1 unless animated or of several pages, the first is the image; orientation: EXIF, 1 to 8;
    phash: 64-bit perceptual hash of the upright picture, in hex.
    """

    format: str
    extension: str
    width: int
    height: int
    mode: str
    frames: int
    orientation: int
    phash: str


@dataclass(frozen=True, slots=True)
class ImageFault:
    """Why bytes are no usable image: `reason` is a rejection code of the stage `images`."""

    reason: str
    detail: str


def examine(data: bytes) -> ImageFacts | ImageFault:
    """Decode an image fully and tell what it is, or why it cannot be used. Never raises on bad input.

    Reasons: `empty`, `too_large` (bytes, or pixels by the header, before anything is decoded), `too_small` (a side
    under 28 pixels), `not_an_image` (or of a format that is not accepted), `truncated`, `corrupt`.
    """
    if not data:
        return ImageFault("empty", "0 bytes")
    if len(data) > MAX_FILE_BYTES:
        return ImageFault("too_large", f"{len(data)} bytes, more than {MAX_FILE_BYTES}")
    image_format = format_of(data)
    if data.startswith(LFS_POINTER):
        return ImageFault(
            "not_an_image", "a Git LFS pointer and not the file: run `git lfs pull` where the source lies"
        )
    if image_format is None:
        refused = refused_format(data)
        return ImageFault("not_an_image", f"{refused} is not accepted" if refused else "no image format is recognised")
    try:
        return _decoded(data, image_format)
    except Image.DecompressionBombError as error:
        return ImageFault("too_large", str(error))
    except MemoryError:
        return ImageFault("too_large", "decoding it takes more memory than there is")
    except Exception as error:  # decoders raise a dozen types on bad input, struct.error and IndexError among them
        return _fault_of(data, image_format, error)


def _fault_of(data: bytes, image_format: ImageFormat, error: Exception) -> ImageFault:
    """What the structure of an image shows to be wrong that cannot be decoded; where that cannot be walked either, what the decoder said."""
    try:
        damage = image_format.damage(data)
    except Exception:
        damage = None
    return ImageFault(*damage) if damage else ImageFault("corrupt", f"{image_format.name}: {_described(error)}")


def _described(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "the header cannot be read"
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def _decoded(data: bytes, image_format: ImageFormat) -> ImageFacts | ImageFault:
    image = Image.open(io.BytesIO(data), formats=image_format.opened_as or [image_format.name])
    width, height = image.size
    if width * height > image_format.max_pixels:
        return ImageFault("too_large", f"{width} x {height} pixels, more than {image_format.max_pixels} in all")
    if min(width, height) < MIN_SIDE:
        return ImageFault("too_small", f"{width} x {height} pixels, a side under {MIN_SIDE}")
    damage = image_format.damage(data) if image_format.damage_shows_first else None
    if damage:
        return ImageFault(*damage)
    mode = image.mode
    orientation = _orientation(image)
    frames = max(image_format.count(data), 1) if image_format.count else int(getattr(image, "n_frames", 1))
    if width * height > LARGE_PIXELS:
        with _one_large_at_a_time:
            phash, upright = _hashed(image, orientation)
    else:
        phash, upright = _hashed(image, orientation)
    return ImageFacts(
        format=image_format.name.lower(),
        extension=image_format.extension,
        width=upright[0],
        height=upright[1],
        mode=mode,
        frames=frames,
        orientation=orientation,
        phash=phash,
    )


def _orientation(image: Image.Image) -> int:
    if image.format in ("JPEG", "MPO") and not ("exif" in image.info or "xmp" in image.info):
        return 1  # looking into what is not there costs a tenth of the whole examination
    value = image.getexif().get(ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _hashed(image: Image.Image, orientation: int) -> tuple[str, tuple[int, int]]:
    if image.mode in ("RGB", "L") and image.format in ("JPEG", "MPO"):
        # The whole entropy-coded stream is still decoded and checked; only colour conversion is spared.
        image.draft("L", image.size)
    image.load()
    grey = greyscale(image)
    if orientation != 1 and ORIENTATION in image.getexif():  # TIFF turns itself upright on loading and drops the tag
        grey = ImageOps.exif_transpose(_tagged(grey, orientation))
    return perceptual_hash(grey), grey.size


def _tagged(grey: Image.Image, orientation: int) -> Image.Image:
    grey.getexif()[ORIENTATION] = orientation
    return grey


def greyscale(image: Image.Image) -> Image.Image:
    """A picture of any mode as `L`: 16-bit and float scaled to 8 bits, transparency laid on white."""
    if image.mode == "L" and "transparency" not in image.info:
        return image
    divisor = _divisor(image)
    width, height = image.size
    if width * height <= LARGE_PIXELS:
        return _strip_as_grey(image, divisor)
    grey = Image.new("L", image.size)
    for top in range(0, height, STRIP):  # conversions hold copies of 4 bytes a pixel
        strip = image.crop((0, top, width, min(top + STRIP, height)))
        grey.paste(_strip_as_grey(strip, divisor), (0, top))
    return grey


def _divisor(image: Image.Image) -> float:
    if image.mode in ("I", "F"):
        # 32-bit pictures state no range; most hold 8 or 16 bits.
        high = image.getextrema()[1]
        return 1.0 if isinstance(high, (int, float)) and high <= 255 else 256.0
    return 256.0


def _strip_as_grey(image: Image.Image, divisor: float) -> Image.Image:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _scaled(image, divisor)
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        ground = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(ground, coloured).convert("L")
    return image.convert("RGB").convert("L") if image.mode in ("CMYK", "LAB", "HSV") else image.convert("L")


def _scaled(image: Image.Image, divisor: float) -> Image.Image:
    values = np.nan_to_num(np.asarray(image, dtype=np.float32)) / divisor
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
