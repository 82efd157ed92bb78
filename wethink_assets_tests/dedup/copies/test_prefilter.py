"""The pre-filter lets copies through, and hardly any pictures that only share their layout."""

import random

import pytest

from wethink_assets.dedup.copies.candidates import distances
from wethink_assets.dedup.copies.pixels import compared_pixels
from wethink_assets.dedup.copies.prefilter import Thumbnails, may_be_same
from wethink_assets.dedup.copies.signature import read_signatures, sign_picture
from wethink_assets_tests.support.image_pairs.copies import COPIES, encoded
from wethink_assets_tests.support.image_pairs.scenes import DRAWN


@pytest.mark.parametrize("kind", DRAWN)
def test_copies_pass_whichever_way_they_lie(kind: str) -> None:
    picture, rng = DRAWN[kind][0](7400), random.Random(7400)
    own = compared_pixels(encoded(picture, "PNG"))
    signed = read_signatures([sign_picture(own)])
    for change, copied in COPIES.items():
        other = compared_pixels(copied(picture, rng))
        turn = int(distances(signed, read_signatures([sign_picture(other)]))[1][0, 0])
        assert may_be_same(Thumbnails.of(own), Thumbnails.of(other), turn), change


def test_pages_that_share_their_layout_do_not_pass() -> None:
    pages = [Thumbnails.of(compared_pixels(encoded(DRAWN["document"][0](seed), "PNG"))) for seed in range(7410, 7416)]
    passed = sum(may_be_same(one, other) for place, one in enumerate(pages) for other in pages[:place])
    assert passed == 0


def test_plain_pictures_have_no_structure_that_differs() -> None:
    white, black = (
        Thumbnails.of(
            compared_pixels(
                encoded(DRAWN["drawing"][0](1).convert("L").point(lambda _, v=value: v).convert("RGB"), "PNG")
            )
        )
        for value in (255, 0)
    )
    assert may_be_same(white, white) and not may_be_same(white, black)
