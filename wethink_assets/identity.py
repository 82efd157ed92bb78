"""Identities of images, questions, rows and tables: each is a sha256 of what it names."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import polars as pl

VALIDATION_SHARE = 0.05


def sha256_hex(data: bytes) -> str:
    """sha256 of `data` as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """The one JSON form of `value`: sorted keys, no white space, UTF-8; lone surrogates are kept as escapes."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=_plain)
    return text.encode("ascii")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"no canonical JSON for {type(value).__name__}")


def digest_of(value: Any) -> str:
    """sha256 of the canonical JSON of `value`."""
    return sha256_hex(canonical_json(value))


def data_version(*frames: pl.DataFrame) -> str:
    """sha256 of the frames' columns and rows in order: of the content, never of a file's bytes."""
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(canonical_json(frame.columns))
        for row in frame.iter_rows():
            digest.update(canonical_json(row))
    return digest.hexdigest()


def normalised_text(text: str) -> str:
    """Text as compared for identity: NFKC, case folded, white space runs as one space, no outer punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\s+", " ", folded).strip(" .?!,;:")


def slot_id(image_id: str, kind: str, ordinal: int) -> str:
    """Place of a question: the same for a row and for whatever replaces it after a re-synthesis."""
    return f"{image_id}:{kind}:{ordinal}"


def row_id(image_id: str, kind: str, question: str, options: Sequence[str]) -> str:
    """First 32 hex digits of sha256 over image, kind, normalised question and options in generated order."""
    return digest_of([image_id, kind, normalised_text(question), list(options)])[:32]


def split_of(image_id: str) -> str:
    """`train` or `validation`, by a hash of the image: the same in every dataset version."""
    bucket = int(sha256_hex(f"split:{image_id}".encode())[:8], 16) / 0x1_0000_0000
    return "validation" if bucket < VALIDATION_SHARE else "train"
