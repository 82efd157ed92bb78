"""A store with a few grown batches."""

from pathlib import Path

import pytest

from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.growing import Asked, Grower
from wethink_assets_tests.pictures import drawing, encoded, photograph

COLOUR = Asked("What colour is the largest block?", "red")
CHOICE = Asked("Which is largest?", "B", "MC", ("a circle", "a block"), ("Reasoning", "Spatial Awareness"))
STORY = Asked("Describe the picture.", "Blocks of many colours.", "DES", (), ("Reasoning", "Language Generation"))
CAT = Asked("What animal is shown in the picture?", "a cat", "FIB", (), ("Reasoning", "Knowledge"))


@pytest.fixture
def local(tmp_path: Path) -> Store:
    """An empty store on this disk."""
    return Store.open(str(tmp_path / "store"))


@pytest.fixture
def grower(local: Store) -> Grower:
    """Three batches of two sources: 9 reasoning paths, of which one repeats another on a rescaled photograph."""
    grower = Grower(local)
    cat = photograph("chelsea.png")
    grower.grow("coco.000001", [(drawing(1), [COLOUR, CHOICE]), (encoded(cat, quality=95), [CAT])])
    grower.grow("geoqa+.000001", [(drawing(2), [COLOUR, STORY]), (drawing(3), [CHOICE])], licence="MIT")
    again = encoded(cat.resize((225, 150)), quality=60)
    grower.grow("coco.000002", [(drawing(4), [COLOUR, STORY]), (again, [CAT])])
    return grower
