"""Image formats: which are accepted, how each is recognised by its bytes, and what its structure shows to be wrong."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from wethink_assets.extensions.builtin import IMAGE_FORMATS
from wethink_assets.sources.images.deep_colours import DeepColours

MAX_PIXELS = 2**26
# Formats that are told by name when they are refused.
_REFUSED = (
    (b"%PDF", "PDF"),
    (b"\0\0\x01\0", "ICO"),
    (b"8BPS", "PSD"),
    (b"<svg", "SVG"),
)
LFS_POINTER = b"version https://git-lfs.github.com/spec/"


class MissingReader(OSError):
    """What reads a format is an extra that is not installed; the text names it."""


@dataclass(frozen=True)
class ImageFormat:
    """An accepted image format.

    name: Pillow's, such as `PNG`; the column `format` holds it in lower case.
    extension: of the blobs that hold such images.
    magic: what a file may begin with.
    recognise: told the bytes, whether they are of this format; for formats that no beginning tells.
    damage: what a file's structure shows to be wrong, as reason (`truncated` or `corrupt`) and detail; None when nothing is.
    damage_shows_first: whether that is asked before decoding. Readers of the other formats make do without a proper end, so it is
        worth asking only after decoding failed.
    strict: bytes with the same pixels, which are decoded in place of a file's since they cannot be where something is missing; the very
        bytes where there are none such.
    missing: told those very bytes and the picture that they were decoded to without an error, what is missing, as `damage` says it: decoders
        fill up with grey or black in silence.
    count: how many pictures the bytes hold; without one, Pillow counts.
    animated: whether its further pictures are frames, which a whole file has all of.
    opened_as: names of Pillow's plugins that may open it; its own name where there are none.
    max_pixels: width times height, at most.
    sent_as: media type under which models get the very bytes; empty where a picture is sent as PNG.
    deep: told the bytes, what they hold of more than 8 bits in several channels, which Pillow cuts to 8; may raise what reading a header does.
    prepare: called before Pillow opens such a file; raises `MissingReader` where what reads the format is not installed.
    """

    name: str
    extension: str
    magic: tuple[bytes, ...]
    recognise: Callable[[bytes], bool] | None = None
    damage: Callable[[bytes], tuple[str, str] | None] = lambda data: None
    damage_shows_first: bool = False
    strict: Callable[[bytes], bytes] = lambda data: data
    missing: Callable[[bytes, Image.Image], tuple[str, str] | None] = lambda data, image: None
    count: Callable[[bytes], int] | None = None
    animated: bool = False
    opened_as: tuple[str, ...] = ()
    max_pixels: int = MAX_PIXELS
    sent_as: str = ""
    deep: Callable[[bytes], DeepColours | None] = lambda data: None
    prepare: Callable[[], None] = lambda: None

    def recognises(self, data: bytes) -> bool:
        """Whether bytes are of this format, by how they begin."""
        return data.startswith(self.magic) or (self.recognise is not None and self.recognise(data))


def format_of(data: bytes) -> ImageFormat | None:
    """Accepted format of some bytes, by how they begin."""
    return next((known for known in IMAGE_FORMATS.values() if known.recognises(data)), None)


def refused_format(data: bytes) -> str:
    """Name of a format that is not accepted, such as `PDF`; empty when the bytes are those of no format known here."""
    return next((name for magic, name in _REFUSED if data.startswith(magic)), "")


def extension_of(data: bytes) -> str:
    """Extension of the blob that holds these bytes; `bin` when they are no accepted image."""
    known = format_of(data)
    return known.extension if known else "bin"
