"""Mutated image files and archives: a sound file of any format (`sound_files`), changed where its structure says that it hurts.

Mutation `n` of a seed is always the same, but for the time that an encoder writes into an animated AVIF.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

from wethink_assets_tests.support.sound_files import ARCHIVES, FORMATS, IMAGES, PACKERS, sound_file
from wethink_assets_tests.support.sources import split, tar_of
from wethink_assets_tests.support.structure_fields import Field, fields_of, with_checksums

AWKWARD_NAMES = ("a\nb", "\x1b[31mred", "\udcff\udcfe", "..", " ", "n" * 240, "é中", "a\\b", "-rf", "%2e%2e", "a::b")


@dataclass(frozen=True)
class Mutation:
    """What became of one sound file: the files by name, and in words what was done, for reports."""

    number: int
    format: str
    changes: str
    files: Mapping[str, bytes]


SHARE_OF_IMAGES = 0.72


@cache
def _sound_fields(name: str) -> list[Field]:
    return fields_of(sound_file(name).data, sound_file(name).structure)


def mutation(seed: int, number: int, formats: tuple[str, ...] = ()) -> Mutation:
    """Mutation `number` of a seed, of one of `formats` (all of them where none is named)."""
    random = Random(f"{seed}:{number}")
    names = formats or (IMAGES if random.random() < SHARE_OF_IMAGES else ARCHIVES)
    name = random.choice(names)
    sound = sound_file(name)
    data = bytearray(sound.data)
    changes: list[str] = []
    if sound.structure == "tar" and random.random() < 0.15:
        data = bytearray(_member_changed(random, bytes(data), changes))
    else:
        fields: list[Field] | None = _sound_fields(name)
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            changes.append(_changed(random, data, sound.structure, known=fields))
            fields = None
        if random.random() < 0.7:
            data = bytearray(with_checksums(bytes(data), sound.structure))
    whole = bytes(data)
    packer = PACKERS.get(sound.ending.rpartition(".")[2])
    if packer:
        whole = packer(whole if random.random() < 0.6 else sound.data)
        if random.random() < 0.6:
            packed = bytearray(whole)
            changes.append(f"packed: {_changed(random, packed, '')}")
            whole = bytes(packed)
    return Mutation(number, name, "; ".join(changes), _files(random, name, sound.ending, whole, changes))


def _files(random: Random, name: str, ending: str, data: bytes, changes: list[str]) -> dict[str, bytes]:
    stem, chance = "x", random.random()
    if chance < 0.03:
        stem = random.choice(AWKWARD_NAMES)
        changes.append("awkward name")
    elif chance < 0.05:
        ending = random.choice([sound_file(other).ending for other in FORMATS])
        changes.append(f"called .{ending}")
    elif chance < 0.15 and data and name in ARCHIVES and not name.startswith(("parquet", "arrow")):
        parts = split(data, f"{stem}.{ending}", max(len(data) // 4, 1))
        if random.random() < 0.3 and len(parts) > 1:  # the only one would leave no file
            del parts[random.choice(sorted(parts))]
        changes.append(f"{len(parts)} parts")
        return dict(list(parts.items())[:20])
    return {f"{stem}.{ending}": data}


def _member_changed(random: Random, data: bytes, changes: list[str]) -> bytes:
    """A tar with a member that is itself a mutated image."""
    name = random.choice(IMAGES)
    inner = bytearray(sound_file(name).data)
    changes.append(f"member {name}: {_changed(random, inner, sound_file(name).structure)}")
    return tar_of({"mutated": bytes(inner), "mutated.png": bytes(inner)}) + (data if random.random() < 0.5 else b"")


def _changed(random: Random, data: bytearray, structure: str, known: list[Field] | None = None) -> str:
    """Change some bytes in place; returns what was done. `known` are the fields of bytes that are sound as yet."""
    fields = fields_of(bytes(data), structure) if known is None else known
    kinds = ("field",) * 6 * bool(fields) + tuple(_CHANGES)
    kind = random.choice(kinds)
    if not data:
        return "nothing left"
    if kind == "field":
        return _field_changed(random, data, random.choice(fields))
    position = _position(random, data, fields)
    _CHANGES[kind](random, data, position)
    return f"{kind} at {position}"


def _position(random: Random, data: bytearray, fields: list[Field]) -> int:
    chance = random.random()
    if fields and chance < 0.4:
        return min(random.choice(fields).position, len(data) - 1)
    if chance < 0.6:
        return random.randrange(min(len(data), 64))
    if chance < 0.7:
        return len(data) - 1 - random.randrange(min(len(data), 64))
    return random.randrange(len(data))


def _field_changed(random: Random, data: bytearray, field: Field) -> str:
    raw = bytes(data[field.position : field.position + field.size])
    bits = 8 * field.size
    if field.order == "octal":
        digits = raw.strip(b"\0 ")
        value = int(digits or b"0", 8) if digits.strip(b"01234567") == b"" else 0
    else:
        value = int.from_bytes(raw, "little" if field.order == "<" else "big")
    extremes = (0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 27, 28, 0x7FFF, 0x8000, 0xFFFF, 9000)
    powers = [2**power + plus for power in (31, 32, 63, 64) for plus in (-1, 0, 1)]
    sizes = (len(data), len(data) - 1, len(data) + 1, len(data) - field.position)
    near = (value + 1, value - 1, value * 2, value // 2, -value, value ^ (1 << random.randrange(bits)))
    chosen = random.choice((random.choice(extremes), random.choice(powers), random.choice(sizes), random.choice(near)))
    if random.random() < 0.1:
        chosen = random.getrandbits(bits)
    if field.order == "octal":
        text = (
            b"%0*o\0" % (field.size - 1, chosen % 8 ** (field.size - 1))
            if random.random() < 0.8
            else b"\x80" + chosen.to_bytes(16, "big", signed=True)[-field.size + 1 :]
        )
        data[field.position : field.position + field.size] = text[: field.size]
    else:
        order = "little" if field.order == "<" else "big"
        data[field.position : field.position + field.size] = (chosen % 2**bits).to_bytes(field.size, order)
    return f"{field.size} bytes at {field.position}: {value} to {chosen}"


def _length(random: Random) -> int:
    return random.choice((1, 2, 4, 8, 16, 64, 512, 1024))


def _flip(random: Random, data: bytearray, position: int) -> None:
    for _ in range(random.randint(1, 8)):
        data[min(position, len(data) - 1)] ^= 1 << random.randrange(8)
        position = random.randrange(len(data)) if random.random() < 0.5 else min(position + 1, len(data) - 1)


def _extreme(random: Random, data: bytearray, position: int) -> None:
    for _ in range(random.randint(1, 4)):
        data[min(position, len(data) - 1)] = random.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF))
        position += random.randint(1, 3)


def _filled(value: int) -> Callable[[Random, bytearray, int], None]:
    def fill(random: Random, data: bytearray, position: int) -> None:
        end = min(position + _length(random), len(data))
        data[position:end] = bytes([value]) * (end - position)

    return fill


def _cut(random: Random, data: bytearray, position: int) -> None:
    del data[position:]


def _removed(random: Random, data: bytearray, position: int) -> None:
    del data[position : position + _length(random)]


def _inserted(random: Random, data: bytearray, position: int) -> None:
    data[position:position] = random.choice((random.randbytes, lambda size: b"\0" * size))(_length(random))


def _repeated(random: Random, data: bytearray, position: int) -> None:
    data[position:position] = data[position : position + _length(random)] * random.choice((1, 2, 50))


def _swapped(random: Random, data: bytearray, position: int) -> None:
    length, other = _length(random), random.randrange(len(data))
    first, second = bytes(data[position : position + length]), bytes(data[other : other + length])
    data[position : position + len(second)] = second
    data[other : other + len(first)] = first


def _spliced(random: Random, data: bytearray, position: int) -> None:
    other = sound_file(random.choice(tuple(FORMATS))).data
    start = random.randrange(len(other))
    data[position:] = (
        other[start:] if random.random() < 0.5 else other[start : start + _length(random)] + data[position:]
    )


def _joined(random: Random, data: bytearray, position: int) -> None:
    data += random.choice((data[:], bytes(_length(random)), sound_file(random.choice(tuple(FORMATS))).data))


def _preceded(random: Random, data: bytearray, position: int) -> None:
    data[:0] = random.choice(
        (random.randbytes(_length(random)), b"\xef\xbb\xbf", sound_file(random.choice(IMAGES)).data)
    )


_CHANGES: dict[str, Callable[[Random, bytearray, int], None]] = {
    "bits flipped": _flip,
    "extreme bytes": _extreme,
    "zeros": _filled(0),
    "ones": _filled(0xFF),
    "cut": _cut,
    "bytes removed": _removed,
    "bytes inserted": _inserted,
    "bytes repeated": _repeated,
    "blocks swapped": _swapped,
    "spliced": _spliced,
    "joined": _joined,
    "preceded": _preceded,
}
