"""Splits of versions whose images are rendered pictures: alike ones lie together, a merge of groups is told, and what was trained on stays so."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest
from PIL import Image

from wethink_assets.dataset.cuts.alike_images import compare_images
from wethink_assets.dataset.cuts.cut import Cut, read_cut
from wethink_assets.dataset.cuts.decision import NothingNew, decide_cut
from wethink_assets.dataset.cuts.image_splits import read_splits, splits_path
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.lineage.diff import diff_versions
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.dedup import image_links
from wethink_assets.dedup.copies.pixels import compared_pixels
from wethink_assets.dedup.copies.signature import read_signatures, sign_picture
from wethink_assets.dedup.image_links import link_images
from wethink_assets.dedup.link_files import FOLDER, forget_signatures, read_steps
from wethink_assets.errors import StoreError
from wethink_assets.identity import sha256_hex
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.alike_pictures import in_split
from wethink_assets_tests.support.image_pairs.copies import encoded
from wethink_assets_tests.support.image_pairs.scenes import DRAWN
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built, rows_of

SEED = 7400
PAGE, PLOT = (DRAWN[kind][0](SEED) for kind in ("document", "chart"))
PHOTO = DRAWN["photograph"][0](7401)


def cropped(picture: Image.Image, corner: int) -> Image.Image:
    """A picture less a tenth at two of its sides: what is left of it at opposite corners is no longer alike, but both are to the whole."""
    width, height = picture.width * 9 // 10, picture.height * 9 // 10
    left, top = (picture.width - width) * corner, (picture.height - height) * corner
    return picture.crop((left, top, left + width, top + height))


def next_version(store: Store, recipe: CutRecipe | None = None) -> str:
    compare_images(store, recipe or CutRecipe())
    return built(store, recipe).version


def splits_in(store: Store, version: str) -> dict[str, str]:
    return dict(rows_of(store, version).select("image_id", "split").iter_rows())


def merged(local: Store) -> tuple[str, str]:
    """A version with two crops that are not alike, one held out, and the next one, with the whole picture; the image ids of the crops."""
    pictures = [in_split(cropped(PHOTO, corner), ("train", "validation")[corner]) for corner in (0, 1)]
    Grower(local).grow("coco.000001", [(data, [COLOUR]) for data in pictures])
    next_version(local)
    Grower(local).grow("coco.000002", [(in_split(PHOTO, "validation"), [CHOICE])])
    next_version(local)
    trained, held_out = map(sha256_hex, pictures)
    return trained, held_out


def test_alike_pictures_lie_together_whatever_their_bytes_hash_to(local: Store) -> None:
    mirrored = PAGE.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    pages = [in_split(PAGE, "validation"), in_split(mirrored, "train")]
    plots = [in_split(PLOT, "train"), in_split(DRAWN["chart"][0](SEED, "year"), "validation")]
    alone = in_split(PHOTO, "validation")
    Grower(local).grow("coco.000001", [(pages[0], [COLOUR]), (plots[0], [CHOICE])])
    Grower(local).grow("coco.000002", [(pages[1], [CHOICE]), (plots[1], [COLOUR]), (alone, [COLOUR])])
    by_image = splits_in(local, next_version(local, CutRecipe(split_by="image")))
    assert not local.names(FOLDER), "where each image goes by itself nothing is compared"
    by_group = splits_in(local, next_version(local))
    for one, other in (map(sha256_hex, pair) for pair in (pages, plots)):
        assert by_image[one] != by_image[other] and by_group[one] == by_group[other] == "train"
    assert by_group[sha256_hex(alone)] == "validation"
    # The first version held them apart, so that they are groups of one image each, merged now: what was trained on stays.
    told = read_manifest(local, "v0002").splits
    assert told["groups"] == 2 and told["images"] == 4 and told["merged"] == 2
    assert told["moved"] == {"images": 2, "rows": 2} and not told["unchecked"]
    assert isinstance(decide_cut(local, CutRecipe()), NothingNew)


def test_a_group_keeps_its_split_as_it_grows_and_growth_compares_new_images_only(local: Store) -> None:
    Grower(local).grow("coco.000001", [(in_split(PAGE, "validation"), [COLOUR])])
    next_version(local)
    (first,) = (path for path in local.files(FOLDER) if "signatures" not in path)
    before = local.read(first)
    copy = in_split(PAGE.transpose(Image.Transpose.ROTATE_90), "train")
    Grower(local).grow("coco.000002", [(copy, [CHOICE])])
    assert compare_images(local, CutRecipe()) == 1 and compare_images(local, CutRecipe()) == 0
    assert set(splits_in(local, next_version(local)).values()) == {"validation"}
    assert local.read(first) == before
    assert not read_manifest(local, "v0002").splits["merged"]


def test_a_merge_of_groups_is_told_and_earlier_versions_stay(local: Store, wethink: Wethink) -> None:
    trained, held_out = merged(local)
    assert splits_in(local, "v0001") == {trained: "train", held_out: "validation"}
    assert set(splits_in(local, "v0002").values()) == {"train"}
    told = read_manifest(local, "v0002").splits
    assert (told["merged"], told["moved"]) == (1, {"images": 1, "rows": 1})
    card = local.read("versions/v0002/README.md").decode()
    assert "1 groups were merged into older ones" in card and "went from validation to train" in card
    (moved,) = diff_versions(local, "v0001", "v0002").splits
    assert (moved["image_id"], moved["before"], moved["after"]) == (held_out, "validation", "train")
    assert "was merged into" in moved["reason"]
    shown = wethink("diff", "v0001", "v0002").stdout
    assert "1 rows lie in another split" in shown and "merged" in shown
    assert build_version(local, "v0001").rows == 2, "the version of before is built to the same bytes"
    assert verify_versions(local).sound


def test_splits_that_are_lost_or_altered_are_named(local: Store) -> None:
    Grower(local).grow("coco.000001", [(in_split(PAGE, "train"), [COLOUR])])
    compare_images(local, CutRecipe())
    path = splits_path(read_cut(local, built(local).version).splits)
    forged = local.read_parquet(path)
    local.write_parquet(path, pl.concat([forged, forged.clear(1)]))
    (fault,) = verify_versions(local).faults
    assert (fault.path, fault.fault) == (path, "altered")
    with pytest.raises(StoreError, match=r"splits/.* was altered"):
        build_version(local, "v0001")
    local.delete(path)
    (fault,) = verify_versions(local).faults
    assert (fault.path, fault.fault) == (path, "missing")


def test_two_processes_at_once_compare_each_image_once(local: Store) -> None:
    pictures = [in_split(DRAWN["drawing"][0](seed), "train") for seed in range(4)]
    names = [(sha256_hex(data), "coco.000001", Blobs(local).put(data, "png")) for data in pictures]

    def compare(images: list[tuple[str, str, str]]) -> int:
        frame = pl.DataFrame(images, schema=["image_id", "batch", "blob"], orient="row")
        return link_images(Store.open(local.url), frame, lambda image, batch: None)

    with ThreadPoolExecutor(4) as pool:
        new = list(pool.map(compare, [names[:3], names[1:], names[:2], names[2:]]))
    held = pl.concat(read_steps(local))["image_id"]
    assert sum(new) == 4 and sorted(held) == sorted(name for name, *_ in names)


def test_a_comparison_that_was_interrupted_signs_nothing_twice(local: Store) -> None:
    Grower(local).grow("coco.000001", [(in_split(picture, "train"), [COLOUR]) for picture in (PAGE, PLOT)])

    def interrupting(what: str, done: int, total: int) -> None:
        if what == "searching alike images":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_images(local, CutRecipe(), interrupting)
    assert not read_steps(local)
    told: list[str] = []
    assert compare_images(local, CutRecipe(), lambda what, done, total: told.append(what)) == 2
    assert "signing images" not in told and len(read_steps(local)) == 1


def test_of_many_look_alikes_each_is_compared_with_the_nearest(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_links, "SEARCHED", 128)
    chance = np.random.default_rng(5)
    page = read_signatures([sign_picture(compared_pixels(encoded(DRAWN["document"][0](3), "PNG")))])[0].astype(np.int16)
    noise = chance.integers(-6, 7, size=(400, *page.shape))
    alike = np.clip(page + noise, -127, 127).astype(np.int8)
    alike[370] = alike[7]  # a copy
    seen: list[tuple[str, int, int]] = []
    with caplog.at_level("INFO"):
        pairs = image_links._nearest(alike, 300, lambda *told: seen.append(told))
    assert "300 images look like more than 16 others" in caplog.text
    assert len(pairs) <= 300 * image_links.NEAREST and pairs == sorted(pairs)
    assert {(one, other) for one, distance, other in pairs if distance < 1e-4} == {(7, 370)}
    assert all(one < 300 and one < other for one, _, other in pairs)
    assert seen[-1] == ("searching alike images", 300, 300)


def test_signatures_of_erased_images_are_forgotten_and_lost_ones_made_again(local: Store) -> None:
    pictures = [in_split(PAGE, "train"), in_split(PLOT, "train")]
    Grower(local).grow("coco.000001", [(data, [COLOUR]) for data in pictures])
    compare_images(local, CutRecipe())
    (path,) = (path for path in local.files(FOLDER) if "signatures" in path)
    forget_signatures(local, [sha256_hex(pictures[0])])
    assert local.read_parquet(path)["image_id"].to_list() == [sha256_hex(pictures[1])]
    local.delete(path)
    copies = [in_split(picture.transpose(Image.Transpose.ROTATE_180), "validation") for picture in (PAGE, PLOT)]
    Grower(local).grow("coco.000002", [(data, [COLOUR]) for data in copies])
    assert set(splits_in(local, next_version(local)).values()) == {"train"}


def test_images_that_were_not_compared_are_told(local: Store) -> None:
    Grower(local).grow("coco.000001", [(in_split(PAGE, "train"), [COLOUR])])
    compare_images(local, CutRecipe())
    Grower(local).grow("coco.000002", [(in_split(PLOT, "train"), [CHOICE])])
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut)
    build_version(local, cut.version)
    assert read_splits(local, cut.splits).figures()["unchecked"] == 1
    assert "**Not checked:** 1 images were not compared" in local.read("versions/v0001/README.md").decode()
