"""Names of the parts of a split archive, and the order in which they follow."""

import itertools
import re
from collections.abc import Iterator, Sequence

# image.zip.part-aa, image.zip.partab, image.zip.aa, image.zip-aa, image.zip.001: what `split` and archivers make of one file.
PART = re.compile(
    r"(?P<whole>.+\.(?:zip|tar|tgz|tbz2?|txz|tzst|tar\.(?:gz|bz2|xz|zst|zstd|lz4)))(?P<mark>[.\-_](?:part[-_.]?)?)"
    r"(?P<number>(?<=part)[a-z]+|(?<=part[-_.])[a-z]+|(?<=part)\d+|(?<=part[-_.])\d+"
    r"|(?!(?:gz|xz|bz|lz|md|sh|py|js|db)$)[a-z]{2}|\d{2,})",
    re.IGNORECASE,
)
# image.z01, image.z02, ..., image.zip, which is the last: disks, as Info-ZIP and WinZip write them.
DISK = re.compile(r"(?P<stem>.+)\.(?P<z>z)(?P<number>\d{2,5})", re.IGNORECASE)
NAMED = 5


def whole_name(path: str) -> str:
    """Path of the archive that a file is a part of, or the path itself.

    >>> whole_name("a/image.zip.part-ab"), whole_name("image.Z01"), whole_name("image.png")
    ('a/image.zip', 'image.ZIP', 'image.png')
    """
    if path[-1:].isdigit() and (disk := DISK.fullmatch(path)):
        return f"{disk['stem']}.{'ZIP' if disk['z'] == 'Z' else 'zip'}"
    split = PART.fullmatch(path)
    return split["whole"] if split else path


def first_disk(path: str) -> str:
    """Name of the first part of a zip that is the last of several; empty for what is no zip."""
    return f"{path[:-2]}01" if path[-4:].lower() == ".zip" else ""


def in_order(name: str, paths: Sequence[str]) -> list[str]:
    """The files that make up an archive of this name: its parts in order, or the whole where that is there."""
    disks = [path for path in paths if DISK.fullmatch(path)]
    if disks:
        return [*sorted(disks, key=_number), *(path for path in paths if path == name)]
    return [name] if name in paths else sorted(paths, key=lambda path: (len(path), path))


def missing_parts(name: str, paths: Sequence[str]) -> str:
    """Names of the parts that are missing, as far as those that are there tell; empty when none is."""
    missing = list(itertools.islice(_missing(name, paths), NAMED + 1))
    return ", ".join(missing[:NAMED]) + (", ..." if len(missing) > NAMED else "")


def _missing(name: str, paths: Sequence[str]) -> Iterator[str]:
    numbers = {_number(path): path for path in paths if path != name or DISK.fullmatch(path)}
    if not numbers:
        return
    sample = next(iter(numbers.values()))
    disk, part = DISK.fullmatch(sample), PART.fullmatch(sample)
    counted = disk or (part and part["number"].isdigit() and 0 not in numbers)
    for number in range(1 if counted else 0, max(numbers) + 1):
        if number not in numbers:
            if disk:
                yield f"{disk['stem']}.{disk['z']}{number:02d}"
            elif part:
                yield f"{part['whole']}{part['mark']}{_text(number, part['number'])}"
    if disk and name not in paths:
        yield name


def _number(path: str) -> int:
    match = DISK.fullmatch(path) or PART.fullmatch(path)
    text = match["number"].lower() if match else "0"
    if text.isdigit():
        return int(text)
    value = 0
    for letter in text:
        value = value * 26 + ord(letter) - ord("a")
    return value


def _text(number: int, like: str) -> str:
    if like.isdigit():
        return str(number).zfill(len(like))
    letters = ""
    for _ in like:
        number, letter = divmod(number, 26)
        letters = chr(ord("A" if like.isupper() else "a") + letter) + letters
    return letters
