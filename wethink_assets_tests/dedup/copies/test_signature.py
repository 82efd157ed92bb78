"""Signatures: turns follow from one signature, crops nearly, copies lie near, and what is damaged or of another version is named."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from wethink_assets.dedup.copies.candidates import DISTANCE, candidates, distances
from wethink_assets.dedup.copies.pixels import TURNS, Pixels, compared_pixels
from wethink_assets.dedup.copies.signature import BYTES, CROP, HEADER, cropped, read_signatures, sign_picture, turned
from wethink_assets.sources.images.view import VIEW
from wethink_assets_tests.support.image_pairs.copies import COPIES
from wethink_assets_tests.support.image_pairs.pairs import labelled_pairs
from wethink_assets_tests.support.image_pairs.scenes import DRAWN


def pixels(kind: str, seed: int) -> Pixels:
    return np.asarray(DRAWN[kind][0](seed))


@pytest.mark.parametrize("kind", DRAWN)
def test_turning_a_picture_turns_its_signature(kind: str) -> None:
    picture = pixels(kind, 40)[:400, :400]
    for turn, way in enumerate(TURNS):
        follows = turned(read_signatures([sign_picture(picture)]), turn)
        signed = read_signatures([sign_picture(way.of(picture))])
        assert np.abs(follows[:, 0].astype(int) - signed[:, 0]).max() <= 2


def test_a_signature_of_a_crop_follows_nearly_from_that_of_the_whole() -> None:
    picture = pixels("photograph", 41)
    height, width = picture.shape[:2]
    cut = picture[round(height * CROP) :, : round(width * (1 - CROP))]
    follows = cropped(read_signatures([sign_picture(picture)]), (0.0, 1.0))[0]
    signed = read_signatures([sign_picture(cut)])[0, 0].astype(np.float32).ravel()
    assert follows @ signed / np.linalg.norm(follows) / np.linalg.norm(signed) > 0.97


def test_copies_are_candidates_whichever_comes_first_and_in_any_company() -> None:
    pairs = [pair for pair in labelled_pairs([44], ["photograph", "drawing"]) if pair.truth == "copy"]
    assert len(pairs) == 2 * len(COPIES)
    first, second = (
        read_signatures([sign_picture(compared_pixels(data)) for data in side])
        for side in ([pair.first for pair in pairs], [pair.second for pair in pairs])
    )
    found = candidates(first, second)
    assert {(place, place) for place in range(len(pairs))} <= set(
        zip(found.first.tolist(), found.second.tolist(), strict=True)
    )
    assert (found.distance <= DISTANCE).all()
    alone = [float(distances(first[i : i + 1], second[i : i + 1])[0][0, 0]) for i in range(len(pairs))]
    assert np.allclose(np.diag(distances(first, second)[0]), alone, atol=1e-5)
    assert np.allclose(distances(first, second)[0], distances(second, first)[0].T, atol=0.01)


def test_the_search_finds_what_comparing_each_with_each_finds() -> None:
    pairs = [pair for pair in labelled_pairs([45], ["document", "drawing"]) if pair.change != "16-bit"]
    signed = read_signatures(
        [sign_picture(compared_pixels(data)) for pair in pairs for data in (pair.first, pair.second)]
    )
    lengths, turns = distances(signed, signed)
    found = candidates(signed, signed)
    near = np.zeros(lengths.shape, np.bool_)
    near[found.first, found.second] = True
    sure = np.abs(lengths - DISTANCE) > 1e-5  # the last digit may be another in another order of sums
    assert (near == (lengths <= DISTANCE))[sure].all() and near.sum() > 4 * len(signed)
    assert np.allclose(found.distance, lengths[found.first, found.second], atol=1e-5)
    assert (found.turn == turns[found.first, found.second]).mean() > 0.99  # of two turns that do alike either is taken
    alone = candidates(signed[3:4], signed[7:9])
    rows = (found.first == 3) & ((found.second == 7) | (found.second == 8))
    assert alone.distance.tolist() == found.distance[rows].tolist()  # to the bit: no other picture counts


def test_no_pictures_have_no_candidates() -> None:
    assert len(candidates(read_signatures([]), read_signatures([]))) == 0


def test_what_is_damaged_or_of_another_version_is_named() -> None:
    picture = io.BytesIO()
    Image.new("RGB", (30, 20), "white").save(picture, "PNG")
    signature = sign_picture(compared_pixels(picture.getvalue()))
    assert len(signature) == BYTES and signature.startswith(HEADER)
    with pytest.raises(ValueError, match="signature 1 has 12 bytes, and 434 belong there"):
        read_signatures([signature, signature[:12]])
    with pytest.raises(
        ValueError, match=rf"signature 0 is of version 9 and view {VIEW}, not of 1 and {VIEW}: sign it anew"
    ):
        read_signatures([b"\x09" + signature[1:]])


def test_a_page_within_a_frame_is_a_candidate_for_the_page() -> None:
    page = DRAWN["document"][0](6005)
    framed = ImageOps.expand(page, (round(page.width * 0.1), round(page.height * 0.1)), "#30508a")
    signed = read_signatures([sign_picture(np.asarray(picture)) for picture in (page, framed)])
    assert candidates(signed[:1], signed[1:]).distance.tolist() == pytest.approx([0], abs=0.05)
