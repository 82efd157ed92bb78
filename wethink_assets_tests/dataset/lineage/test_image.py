"""An image is followed to its rows, versions and training runs."""

import json

import polars as pl
import pytest

from wethink_assets.dataset.lineage.image import whereabouts
from wethink_assets.dataset.lineage.version import lineage_of
from wethink_assets.errors import VersionError
from wethink_assets.identity import digest_of, sha256_hex
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut, note_policy


def test_an_image_is_followed_to_rows_versions_and_training(store: Store) -> None:
    grower = Grower(store)
    data = drawing(1)
    grower.grow("coco.000001", [(data, [COLOUR, CHOICE]), (drawing(2), [COLOUR])])
    version = cut(store)
    image = sha256_hex(data)
    rows = store.read_parquet(f"versions/{version}/rows.parquet").filter(pl.col("image_id") == image)
    (story,) = whereabouts(store, image[:10])
    assert json.loads(json.dumps(story)) == story
    assert {row["row_id"] for row in story["versions"][0]["rows"]} == set(rows["row_id"])
    assert story["trained"] == [] and story["retracted"] == [] and not story["erased"]
    assert {row["reached"] for row in story["in_force"]} == {"reasoning_paths"}
    note_policy(store, f"{version}.grpo-s1")
    for name in (image, story["files"][0]["item"], f"coco/{story['files'][0]['item']}"):
        (told,) = whereabouts(store, name)
        assert told["image_id"] == image
        assert [use["key"] for use in told["trained"]] == [f"{version}.grpo-s1"]
    assert [use["key"] for use in lineage_of(store, version)["trained"]] == [f"{version}.grpo-s1"]
    with pytest.raises(VersionError, match="holds no image"):
        whereabouts(store, "coco/nothing.jpg")
    with pytest.raises(VersionError, match="holds no image"):
        whereabouts(store, digest_of("nothing"))
