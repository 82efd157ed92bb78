"""Deep colours: pictures of several channels with more than 8 bits each, of which Pillow keeps the upper 8 or opens nothing; OpenCV has their values.

They are a PNG's of 16 bits a channel, a JPEG 2000's of more than 8, and a TIFF's of wider integers or of floats. Values of 12 bits in a container of
16 have next to nothing in their upper 8, so that what Pillow keeps is black. A TIFF with a plane for each channel is left to Pillow, since OpenCV
reads other values from it.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from wethink_assets.sources.images.tiff_strips import first_directory
from wethink_assets.sources.images.value_ranges import STRIP, range_of, scaled

MOST_BYTES = 2**29
"""Bytes of all values of a picture whose values are read."""
CODESTREAM_SIZES = b"\xff\x4f\xff\x51"
_GREY_AND_ALPHA, _RGB, _RGBA = 4, 2, 6
_UNSIGNED, _SIGNED, _FLOATS = 1, 2, 3
_TIFF_GREY, _TIFF_RGB = 1, 2
_SIDES, _BITS, _PHOTOMETRIC, _SAMPLES, _PLANES, _SAMPLE_FORMAT = (256, 257), 258, 262, 277, 284, 339


@dataclass(frozen=True, slots=True)
class DeepColours:
    """A picture of deep colours, not read yet.

    width, height: pixels as stored; channels: with alpha; sample: bytes of a value; read: its values, (height, width, channels), in the order
    of RGB and alpha, or of grey and alpha; alpha also where a colour is called transparent. Raises `OSError` where they cannot be read.
    """

    width: int
    height: int
    channels: int
    sample: int
    read: Callable[[], np.ndarray]

    @property
    def fits(self) -> bool:
        """Whether its values are few enough to be held."""
        return self.width * self.height * self.channels * self.sample <= MOST_BYTES


def of_png(data: bytes) -> DeepColours | None:
    """Deep colours of a PNG, by its header; None where there are none."""
    width, height, depth, colours = struct.unpack_from(">IIBB", data, 16)
    channels = {_GREY_AND_ALPHA: 2, _RGB: 3, _RGBA: 4}.get(colours)
    return _deep(data, width, height, channels, 2) if depth == 16 and channels else None


def of_jpeg_2000(data: bytes) -> DeepColours | None:
    """Deep colours of a JPEG 2000, by the sizes at the beginning of its codestream (ISO 15444-1, A.5.1); None where there are none."""
    at = data.find(CODESTREAM_SIZES, 0, 2**16)
    if at < 0:
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
    (channels,) = struct.unpack_from(">H", data, at + 40)
    bits = (data[at + 42] & 0x7F) + 1
    return _deep(data, right - left, bottom - top, channels, 2) if channels in (3, 4) and bits > 8 else None


def of_tiff(data: bytes) -> DeepColours | None:
    """Deep colours of the first picture of a TIFF, floats and signed values among them, also of a single channel where Pillow has no mode for them.

    None where there are none. Raises `struct.error` where its directory leads beyond the end.
    """
    number = _numbers(data)
    width, height = (number(tag, 0) for tag in _SIDES)
    channels, bits = number(_SAMPLES, 1), number(_BITS, 1)
    known = channels in {_TIFF_GREY: (1, 2), _TIFF_RGB: (3, 4)}.get(number(_PHOTOMETRIC, -1), ())
    readable = bits in ((32, 64) if number(_SAMPLE_FORMAT, _UNSIGNED) == _FLOATS else (16, 32, 64))
    return _deep(data, width, height, channels, bits // 8) if known and readable and not _in_planes(number) else None


def unread_tiff(data: bytes) -> str:
    """Kind of the values of a sound TIFF that nothing here reads, such as `floats of 16 bits`; empty for those that something does."""
    number = _numbers(data)
    bits, kind = number(_BITS, 1), number(_SAMPLE_FORMAT, _UNSIGNED)
    values = f"{ {_SIGNED: 'signed integers', _FLOATS: 'floats'}.get(kind, 'integers') } of {bits} bits"
    if kind == _FLOATS and bits not in (32, 64):
        return values
    if number(_SAMPLES, 1) > 1 and kind == _SIGNED and bits == 8:
        return f"colours of {values}"
    return f"planes of {values}" if _in_planes(number) and (kind != _UNSIGNED or bits > 16) else ""


def _numbers(data: bytes) -> Callable[[int, int], int]:
    """First number of each tag of a TIFF's first directory, or another one where it is not there."""
    directory = first_directory(data)
    return lambda tag, default: next(iter(directory.values(data, tag)), default)


def _in_planes(number: Callable[[int, int], int]) -> bool:
    return number(_SAMPLES, 1) > 1 and number(_PLANES, 1) != 1


def _deep(data: bytes, width: int, height: int, channels: int, sample: int) -> DeepColours:
    def read() -> np.ndarray:
        import cv2  # takes a sixth of a second, and few files need it

        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            raise OSError(f"its values of {8 * sample} bits cannot be read: {error.err}") from None
        finally:
            cv2.utils.logging.setLogLevel(level)
        if values is None or values.shape[:2] != (height, width):
            raise OSError(f"its values of {8 * sample} bits cannot be read")
        return _ordered(values.reshape(height, width, -1), channels)

    return DeepColours(width, height, channels, sample, read)


def _ordered(values: np.ndarray, channels: int) -> np.ndarray:
    """Values in the order of the file: OpenCV has blue first, and makes four channels of grey and alpha."""
    if values.shape[2] >= 3:
        values = values[:, :, [2, 1, 0, 3][: values.shape[2]]]
    return values[:, :, [0, 3]] if channels == 2 and values.shape[2] == 4 else values


def by_range(deep: DeepColours) -> Image.Image:
    """A picture of deep colours, `RGB`, `RGBA`, `L` or `LA`, all channels scaled by the range of all."""
    colours, alpha = _opaque_and_alpha(deep.read())
    bounds = range_of(colours[top : top + STRIP] for top in range(0, deep.height, STRIP))
    opaque = colours.shape[2]
    shown = np.empty((deep.height, deep.width, opaque + (alpha is not None)), np.uint8)
    for top in range(0, deep.height, STRIP):
        shown[top : top + STRIP, :, :opaque] = scaled(colours[top : top + STRIP], *bounds)
    if alpha is not None:
        shown[:, :, -1] = np.round(alpha * 255)
    return Image.fromarray(shown[:, :, 0] if shown.shape[2] == 1 else shown)


def _opaque_and_alpha(values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Colours, and how opaque each pixel is (0 to 1, None where all are)."""
    channels = values.shape[2]
    if channels in (1, 3):
        return values, None
    whole = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    return values[:, :, :-1], np.clip(values[:, :, -1] / whole, 0, 1)


def is_dark(picture: Image.Image) -> bool:
    """Whether the upper 8 bits of colours hold less than a quarter of what they could."""
    bands = [band for band in picture.getbands() if band != "A"]
    extrema = picture.getextrema()
    ranges = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return max(high for _, high in ranges[: len(bands)]) < 64
