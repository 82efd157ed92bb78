"""Mutated image files and archives: a sound file of any format, changed where its structure says that it hurts.

Mutation `n` of a seed is always the same. `FORMATS` has the sound files; a new format is one entry there.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random
from typing import Any

import numpy as np
import pyarrow
from PIL import Image

from wethink_assets_tests.support.images import encoded, photograph
from wethink_assets_tests.support.sources import parquet_of, split, tar_of, zip_of
from wethink_assets_tests.support.structure_fields import Field, fields_of, with_checksums

AWKWARD_NAMES = ("a\nb", "\x1b[31mred", "\udcff\udcfe", "..", " ", "n" * 240, "é中", "a\\b", "-rf", "%2e%2e", "a::b")


@dataclass(frozen=True)
class SoundFile:
    """A file of a format: its ending, its content, and whose structure its bytes have (as `fields_of` takes it)."""

    ending: str
    data: bytes
    structure: str = ""


@dataclass(frozen=True)
class Mutation:
    """What became of one sound file: the files by name, and in words what was done, for reports."""

    number: int
    format: str
    changes: str
    files: Mapping[str, bytes]


@lru_cache(maxsize=1)
def _photo() -> Image.Image:
    photo = photograph("chelsea.png").resize((36, 30))
    photo.info.clear()
    return photo


def _numbers(kind: type, factor: int = 1) -> Image.Image:
    return Image.fromarray(np.asarray(_photo().convert("L"), dtype=kind) * kind(factor))


def _frames(pillow: str, **options: Any) -> bytes:
    turned = [_photo().rotate(angle) for angle in (90, 180)]
    return encoded(_photo(), pillow, save_all=True, append_images=turned, **options)


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "maker"
    return exif


def _members() -> dict[str, bytes]:
    return {
        "train/1.png": encoded(_photo(), "PNG"),
        "train/2.jpg": encoded(_photo().rotate(9), quality=60),
        "labels.json": b"{}",
        "train/3.webp": encoded(_photo().rotate(30), "WEBP", quality=50),
    }


def _tables(kind: str) -> Any:
    rows = list(_members().values())
    images = [rows[0], rows[1], rows[3]]
    structs = [{"bytes": data, "path": f"{number}.png"} for number, data in enumerate(images)]
    tables: dict[str, dict[str, Any]] = {
        "struct": {"id": [1, 2, 3], "image": structs},
        "bare": {"md5": [b"abc", b"d", b""], "content": images},
        "lists": {"images": [structs, structs[:1], []], "image_1": structs, "turns": [[{"image": structs[2]}]] * 3},
    }
    return pyarrow.table(tables[kind])


def _arrow(stream: bool) -> bytes:
    out, table = io.BytesIO(), _tables("struct")
    writer = pyarrow.ipc.new_stream if stream else pyarrow.ipc.new_file
    with writer(out, table.schema) as file:
        file.write_table(table)
    return out.getvalue()


def _parquet(kind: str, **options: Any) -> bytes:
    import pyarrow.parquet

    out = io.BytesIO()
    pyarrow.parquet.write_table(_tables(kind), out, **options)
    return out.getvalue()


def _nested() -> bytes:
    return tar_of({"n01.tar": tar_of(_members()), "n02.zip": zip_of(_members()), "0.png": _members()["train/1.png"]})


def _sizes_after(files: Mapping[str, bytes]) -> bytes:
    """A zip whose headers name no sizes, as one that was written to a pipe."""

    class Pipe(io.RawIOBase):
        written = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.written += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return pipe.written


def _pax(files: Mapping[str, bytes], format_: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{'d' * 120}/é/{name}")
            member.size, member.mtime = len(data), 1_700_000_000.5 if format_ == tarfile.PAX_FORMAT else 1
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
    "zst": lambda data: pyarrow.compress(data, "zstd", asbytes=True),
    "lz4": lambda data: pyarrow.compress(data, "lz4", asbytes=True),
}

FORMATS: dict[str, Callable[[], SoundFile]] = {
    "jpeg": lambda: SoundFile("jpg", encoded(_photo(), quality=80), "jpeg"),
    "jpeg, progressive": lambda: SoundFile("jpg", encoded(_photo(), quality=80, progressive=True), "jpeg"),
    "jpeg, grey": lambda: SoundFile("jpg", encoded(_photo().convert("L")), "jpeg"),
    "jpeg, cmyk": lambda: SoundFile("jpg", encoded(_photo().convert("CMYK")), "jpeg"),
    "jpeg, exif": lambda: SoundFile("jpg", encoded(_photo(), exif=_exif(6), dpi=(72, 72)), "jpeg"),
    "jpeg, restarts": lambda: SoundFile("jpg", encoded(_photo(), restart_marker_blocks=2, comment=b"c"), "jpeg"),
    "mpo": lambda: SoundFile("jpg", _frames("MPO"), "jpeg"),
    "png": lambda: SoundFile("png", encoded(_photo(), "PNG"), "png"),
    "png, palette": lambda: SoundFile("png", encoded(_photo().quantize(16), "PNG", transparency=3), "png"),
    "png, bilevel": lambda: SoundFile("png", encoded(_photo().convert("1"), "PNG"), "png"),
    "png, 16 bits": lambda: SoundFile("png", encoded(_numbers(np.uint16, 257), "PNG"), "png"),
    "png, alpha": lambda: SoundFile("png", encoded(_photo().convert("RGBA"), "PNG", exif=_exif(3)), "png"),
    "png, animated": lambda: SoundFile("png", _frames("PNG"), "png"),
    "webp": lambda: SoundFile("webp", encoded(_photo(), "WEBP", quality=80, exif=_exif(8)), "riff"),
    "webp, lossless": lambda: SoundFile("webp", encoded(_photo(), "WEBP", lossless=True), "riff"),
    "webp, alpha": lambda: SoundFile("webp", encoded(_photo().convert("RGBA"), "WEBP"), "riff"),
    "webp, animated": lambda: SoundFile("webp", _frames("WEBP"), "riff"),
    "gif": lambda: SoundFile("gif", encoded(_photo().quantize(64), "GIF", comment=b"c"), "gif"),
    "gif, animated": lambda: SoundFile("gif", _frames("GIF", duration=40, loop=0), "gif"),
    "tiff": lambda: SoundFile("tif", encoded(_photo(), "TIFF", exif=_exif(5)), "tiff"),
    "tiff, lzw": lambda: SoundFile("tif", encoded(_photo(), "TIFF", compression="tiff_lzw"), "tiff"),
    "tiff, deflate": lambda: SoundFile("tif", encoded(_photo(), "TIFF", compression="tiff_adobe_deflate"), "tiff"),
    "tiff, jpeg": lambda: SoundFile("tif", encoded(_photo(), "TIFF", compression="jpeg"), "tiff"),
    "tiff, packbits": lambda: SoundFile("tif", encoded(_photo(), "TIFF", compression="packbits"), "tiff"),
    "tiff, fax": lambda: SoundFile("tif", encoded(_photo().convert("1"), "TIFF", compression="group4"), "tiff"),
    "tiff, pages": lambda: SoundFile("tif", _frames("TIFF"), "tiff"),
    "tiff, cmyk": lambda: SoundFile("tif", encoded(_photo().convert("CMYK"), "TIFF"), "tiff"),
    "tiff, float": lambda: SoundFile("tif", encoded(_numbers(np.float32), "TIFF"), "tiff"),
    "tiff, 16 bits": lambda: SoundFile("tif", encoded(_numbers(np.uint16, 257), "TIFF"), "tiff"),
    "tiff, big": lambda: SoundFile("tif", encoded(_photo(), "TIFF", big_tiff=True), "tiff"),
    "bmp": lambda: SoundFile("bmp", encoded(_photo(), "BMP"), "bmp"),
    "bmp, palette": lambda: SoundFile("bmp", encoded(_photo().quantize(200), "BMP"), "bmp"),
    "bmp, bilevel": lambda: SoundFile("bmp", encoded(_photo().convert("1"), "BMP"), "bmp"),
    "bmp, alpha": lambda: SoundFile("bmp", encoded(_photo().convert("RGBA"), "BMP"), "bmp"),
    "avif": lambda: SoundFile("avif", encoded(_photo(), "AVIF", speed=10), "boxes"),
    "avif, alpha": lambda: SoundFile("avif", encoded(_photo().convert("RGBA"), "AVIF", speed=10), "boxes"),
    "avif, animated": lambda: SoundFile("avif", _frames("AVIF", speed=10), "boxes"),
    "jpeg 2000": lambda: SoundFile("jp2", encoded(_photo(), "JPEG2000"), "jpeg2000"),
    "jpeg 2000, grey": lambda: SoundFile(
        "jp2", encoded(_photo().convert("L"), "JPEG2000", irreversible=True), "jpeg2000"
    ),
    "jpeg 2000, codestream": lambda: SoundFile("j2k", encoded(_photo(), "JPEG2000", no_jp2=True), "jpeg2000"),
    "jpeg 2000, tiles": lambda: SoundFile("jp2", encoded(_photo(), "JPEG2000", tile_size=(16, 16)), "jpeg2000"),
    "tar": lambda: SoundFile("tar", tar_of(_members()), "tar"),
    "tar, pax": lambda: SoundFile("tar", _pax(_members(), tarfile.PAX_FORMAT), "tar"),
    "tar, gnu": lambda: SoundFile("tar", _pax(_members(), tarfile.GNU_FORMAT), "tar"),
    "tar of archives": lambda: SoundFile("tar", _nested(), "tar"),
    **{
        f"tar.{ending}": lambda ending=ending: SoundFile(f"tar.{ending}", tar_of(_members()), "tar")  # type: ignore[misc]
        for ending in PACKERS
    },
    "zip": lambda: SoundFile("zip", zip_of(_members()), "zip"),
    "zip, deflated": lambda: SoundFile("zip", zip_of(_members(), zipfile.ZIP_DEFLATED), "zip"),
    "zip, bzip2": lambda: SoundFile("zip", zip_of(_members(), zipfile.ZIP_BZIP2), "zip"),
    "zip, written to a pipe": lambda: SoundFile("zip", _sizes_after(_members()), "zip"),
    "zip of archives": lambda: SoundFile(
        "zip", zip_of({"a.tar": tar_of(_members()), "b.zip": zip_of(_members())}), "zip"
    ),
    "parquet": lambda: SoundFile("parquet", parquet_of(_members(), 2), "parquet"),
    "parquet, bare": lambda: SoundFile("parquet", _parquet("bare", compression="zstd"), "parquet"),
    "parquet, lists": lambda: SoundFile("parquet", _parquet("lists", use_dictionary=False), "parquet"),
    "arrow": lambda: SoundFile("arrow", _arrow(stream=False), "arrow"),
    "arrow, stream": lambda: SoundFile("arrow", _arrow(stream=True), "arrow"),
}
ARCHIVES = tuple(name for name in FORMATS if name.startswith(("tar", "zip", "parquet", "arrow")))
IMAGES = tuple(name for name in FORMATS if name not in ARCHIVES)
SHARE_OF_IMAGES = 0.72


@cache
def sound_file(name: str) -> SoundFile:
    """The sound file of a format."""
    return FORMATS[name]()


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
        value = int(raw.strip(b"\0 ") or b"0", 8) if raw.strip(b"\0 01234567") == b"" else 0
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
