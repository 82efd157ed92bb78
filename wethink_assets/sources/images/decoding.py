"""Decoding of images: whether bytes are an image that can be used, and what it is. Full decoding, never an exception."""

import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from wethink_assets.sources.images.formats import LFS_POINTER, ImageFormat, MissingReader, format_of, refused_format
from wethink_assets.sources.images.perceptual_hash import perceptual_hash
from wethink_assets.sources.images.view import grey_view, open_image, orientation_of
from wethink_assets.sources.readers.entries import MAX_FILE_BYTES

MIN_SIDE = 28
MOST_FRAMES, MOST_FRAME_PIXELS = 1_000, 2**26
"""Frames of an animation that are decoded, at most, to find damage in them; of what follows only the structure is looked at."""
# What Pillow says when its decoder asks for data beyond the end.
_WANTS_MORE = "image file is truncated"
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
    under 28 pixels), `not_an_image` (or of a format that is not accepted), `truncated`, `corrupt`, `unreadable` (its decoder is an extra that is
    not installed).
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
    except MissingReader as error:
        return ImageFault("unreadable", str(error))
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
    if damage is None and str(error).startswith(_WANTS_MORE):
        damage = "truncated", f"{image_format.name}: its data ends before the last row"
    return ImageFault(*damage) if damage else ImageFault("corrupt", f"{image_format.name}: {_described(error)}")


def _decode_frames(data: bytes, frames: int) -> None:
    """Decode the frames after the first. Raises `OSError` with what the decoder said, which names the frame."""
    image = open_image(data)
    for number in range(1, frames):
        try:
            image.seek(number)
        except EOFError:  # Pillow counts fewer
            return
        try:
            image.load()
        except Exception as error:
            raise OSError(f"{error or type(error).__name__} (frame {number + 1})") from error


def _described(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "the header cannot be read"
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def _decoded(data: bytes, image_format: ImageFormat) -> ImageFacts | ImageFault:
    strict = image_format.strict(data)
    image = open_image(strict)
    width, height = image.size
    if width * height > image_format.max_pixels:
        return ImageFault("too_large", f"{width} x {height} pixels, more than {image_format.max_pixels} in all")
    if min(width, height) < MIN_SIDE:
        return ImageFault("too_small", f"{width} x {height} pixels, a side under {MIN_SIDE}")
    damage = image_format.damage(data) if image_format.damage_shows_first else None
    if damage:
        return ImageFault(*damage)
    mode = image.mode
    orientation = orientation_of(image)
    frames = max(image_format.count(data), 1) if image_format.count else int(getattr(image, "n_frames", 1))
    grey = grey_view(image)
    damage = image_format.missing(data, image) if strict is data else None
    if damage:
        return ImageFault(*damage)
    if image_format.animated and frames > 1:
        _decode_frames(strict, min(frames, MOST_FRAMES, MOST_FRAME_PIXELS // (width * height)))
    return ImageFacts(
        format=image_format.name.lower(),
        extension=image_format.extension,
        width=grey.width,
        height=grey.height,
        mode=mode,
        frames=frames,
        orientation=orientation,
        phash=perceptual_hash(grey),
    )
