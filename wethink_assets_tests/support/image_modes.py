"""One picture in every mode, format and depth that ingestion accepts, with odd orientations, transparencies, ranges and profiles."""

import io
import struct

import numpy as np
from PIL import Image, ImageCms
from pillow_heif import from_bytes, register_heif_opener

from wethink_assets_tests.support.images import encoded

WIDTH, HEIGHT = 64, 48
WIDE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
"""Chromaticities of the primaries of a wide space of colours (Adobe RGB's)."""


def matrix_profile(
    primaries: tuple[tuple[float, float], ...] = WIDE, gamma: float = 2.2, space: bytes = b"RGB "
) -> bytes:
    """An ICC profile of three primaries and a gamma, or of greys with that gamma."""
    white = np.array([0.9505, 1.0, 1.0890])
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    columns = columns * np.linalg.solve(columns, white)
    adapted = (columns.T * (np.array([0.9642, 1.0, 0.8249]) / white)).T

    def xyz(values: np.ndarray) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"text\0\0\0\0none\0\0\0\0"
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"wide\0" + b"\0" * 81
    tags = {b"wtpt": xyz(np.array([0.9642, 1.0, 0.8249])), b"cprt": text, b"desc": name}
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        tags |= {b"rXYZ": xyz(adapted[:, 0]), b"gXYZ": xyz(adapted[:, 1]), b"bXYZ": xyz(adapted[:, 2])}
        tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += tag + struct.pack(">II", start + len(body), len(content))
        body += content
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H4s4sI4s4sQI", 2026, 1, 1, 0, 0, 0, b"acsp", b"none", 0, b"none", b"none", 0, 0)
    header += struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + body


def drawn() -> Image.Image:
    """A smooth picture that no turn or mirror leaves as it is, and that survives a lossy format."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    red = 40 + 180 * across / (WIDTH - 1)
    green = 30 + 200 * down / (HEIGHT - 1)
    blue = 220 - 150 * np.hypot(across - 14, down - 10) / 70
    return Image.fromarray(np.stack([red, green, blue], -1).round().astype(np.uint8))


PICTURE = drawn()
GREY = PICTURE.convert("L")
VALUES = np.asarray(GREY)
RANGES = {"8 of 16 bits": 1.0, "10 of 16 bits": 1023 / 255, "12 of 16 bits": 4095 / 255, "16 bits": 257.0}


def _with_alpha(mode: str = "RGBA") -> Image.Image:
    alpha = np.tile(np.linspace(0, 255, WIDTH).round().astype(np.uint8), (HEIGHT, 1))
    image = PICTURE.convert("RGBA")
    image.putalpha(Image.fromarray(alpha))
    return image.convert(mode)


def _turned(form: str, orientation: int, **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(PICTURE, form, exif=exif, **options)


def _float(values: np.ndarray) -> bytes:
    return encoded(Image.fromarray(values.astype(np.float32)), "TIFF")


def _holes() -> np.ndarray:
    values = VALUES / 255
    values[:4, :4], values[:4, 4:8], values[:4, 8:12] = np.nan, np.inf, -np.inf
    return values


def _transparent_colour(mode: str) -> bytes:
    image = PICTURE.convert(mode)
    patch = image.crop((0, 0, 1, 1)).getpixel((0, 0))
    image.paste(patch, (0, 0, 30, 20))
    return encoded(image, "PNG", transparency=patch)


def _palette(form: str = "PNG", **options: object) -> bytes:
    return encoded(PICTURE.quantize(200), form, **options)


def _big_endian_16() -> bytes:
    values = (VALUES.astype(np.uint16) * 257).astype(">u2")
    return encoded(Image.frombytes("I;16B", (WIDTH, HEIGHT), values.tobytes()), "TIFF")


def _signed_32(factor: int, offset: int = 0) -> bytes:
    return encoded(Image.fromarray(VALUES.astype(np.int32) * factor + offset), "TIFF")


def _heif(image: Image.Image, orientation: int = 1, **options: object) -> bytes:
    register_heif_opener(thumbnails=False)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = image.copy()
    image.info["exif"] = exif.tobytes()  # the encoder makes a turn of the container of it
    return encoded(image, "HEIF", quality=95, chroma=444, **options)


def _heif_of_10_bits() -> bytes:
    data = (np.asarray(PICTURE).astype(np.uint16) * 257).tobytes()
    out = io.BytesIO()
    from_bytes("RGB;16", PICTURE.size, data).save(out, quality=95, chroma=444)
    return out.getvalue()


def _lab() -> bytes:
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    return encoded(ImageCms.applyTransform(PICTURE, transform), "TIFF")


def _profiled(form: str, **options: object) -> bytes:
    return encoded(PICTURE, form, icc_profile=matrix_profile(), **options)


def _deep_16(depth: str) -> bytes:
    return encoded(Image.fromarray((VALUES * RANGES[depth]).round().astype(np.uint16)), "PNG")


FAITHFUL: dict[str, bytes] = {
    "jpeg": encoded(PICTURE, quality=95, subsampling=0),
    "jpeg of greys": encoded(GREY, quality=95),
    "png": encoded(PICTURE, "PNG"),
    "png of greys": encoded(GREY, "PNG"),
    "webp": encoded(PICTURE, "WEBP", lossless=True),
    "png with the profile of sRGB": encoded(
        PICTURE, "PNG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    ),
    "png with a broken profile": encoded(PICTURE, "PNG", icc_profile=matrix_profile()[:200]),
    "png with no profile at all": encoded(PICTURE, "PNG", icc_profile=b"not a profile" * 30),
    "jpeg with a profile of greys": encoded(PICTURE, quality=95, icc_profile=matrix_profile(space=b"GRAY", gamma=1.0)),
    "jpeg of greys with a profile of colours": encoded(GREY, quality=95, icc_profile=matrix_profile()),
}
"""Files that every decoder reads alike: they are sent as they are."""
COLOURED: dict[str, bytes] = {
    "progressive jpeg": encoded(PICTURE, quality=95, subsampling=0, progressive=True),
    "png with a palette": _palette(),
    "gif": _palette("GIF"),
    "tiff": encoded(PICTURE, "TIFF"),
    "tiff in LZW": encoded(PICTURE, "TIFF", compression="tiff_lzw"),
    "tiff of YCbCr": encoded(PICTURE.convert("YCbCr"), "TIFF"),
    "tiff of LAB": _lab(),
    "tiff with a palette": _palette("TIFF"),
    "tiff of RGBX": encoded(PICTURE.convert("RGBX"), "TIFF"),
    "tiff of CMYK": encoded(PICTURE.convert("CMYK"), "TIFF"),
    "jpeg of CMYK": encoded(PICTURE.convert("CMYK"), quality=98, subsampling=0),
    "bmp": encoded(PICTURE, "BMP"),
    "bmp with a palette": _palette("BMP"),
    "avif": encoded(PICTURE, "AVIF", quality=98, subsampling="4:4:4"),
    "jpeg2000": encoded(PICTURE, "JPEG2000"),
    "heif": _heif(PICTURE),
    "heif of 10 bits": _heif_of_10_bits(),
    "heif turned by 3": _heif(PICTURE, 3),
    "heif turned by 6": _heif(PICTURE, 6),
    **{
        f"{form.lower()} turned by {turn}": _turned(
            form, turn, **({"quality": 95} if form in ("JPEG", "AVIF") else {"lossless": True})
        )
        for form in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")
        for turn in range(2, 9)
        if turn in (3, 6) or form == "JPEG"
    },
}
"""Files that show `PICTURE`, or a turn of it, when they are read right."""
GREYS: dict[str, bytes] = {
    "png with grey of 1 bit": encoded(GREY.convert("1"), "PNG"),
    "bmp of greys": encoded(GREY, "BMP"),
    "heif of greys": _heif(GREY),
    "tiff of greys": encoded(GREY, "TIFF"),
    "jpeg2000 of greys": encoded(GREY, "JPEG2000"),
    **{f"png of {depth}": _deep_16(depth) for depth in RANGES},
    "tiff of 16 bits": encoded(Image.fromarray(VALUES.astype(np.uint16) * 257), "TIFF"),
    "tiff of 16 bits, big-endian": _big_endian_16(),
    "tiff of 32 bits": _signed_32(257),
    "tiff of floats to 1": _float(VALUES / 255),
    "tiff of floats to 255": _float(VALUES),
    "tiff of floats to 65535": _float(VALUES * 257.0),
    "jpeg2000 of 16 bits": encoded(Image.fromarray(VALUES.astype(np.uint16) * 257), "JPEG2000"),
}
"""Files that show `GREY`."""
OTHER: dict[str, bytes] = {
    "png with alpha": encoded(_with_alpha(), "PNG"),
    "grey png with alpha": encoded(_with_alpha("LA"), "PNG"),
    "webp with alpha": encoded(_with_alpha(), "WEBP", lossless=True),
    "tiff with alpha": encoded(_with_alpha(), "TIFF"),
    "grey tiff with alpha": encoded(_with_alpha("LA"), "TIFF"),
    "avif with alpha": encoded(_with_alpha(), "AVIF", quality=98),
    "jpeg2000 with alpha": encoded(_with_alpha(), "JPEG2000"),
    "jpeg2000 of greys with alpha": encoded(_with_alpha("LA"), "JPEG2000"),
    "png with a palette and alpha": _palette(transparency=bytes(range(200))),
    "png with a transparent entry": _palette(transparency=90),
    "gif with a transparent entry": _palette("GIF", transparency=90),
    "png with a transparent colour": _transparent_colour("RGB"),
    "png with a transparent grey": _transparent_colour("L"),
    "png of 1 bit with a transparent grey": encoded(GREY.convert("1"), "PNG", transparency=0),
    "tiff of floats with holes": _float(_holes()),
    "tiff of floats below 0": _float(VALUES / 100 - 1),
    "tiff of large floats": _float(VALUES * 1e6),
    "tiff of 32 bits below 0": _signed_32(1000, -90_000),
    "tiff of nothing but NaN": _float(VALUES * np.nan),
    "tiff of flat floats": _float(VALUES * 0 + 0.5),
    "jpeg in a wide space": _profiled("JPEG", quality=95, subsampling=0),
    "png in a wide space": _profiled("PNG"),
    "webp in a wide space": _profiled("WEBP", lossless=True),
    "tiff in a wide space": _profiled("TIFF"),
    "avif in a wide space": _profiled("AVIF", quality=98),
    "png with alpha in a wide space": encoded(_with_alpha(), "PNG", icc_profile=matrix_profile()),
    "png with a palette in a wide space": _palette(icc_profile=matrix_profile()),
    "png of greys with a steep curve": encoded(GREY, "PNG", icc_profile=matrix_profile(gamma=1.0, space=b"GRAY")),
    "png of 16 bits with a steep curve": encoded(
        Image.fromarray(VALUES.astype(np.uint16) * 257), "PNG", icc_profile=matrix_profile(gamma=1.0, space=b"GRAY")
    ),
    "heif with alpha": _heif(_with_alpha()),
    "heif of several images": _heif(PICTURE, save_all=True, append_images=[Image.new("RGB", (WIDTH, HEIGHT))]),
    "heif whose second image is the primary one": _heif(
        Image.new("RGB", (WIDTH, HEIGHT)), save_all=True, append_images=[PICTURE], primary_index=1
    ),
    "heif in a wide space": _heif(PICTURE, icc_profile=matrix_profile()),
    "animated gif": encoded(
        PICTURE.quantize(64), "GIF", save_all=True, append_images=[Image.new("P", (WIDTH, HEIGHT))], duration=50
    ),
    "animated webp": encoded(PICTURE, "WEBP", save_all=True, append_images=[Image.new("RGB", (WIDTH, HEIGHT))]),
    "animated png": encoded(PICTURE, "PNG", save_all=True, append_images=[Image.new("RGB", (WIDTH, HEIGHT))]),
    "animated avif": encoded(PICTURE, "AVIF", save_all=True, append_images=[Image.new("RGB", (WIDTH, HEIGHT))]),
}
EVERY = {**FAITHFUL, **COLOURED, **GREYS, **OTHER}


def decoded(data: bytes) -> Image.Image:
    """A file as a decoder shows it that knows nothing of orientation, profiles, transparency or ranges."""
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")
