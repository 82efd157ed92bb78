"""Colours of more than 8 bits a channel are shown by the range of their values, in whatever container they lie."""

import struct
import zlib
from itertools import product

import cv2
import numpy as np
import pytest

from wethink_assets.sources.images.decoding import ImageFacts, ImageFault, examine
from wethink_assets.sources.images.view import as_shown, grey_view, view

SIDE = 64
RAMP = np.linspace(0, 1, SIDE)
ACROSS, DOWN = np.meshgrid(RAMP, RAMP)
COLOURS = np.stack([ACROSS, DOWN, 1 - ACROSS], -1)
DEPTHS = {"8 in 16": 255, "10 in 16": 1023, "12 in 16": 4095, "14 in 16": 16383, "16": 65535}


def stored(name: str, values: np.ndarray, *options: int) -> bytes:
    """A file of RGB, or RGB and alpha, by OpenCV, which has blue first."""
    values = values[..., [2, 1, 0, 3][: values.shape[-1]]] if values.ndim == 3 else values
    return cv2.imencode(name, values, options)[1].tobytes()


def colours_up_to(largest: int) -> np.ndarray:
    return np.round(COLOURS * largest).astype(np.uint16)


def with_alpha(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.concatenate([colours, np.round(alpha * 65535).astype(np.uint16)[..., None]], -1)


def difference(data: bytes, colours: np.ndarray) -> float:
    """Mean difference of a file's view from colours of 0 to 1, in 255ths."""
    return float(np.abs(np.asarray(view(data), float) - colours * 255).mean())


@pytest.mark.parametrize("name, depth", product([".png", ".tiff"], DEPTHS))
def test_values_keep_their_brightness_in_any_container(name: str, depth: str) -> None:
    data = stored(name, colours_up_to(DEPTHS[depth]))
    facts = examine(data)
    assert isinstance(facts, ImageFacts) and facts.mode == "RGB"
    assert difference(data, COLOURS) < 0.5
    grey = np.asarray(grey_view(data), float)
    assert np.abs(grey - np.asarray(view(data).convert("L"), float)).max() <= 1


@pytest.mark.parametrize("depth", ["8 in 16", "10 in 16", "12 in 16"])
def test_so_do_those_of_jpeg_2000(depth: str) -> None:
    assert difference(stored(".jp2", colours_up_to(DEPTHS[depth])), COLOURS) < 1


@pytest.mark.parametrize("name", [".png", ".tiff"])
def test_what_is_transparent_lies_on_white(name: str) -> None:
    data = stored(name, with_alpha(colours_up_to(4095), DOWN))
    assert difference(data, COLOURS * DOWN[..., None] + (1 - DOWN[..., None])) < 1


def test_a_colour_that_is_called_transparent_is_one_of_all_bits() -> None:
    colours = colours_up_to(4095)
    data = stored(".png", colours)
    chunk = b"tRNS" + struct.pack(">HHH", *colours[20, 30].tolist())
    end_of_header = 8 + 25
    data = (
        data[:end_of_header]
        + struct.pack(">I", 6)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + data[end_of_header:]
    )
    expected = COLOURS.copy()
    expected[20, 30] = 1
    assert difference(data, expected) < 0.5
    assert np.asarray(view(data))[20, 30].tolist() == [255, 255, 255], "and no other pixel, though many are alike"


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("largest", [1, 255, 4095])
def test_floats_are_read(kind: type, largest: int) -> None:
    data = stored(".tiff", (COLOURS * largest).astype(kind))
    facts = examine(data)
    assert isinstance(facts, ImageFacts) and facts.format == "tiff"
    assert difference(data, COLOURS) < 0.5
    assert difference(stored(".tiff", (ACROSS * largest).astype(kind)), np.stack([ACROSS] * 3, -1)) < 0.5


def test_models_are_sent_what_is_shown() -> None:
    data = stored(".png", colours_up_to(4095))
    media_type, sent = as_shown(data, ("image/png",))
    assert media_type == "image/png" and difference(sent, COLOURS) < 0.5
    bright = stored(".png", colours_up_to(255).astype(np.uint8))
    assert as_shown(bright, ("image/png",)) == ("image/png", bright)


def test_a_dark_picture_of_all_16_bits_stays_dark() -> None:
    """Its values tell its depth only where one of them is bright."""
    colours = colours_up_to(4095)
    colours[0, 0] = 65535
    assert np.asarray(view(stored(".png", colours))).mean() < 10


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("compression", [1, 5, 8])
def test_what_is_cut_is_refused(kept: float, compression: int) -> None:
    for values in (COLOURS.astype(np.float64), colours_up_to(4095)):
        whole = stored(".tiff", values, cv2.IMWRITE_TIFF_COMPRESSION, compression)
        fault = examine(whole[: int(len(whole) * kept)])
        assert isinstance(fault, ImageFault) and fault.reason in ("truncated", "corrupt")


def retagged(data: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF in which a tag of one short value has another."""
    (start,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, start)
    changed = bytearray(data)
    (at,) = (
        at for at in range(start + 2, start + 2 + 12 * entries, 12) if struct.unpack_from("<H", data, at)[0] == tag
    )
    struct.pack_into("<H", changed, at + 8, value)
    return bytes(changed)


@pytest.mark.parametrize("tag, value, said", [(258, 16, "floats of 16 bits"), (284, 2, "planes of floats of 32 bits")])
def test_values_that_nothing_reads_are_no_damage(tag: int, value: int, said: str) -> None:
    values = ACROSS if tag == 258 else COLOURS
    fault = examine(retagged(stored(".tiff", values.astype(np.float32)), tag, value))
    assert fault == ImageFault("not_an_image", f"TIFF: {said} are not read")


def test_values_that_would_fill_the_memory_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wethink_assets.sources.images.deep_colours.MOST_BYTES", 1000)
    fault = examine(stored(".tiff", COLOURS.astype(np.float64)))
    assert isinstance(fault, ImageFault) and fault.reason == "too_large"
