"""Sound image files and archives of all formats, small and always the same: what mutations start from.

`FORMATS` has them by name; a new format is one entry there.
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
from typing import Any

import numpy as np
import pyarrow
from PIL import Image

from wethink_assets_tests.support.images import encoded, photograph
from wethink_assets_tests.support.sources import parquet_of, tar_of, zip_member, zip_of


@dataclass(frozen=True)
class SoundFile:
    """A file of a format: its ending, its content, and whose structure its bytes have (as `fields_of` takes it)."""

    ending: str
    data: bytes
    structure: str = ""


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
            archive.writestr(zip_member(name, zipfile.ZIP_DEFLATED), data)
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


@cache
def sound_file(name: str) -> SoundFile:
    """The sound file of a format."""
    return FORMATS[name]()
