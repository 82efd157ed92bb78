"""`wethink duplicates`: what the images of near-duplicate rows are to each other."""

import json
from pathlib import Path

from PIL import ImageDraw

from wethink_assets.identity import sha256_hex
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.images import encoded, photograph
from wethink_assets_tests.support.question_tables import CAT
from wethink_assets_tests.support.stage_tables import Grower


def changed_cup() -> bytes:
    """The photograph of a cup with a sticker on it that is too small for the quick method."""
    coffee = photograph("coffee.png").copy()
    ImageDraw.Draw(coffee).ellipse((236, 120, 266, 140), "#3a6a2a")
    return encoded(coffee, quality=95)


def test_joined_pictures_are_told_with_their_verdict(wethink: Wethink, local: Store, grower: Grower) -> None:
    cup, other = encoded(photograph("coffee.png"), quality=95), changed_cup()
    grower.grow("coco.000003", [(cup, [CAT]), (other, [CAT])])
    assert wethink("cut").exit_code == 0
    told = json.loads(wethink("duplicates", "v0001", "--json").stdout)
    assert told["counts"] == {"copy": 1, "altered": 1, "other": 0} and told["in_all"] == 2
    assert told["method"] == "copies-1" and told["unread"] == {}
    altered = next(pair for pair in told["pairs"] if pair["verdict"] == "altered")
    assert (altered["left_out"], altered["kept"]) == (sha256_hex(other), sha256_hex(cup))
    shown = wethink("duplicates", "v0001").stdout
    assert "2 image pairs were matched as near duplicates; 2 compared: 1 copy, 1 altered, 0 other" in shown
    assert len(json.loads(wethink("duplicates", "v0001", "--pairs", "1", "--json").stdout)["pairs"]) == 1


def test_a_picture_that_is_gone_is_named_and_the_others_are_compared(
    wethink: Wethink, local: Store, grower: Grower
) -> None:
    cup, other = encoded(photograph("coffee.png"), quality=95), changed_cup()
    grower.grow("coco.000003", [(cup, [CAT]), (other, [CAT])])
    assert wethink("cut").exit_code == 0
    next(Path(local.url).rglob(f"{sha256_hex(other)}*")).unlink()
    shown = wethink("duplicates", "v0001")
    assert shown.exit_code == 0 and "1 compared: 1 copy" in shown.stdout
    assert sha256_hex(other) in shown.stderr and "missing" in shown.stderr


def test_a_version_that_is_not_there(wethink: Wethink, grower: Grower) -> None:
    assert "there is no version v0009" in str(wethink("duplicates", "v0009").exception)
