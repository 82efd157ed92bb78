"""`wethink duplicates`: groups with their distances, near misses, other thresholds, and what the images of near duplicates are to each other."""

import json
from pathlib import Path

from PIL import Image, ImageDraw

from wethink_assets.identity import sha256_hex
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.images import drawing, encoded, photograph
from wethink_assets_tests.support.question_tables import CAT, Asked
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
    told = json.loads(wethink("duplicates", "v0001", "--json").stdout)["pictures"]
    assert told["counts"] == {"copy": 1, "altered": 1, "other": 0} and told["in_all"] == 2
    assert told["method"] == "copies-1" and told["unread"] == {}
    altered = next(pair for pair in told["pairs"] if pair["verdict"] == "altered")
    assert (altered["left_out"], altered["kept"]) == (sha256_hex(other), sha256_hex(cup))
    shown = wethink("duplicates", "v0001").stdout
    assert "2 image pairs were matched as near duplicates; 2 compared: 1 copy, 1 altered, 0 other" in shown
    assert len(json.loads(wethink("duplicates", "v0001", "--pairs", "1", "--json").stdout)["pictures"]["pairs"]) == 1


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


def brighter(image: Image.Image, by: int) -> bytes:
    """A picture whose values are all higher by so much, where they can be: its hash stays, its reduced pixels differ by that."""
    return encoded(image.point(lambda value: min(255, value + by)), "PNG")


def test_groups_distances_near_misses_and_other_thresholds(wethink: Wethink, grower: Grower, tmp_path: Path) -> None:
    cup = photograph("coffee.png")
    pictures = [brighter(cup, by) for by in (0, 4, 12)]  # within the threshold of 6, and beyond by less than half of it
    similar = Asked("What kind of animal is shown in this large picture?", "a cat")
    near = Asked("What kind of animals is shown in this large picture?", "a cat")
    grower.grow("coco.000003", [(data, [CAT]) for data in pictures] + [(drawing(9), [similar, near, similar])])
    assert wethink("cut").exit_code == 0
    told = json.loads(wethink("duplicates", "v0001", "--pairs", "1", "--json").stdout)
    excluded = sum(told["left_out"].values())
    assert told["left_out"] == {"duplicate_exact": 1, "duplicate_near": 2} and told["fault"] == ""
    by_pictures = {member["image"]: member for one in told["clusters"] for member in one["members"] if one["survivor"]}
    (moved,) = {sha256_hex(data) for data in pictures[:2]} & by_pictures.keys()
    assert by_pictures[moved]["reason"] == "duplicate_near" and 3 < by_pictures[moved]["difference"] < 5
    assert by_pictures[moved]["bits"] == 0 and by_pictures[sha256_hex(drawing(9))]["difference"] == 0
    curve = next(one for one in told["curves"] if one["threshold"] == "pixel_difference")
    counts = {value: count for value, count, _ in curve["points"]}
    assert curve["in_force"] == 6 and counts[6] == excluded
    assert counts[0] < counts[6] < counts[18] and sorted(counts.values()) == list(counts.values())
    ((miss,), (worded,)) = told["near"], told["worded"]
    assert 6 < miss["difference"] <= 9 and worded["similarity"] > 0.8
    shown = wethink("duplicates", "v0001").stdout
    assert f"{told['kept']} rows; excluded in 3 groups of duplicates: 1 duplicate_exact, 2 duplicate_near" in shown
    assert "6 *" in shown and miss["row"] in shown and worded["row"] in shown


def test_the_page_stands_by_itself_and_escapes_what_it_shows(wethink: Wethink, grower: Grower, tmp_path: Path) -> None:
    hostile = Asked("<script>alert(1)</script><img src=x onerror=alert(2)>\u202e", "'\"><b>bold</b>")
    cup = photograph("coffee.png")
    grower.grow("coco.000003", [(brighter(cup, by), [hostile]) for by in (0, 4)])
    assert wethink("cut").exit_code == 0
    page = tmp_path / "page.html"
    page.write_text("of before")
    assert f"{page}: the page" in wethink("duplicates", "v0001", "--html", str(page)).stdout
    text = page.read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in text and "<script" not in text and "<b>bold" not in text and "\u202e" not in text
    assert "default-src 'none'" in text and "http://" not in text and "https://" not in text
    assert text.count('src="data:image/') >= 4 and [file.name for file in tmp_path.glob("*writing*")] == []
    assert wethink("duplicates", "v0001", "--html", str(tmp_path)).exit_code != 0 and page.read_text() == text


def test_rows_whose_source_was_taken_down_are_counted_and_not_told(
    wethink: Wethink, grower: Grower, tmp_path: Path
) -> None:
    cup = photograph("coffee.png")
    grower.grow("flickr.000001", [(brighter(cup, by), [CAT]) for by in (0, 4)], licence="CC-BY-NC-4.0")
    assert wethink("cut").exit_code == 0
    assert wethink("retract", "CC-BY-NC-4.0", "--kind", "licence").exit_code == 0
    told = json.loads(wethink("duplicates", "v0001", "--json").stdout)
    assert told["taken_down"] == 1 and all(
        member["source"] != "flickr" for one in told["clusters"] for member in one["members"]
    )
