"""Check of a run's images before its first step: what is missing from the store, altered or beyond this machine's decoders ends no run later."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from wethink_assets.errors import ModelError, StoreError
from wethink_assets.storage.blobs import Blobs

CHUNK = 512
READERS = 16

MISSING, ALTERED, UNDECODABLE = "image_missing", "image_altered", "image_undecodable"


@dataclass
class UnreadableImages:
    """Images that no row can be trained with: the reason of each by its path, and the message of the first of each reason."""

    reasons: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, reason: str, message: str) -> None:
        """One image."""
        self.reasons[path] = reason
        self.messages.setdefault(reason, message)

    def write(self, target: Path) -> None:
        """Keep them in a file, which is there whole or not at all."""
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".writing")
        unfinished.write_text(json.dumps({"reasons": self.reasons, "messages": self.messages}))
        unfinished.rename(target)

    @classmethod
    def read(cls, target: Path) -> "UnreadableImages":
        """What `write` kept."""
        return cls(**json.loads(target.read_text()))


def unreadable_images(
    blobs: Blobs, paths: Sequence[str], decode: Callable[[bytes], object], progress: Callable[[int], None]
) -> UnreadableImages:
    """Read every image and compare it with the sha256 in its name; decode the first of each format.

    An image came into the store decoded, and has the same bytes, so that one of a format tells whether this machine can decode them all.

    Args:
        decode: raises `ModelError` for bytes that cannot be decoded.
        progress: called with the number of images that have been read.

    Raises `StoreUnreachable` when the store fails: an outage says nothing about an image.
    """
    unreadable, formats = UnreadableImages(), dict[str, str]()
    with ThreadPoolExecutor(READERS) as pool:
        for start in range(0, len(paths), CHUNK):
            chunk = paths[start : start + CHUNK]
            faults = pool.map(lambda path: _fault(blobs, path), chunk)
            for path, fault in zip(chunk, faults, strict=True):
                extension = path.rpartition(".")[2]
                if fault is None and extension not in formats:
                    formats[extension] = _decoding_fault(decode, blobs.read(path))
                if fault is None and formats[extension]:
                    fault = UNDECODABLE, f"{blobs.store.link(path)}: {formats[extension]}"
                if fault is not None:
                    unreadable.add(path, *fault)
            progress(start + len(chunk))
    return unreadable


def _fault(blobs: Blobs, path: str) -> tuple[str, str] | None:
    if not blobs.store.exists(path):
        return MISSING, f"{blobs.store.link(path)} is missing"
    try:
        blobs.read(path)
    except StoreError as error:
        return ALTERED, str(error)
    return None


def _decoding_fault(decode: Callable[[bytes], object], data: bytes) -> str:
    try:
        decode(data)
    except ModelError as error:
        return str(error)
    return ""
