"""Exports of a drawn version, made once, and a store to import into."""

from pathlib import Path

import pytest

from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.exports.conftest import Exported, exported, rows
from wethink_assets_tests.support.drawn_version import draw_version

__all__ = ["Exported", "exported", "rows"]


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with a version of 9 rows to train on and 2 held out."""
    store = Store.open(str(tmp_path_factory.mktemp("imports") / "drawn"))
    draw_version(store, train=9, validation=2, seed=3)
    return store


@pytest.fixture
def local(tmp_path: Path) -> Store:
    """An empty store on this disk."""
    return Store.open(str(tmp_path / "store"))
