"""A store of two sources, of which images are taken down."""

from wethink_assets.identity import sha256_hex
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.stage_tables import Grower

ONE, TWO = drawing(1), drawing(2)
IMAGE = sha256_hex(ONE)


def filled(store: Store) -> Store:
    grower = Grower(store)
    grower.grow("coco.000001", [(ONE, [COLOUR, CHOICE]), (TWO, [COLOUR])])
    grower.grow("geoqa+.000001", [(drawing(3), [COLOUR])], licence="MIT")
    return store


def images_of(store: Store, version: str) -> set[str]:
    return set(store.read_parquet(f"versions/{version}/rows.parquet")["image_id"])
