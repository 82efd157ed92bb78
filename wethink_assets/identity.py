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
    return _CANONICAL.encode(value).encode("ascii")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"no canonical JSON for {type(value).__name__}")


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=_plain)


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


_OUTER = " .?!,;:"
# What NFKC writes on the line, beside the digits that stand there: a superscript, a subscript next to digits, a fraction after one.
_SQUARED_UNIT = re.compile("[\u3371-\u33df]")
_RAISED = re.compile("[²³¹\u2070-\u207f]+")
_LOWERED = re.compile(r"(?<=\d)[\u2080-\u208e]+|[\u2080-\u208e]+(?=\d)")
_FRACTION = re.compile(r"(?<=\d)(?=[¼-¾\u2150-\u215f\u2189])")


def normalised_text(text: str) -> str:
    """Text as compared for identity: NFKC, case folded, white space runs as one space, no outer punctuation.

    What is raised or lowered stays told apart from what stands on the line, though NFKC makes one of both.

    >>> normalised_text("What is 3²x?"), normalised_text("What is 32x?"), normalised_text("How much CO₂?")
    ('what is 3^2x', 'what is 32x', 'how much co2')
    """
    if text.isascii():
        return " ".join(text.lower().split()).strip(_OUTER)  # as below, in a fifth of the time
    text = _SQUARED_UNIT.sub(lambda unit: _one_level(unit[0]), text)
    text = _FRACTION.sub(" ", _LOWERED.sub(r"_\g<0>", _RAISED.sub(r"^\g<0>", text)))
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\s+", " ", folded).strip(_OUTER)


def _one_level(sign: str) -> str:
    """A sign such as ㎡ in its parts, of which the 2 is still raised."""
    return "".join(chr(int(code, 16)) for code in unicodedata.decomposition(sign).split()[1:]) or sign


KEPT = "\ue000"
"""Stands before a capital and behind a sign that `normalised_text` must not fold: a private character, which no text has."""
# Mega is a million times more than 1, milli a thousandth; a byte is eight bits.
_CAPITAL_PREFIX = re.compile(r"(?<=\d)(\s?)M(?=(?:Wh?|VA?|A|Hz|J|Pa|eV|N|Ω|g|L|l|m|s|C|F|K|mol)(?![A-Za-z]))")
_BYTES = re.compile(r"(?<=\d)(\s?[kKMGTP]i?)B(?![A-Za-z])")
# A capital that stands for itself: moles in a litre beside metres, siemens beside seconds, picoamperes beside pascals.
_CAPITAL_UNIT = re.compile(
    r"(?<=\d)(\s?[munpµμ]?)M(?![A-Za-z])|(?<=\d)(\s[munpµμ]?)S(?![A-Za-z])|(?<=\d)(\s?p)A(?![A-Za-z])"
)
_DIGIT = re.compile(r"\d")  # what all of these units follow
_LAST_FACTORIAL = re.compile(r"(?:(?<=[\d)])|(?<=\b[A-Za-z]))!(?=[\s.?!,;:]*$)")


def marked_symbols(text: str) -> str:
    """A text in which `normalised_text` tells apart what differs in case or in its last sign alone: 5 MW and 5 mW, 5 mM and 5 mm, 5! and 5.

    >>> normalised_text(marked_symbols("5 MW")) == normalised_text(marked_symbols("5 mW"))
    False
    """
    if "!" in text:
        text = _LAST_FACTORIAL.sub(f"!{KEPT}", text)
    if not _DIGIT.search(text):
        return text
    text = _CAPITAL_UNIT.sub(lambda unit: f"{unit[0][:-1]}{KEPT}{unit[0][-1]}", text)
    return _CAPITAL_PREFIX.sub(rf"\1{KEPT}M", _BYTES.sub(rf"\1{KEPT}B", text))


def slot_id(image_id: str, kind: str, ordinal: int) -> str:
    """Place of a question: the same for a row and for whatever replaces it after a re-synthesis."""
    return f"{image_id}:{kind}:{ordinal}"


def row_id(image_id: str, kind: str, question: str, options: Sequence[str]) -> str:
    """First 32 hex digits of sha256 over image, kind, normalised question with its symbols and options in generated order."""
    return digest_of([image_id, kind, normalised_text(marked_symbols(question)), list(options)])[:32]


def split_of(image_id: str) -> str:
    """`train` or `validation`, by a hash of the image: the same in every dataset version."""
    bucket = int(sha256_hex(f"split:{image_id}".encode())[:8], 16) / 0x1_0000_0000
    return "validation" if bucket < VALIDATION_SHARE else "train"
