"""A cut that was decided: read as it was written, or refused."""

from pathlib import Path

import pytest

from wethink_assets.dataset.cuts.cut import Cut, read_cut, version_number
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.errors import VersionError
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.stage_tables import Grower

ALL = CutRecipe()


def decided(store: Store, recipe: CutRecipe = ALL) -> Cut:
    cut = decide_cut(store, recipe)
    assert isinstance(cut, Cut)
    return cut


def test_an_altered_cut_is_refused(local: Store, grower: Grower) -> None:
    version = decided(local).version
    path = Path(local.path(f"cuts/{version}.json"))
    path.write_text(path.read_text().replace('"commit": 1', '"commit": 2', 1))
    with pytest.raises(VersionError, match=r"v0001\.json was altered"):
        read_cut(local, version)
    path.write_text("{")
    with pytest.raises(VersionError, match="damaged"):
        read_cut(local, version)


@pytest.mark.parametrize("name", ["", "3", "v3", "v0003x", "../v0003"])
def test_what_is_no_version_is_refused(local: Store, name: str) -> None:
    with pytest.raises(VersionError, match="one looks like v0003"):
        read_cut(local, name)


def test_more_than_9999_versions() -> None:
    assert version_number("v10000") == 10000
