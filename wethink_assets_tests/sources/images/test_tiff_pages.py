"""Later pages of a TIFF, and strips by their sums: what was cut or has a hole is refused, and what only looks odd is not."""

import struct

import numpy as np
import pytest
from PIL import Image

from wethink_assets.sources.images import tiff_pages, tiff_strips
from wethink_assets.sources.images.decoding import ImageFacts, ImageFault, examine
from wethink_assets_tests.support.images import encoded

PACKINGS = ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"]


def pages(packing: str, count: int = 3) -> bytes:
    rng = np.random.default_rng(1)
    ramp = np.add.outer(np.arange(120), np.arange(160))[..., None] // 2
    drawn = [Image.fromarray((ramp + rng.integers(0, 40, (120, 160, 3))).astype(np.uint8)) for _ in range(count)]
    return encoded(drawn[0], "TIFF", save_all=True, append_images=drawn[1:], compression=packing)


def fault(data: bytes) -> ImageFault:
    outcome = examine(data)
    assert isinstance(outcome, ImageFault)
    return outcome


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_file_cut_within_a_later_page_is_truncated(packing: str) -> None:
    data = pages(packing)
    whole = examine(data)
    assert isinstance(whole, ImageFacts) and whole.frames == 3
    for share in (0.36, 0.5, 0.65, 0.7, 0.9, 0.99):
        assert fault(data[: int(len(data) * share)]).reason == "truncated"


@pytest.mark.parametrize(("packing", "hole"), [("tiff_adobe_deflate", 16), ("tiff_lzw", 600)])
def test_a_hole_of_zeros_is_found_on_every_page(packing: str, hole: int) -> None:
    data = pages(packing)
    for share in (0.2, 0.5, 0.8):
        place = int(len(data) * share)
        assert fault(data[:place] + bytes(hole) + data[place + hole :]).reason == "corrupt"


def test_another_byte_in_deflate_is_found_by_its_sum() -> None:
    data = bytearray(pages("tiff_adobe_deflate"))
    data[len(data) // 2] ^= 1
    found = fault(bytes(data))
    assert found.reason == "corrupt" and "page 2" in found.detail


def with_next_page_at(data: bytes, place: int) -> bytes:
    """A TIFF of one page whose chain goes on there."""
    (first,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, first)
    changed = bytearray(data)
    struct.pack_into("<I", changed, first + 2 + 12 * entries, place)
    return bytes(changed)


def test_a_chain_that_ends_with_the_file_or_with_a_chance_number_loses_no_picture() -> None:
    data = pages("raw", 1)
    for place in (len(data), 0xFFFFFFFF, 0xCDCDCDCD):
        assert isinstance(examine(with_next_page_at(data, place)), ImageFacts)
    assert fault(with_next_page_at(data, len(data) + 4000)).detail == "page 2 begins 4000 bytes after its end"


def test_a_page_whose_strips_are_announced_too_long_and_can_be_read_is_sound() -> None:
    """Some writers round the bytes of the last strip up."""
    data = bytearray(pages("raw", 2))
    places, _ = tiff_pages._pages(data)
    directory = tiff_strips.directory_at(data, places[1])
    assert len(directory.values(data, tiff_strips.STRIP_SIZES)) == 1
    directory.rewrite(data, tiff_strips.STRIP_SIZES, [len(data)])
    assert isinstance(examine(bytes(data)), ImageFacts)


def test_what_is_looked_at_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strips that overlap are as much work as their lengths say, and no more than the bound."""
    drawn = Image.new("L", (64, 400))
    data = bytearray(encoded(drawn, "TIFF", compression="tiff_adobe_deflate", tiffinfo={278: 1}))
    directory = tiff_strips.first_directory(data)
    sizes = directory.values(data, tiff_strips.STRIP_SIZES)
    assert len(sizes) == 400 and tiff_pages.page_damage(bytes(data)) is None
    data[directory.values(data, tiff_strips.PLACES[0][0])[-1] + 2] ^= 0xFF
    assert tiff_pages.page_damage(bytes(data)) is not None
    monkeypatch.setattr(tiff_pages, "MOST_BYTES", 399 * (64 + tiff_pages._LEAST))
    assert tiff_pages.page_damage(bytes(data)) is None
