"""A store on this disk."""

from pathlib import Path

import pytest

from wethink_assets.storage.store import Store


@pytest.fixture
def local(tmp_path: Path) -> Store:
    """An empty store on this disk."""
    return Store.open(str(tmp_path / "store"))
