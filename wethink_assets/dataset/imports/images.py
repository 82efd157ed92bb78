"""Images of imported records: bytes that are in the record, or the file that it names, below the folders that were given and nowhere else.

Names come with whatever wrote them: `./`, backslashes, a folder of another machine, placeholders around them. Each such wrapper that was taken off is
counted. A name that leads out of the folders is refused.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from wethink_assets.sources.images.formats import format_of
from wethink_assets.sources.readers.entries import MAX_FILE_BYTES, is_text, printable
from wethink_assets.synthesis.calls.collector import Rejected

__all__ = ["ImageFiles", "ReadImage", "encoded_image"]

SHORTEST_ENCODED = 64
_WRAPPER = re.compile(
    r"^\s*(?:<\s*/?\s*(?:image|img)\s*>|<\|[a-z_]+\|>|file://|[\"'])+|(?:<\s*/?\s*(?:image|img)\s*>|<\|[a-z_]+\|>|[\"'])+\s*$",
    re.IGNORECASE,
)
_DRIVE = re.compile(r"^[A-Za-z]:")
_URL = re.compile(r"^(?:https?|s3|gs|hf)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReadImage:
    """Bytes of an image with the name that the record has for it, and the wrappers that were taken off that name."""

    data: bytes
    name: str
    mended: tuple[str, ...] = ()


class ImageFiles:
    """Images of records, read below some folders."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [folder.resolve() for folder in folders]

    def read(self, value: Any) -> ReadImage:
        """The image that a record has as value. `name` is empty where the bytes are in the record and have none.

        Raises `Rejected`: `no_image`, `several_images`, `unsafe_path`, `image_missing`, `too_large`, `unreadable`.
        """
        if isinstance(value, (list, tuple)):
            if len(value) > 1:
                raise Rejected("several_images", f"{len(value)} images, where a row has one")
            value = value[0] if value else None
        if isinstance(value, Mapping):
            data = value.get("bytes")
            value = (
                data if data is not None else next((value[n] for n in ("path", "image", "url") if value.get(n)), None)
            )
        if isinstance(value, (bytes, bytearray)):
            return ReadImage(bytes(value), "")
        if not isinstance(value, str) or not value.strip():
            raise Rejected("no_image", "the row names no image")
        data = encoded_image(value)
        if data is not None:
            return ReadImage(data, "")
        return self._file(value)

    def _file(self, written: str) -> ReadImage:
        if _URL.match(written.strip()):
            raise Rejected(
                "image_missing", f"{written[:200]!r} is an address: fetch the images first, and name their folder"
            )
        name, mended = _unwrapped(written)
        if not name or not is_text(name):
            raise Rejected("unsafe_path", f"{printable(written[:200])!r} is no name of a file")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        outside = False
        for candidate, how, above in _candidates(name, parts):
            for folder in self._folders:
                if above and "/" not in candidate and above != folder.name:
                    continue  # a file's name alone may be that of any other image
                try:
                    path = (folder / candidate).resolve()
                    outside = outside or not path.is_relative_to(folder)
                    present = path.is_relative_to(folder) and path.is_file()
                except OSError:  # longer than names can be, or links in a circle
                    present = False
                if present:
                    return ReadImage(_content(path, written), candidate, (*mended, *how))
        if outside or ".." in parts:
            raise Rejected("unsafe_path", f"{written[:200]!r} leads out of {_shown(self._folders)}")
        raise Rejected("image_missing", f"{written[:200]!r} is not below {_shown(self._folders)}")


def encoded_image(text: str) -> bytes | None:
    """The image that a text stands for in base64, alone or as a `data:` address; None for any other text."""
    head, comma, _ = text[:100].partition(",")
    address = bool(comma) and head.lower().startswith("data:image/") and head.lower().endswith(";base64")
    if not address and len(text) < SHORTEST_ENCODED:
        return None
    try:
        data = base64.b64decode("".join(text[len(head) + 1 if address else 0 :].split()), validate=True)
    except ValueError:
        return None
    return data if address or format_of(data) is not None else None


def _unwrapped(written: str) -> tuple[str, list[str]]:
    """A name without what does not belong to it, with slashes; and what that was."""
    mended = []
    name = _WRAPPER.sub("", written).strip()
    if name != written:
        mended.append("wrapped")
    if "\\" in name:
        name = name.replace("\\", "/")
        mended.append("backslashes")
    if _DRIVE.match(name):
        name = name[2:]
        mended.append("drive")
    if name.startswith("./") or "/./" in name:
        mended.append("dot")
    return name, mended


def _candidates(name: str, parts: Sequence[str]) -> list[tuple[str, tuple[str, ...], str]]:
    """Names below the folders that a name may mean, the likeliest first: as it is, decoded, and without leading folders of another machine.

    Each with the wrappers that it went without, and the last folder that it did. One that climbs with `..` means itself alone.
    """
    climbs = ".." in parts
    absolute = name.startswith("/")
    whole = "/".join(parts)
    names: list[tuple[str, tuple[str, ...], str]] = [(whole, ("climbs",) if climbs else (), "")]
    if absolute:
        names = [(whole, ("absolute",), "")]
    if "%" in whole and ".." not in unquote(whole).split("/"):
        names.append((unquote(whole), ("escaped",), ""))
    if not climbs:
        how = "absolute" if absolute else "prefixed"
        names += [("/".join(parts[start:]), (how,), parts[start - 1]) for start in range(1, len(parts))]
    return names


def _content(path: Path, written: str) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Rejected("too_large", f"{written[:200]!r} has more than {MAX_FILE_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise Rejected("unreadable", f"{written[:200]!r}: {error.strerror or error}") from error


def _shown(folders: Sequence[Path]) -> str:
    return " or ".join(map(str, folders))
