"""Pictures whose bytes are chosen so that the hashes of their ids fall into a split, and a store with two copies that fall apart."""

import random

from PIL import Image

from wethink_assets.dataset.cuts.alike_images import compare_images
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.identity import sha256_hex, split_of
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.image_pairs.copies import COPIES, encoded
from wethink_assets_tests.support.image_pairs.scenes import DRAWN
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.stage_tables import Grower

SEED = 7600


def in_split(picture: Image.Image | bytes, split: str) -> bytes:
    """A picture in such bytes that the hash of its id falls into a split: what stands behind its end, no decoder reads."""
    coded = picture if isinstance(picture, bytes) else encoded(picture, "PNG")
    return next(data for n in range(400) if split_of(sha256_hex(data := coded + b"%d" % n)) == split)


def grow_page_and_plot(store: Store) -> bytes:
    """Two copies of a page whose hashes lie apart, and a chart, compared with each other; the file of the chart."""
    rng = random.Random(SEED)
    page, plot = (DRAWN[kind][0](SEED) for kind in ("document", "chart"))
    copy, chart = in_split(COPIES["mirrored"](page, rng), "validation"), encoded(plot, "PNG")
    Grower(store).grow("coco.000001", [(in_split(page, "train"), [COLOUR]), (chart, [CHOICE])])
    Grower(store).grow("coco.000002", [(copy, [CHOICE])])
    compare_images(store, CutRecipe())
    return chart
