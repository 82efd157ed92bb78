"""Names of the parts of a split archive, and the order in which they follow."""

import re
from collections.abc import Sequence

# image.zip.part-aa, image.zip.partab, image.zip.aa, image.zip.001: what `split` and archivers make of one file.
PART = re.compile(
    r"(?P<whole>.+\.(?:zip|tar|tgz|tar\.(?:gz|bz2|xz|zst|lz4)))\."
    r"(?:part[-_.]?(?P<letters>[a-z]+|\d+)|(?P<bare>(?!(?:gz|xz|bz|lz|md|sh|py|js|db)$)[a-z]{2})|(?P<digits>\d{2,}))",
    re.IGNORECASE,
)


def whole_name(path: str) -> str:
    """Path of the archive that a file is a part of, or the path itself."""
    split = PART.fullmatch(path)
    return split["whole"] if split else path


def is_complete(paths: Sequence[str]) -> bool:
    """Whether parts in order follow one another without a gap from the first; a single whole file is complete."""
    suffixes = [
        (match["letters"] or match["bare"] or match["digits"]).lower()
        for path in paths
        if (match := PART.fullmatch(path))
    ]
    if not suffixes:
        return True
    numbers = [_ordinal(number) for number in suffixes]
    first = numbers[0] if suffixes[0].isdigit() and numbers[0] == 1 else 0  # some count from .001
    return numbers == list(range(first, first + len(numbers)))


def _ordinal(number: str) -> int:
    if number.isdigit():
        return int(number)
    value = 0
    for letter in number:
        value = value * 26 + ord(letter) - ord("a")
    return value
