"""Exports of a drawn version, made once, and a store to import into."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.dataset.exports.export import export_version
from wethink_assets.dataset.exports.pictures import ImageOptions
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.drawn_version import draw_version

Exported = Callable[..., Path]


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with a version of 9 rows to train on and 2 held out."""
    store = Store.open(str(tmp_path_factory.mktemp("imports") / "drawn"))
    draw_version(store, train=9, validation=2, seed=3)
    return store


@pytest.fixture(scope="session")
def rows(drawn: Store) -> pl.DataFrame:
    """The rows of the version."""
    return drawn.read_parquet("versions/v0001/rows.parquet")


@pytest.fixture(scope="session")
def exported(drawn: Store, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Gives the folder of an export by format and form of images; each is made once."""
    made: dict[tuple[str, str], Path] = {}

    def folder(form: str, mode: str = "") -> Path:
        if (form, mode) not in made:
            target = tmp_path_factory.mktemp("exports") / form
            export_version(drawn, "v0001", target, form, ImageOptions(mode))  # type: ignore[arg-type]
            made[form, mode] = target
        return made[form, mode]

    return folder


@pytest.fixture
def local(tmp_path: Path) -> Store:
    """An empty store on this disk."""
    return Store.open(str(tmp_path / "store"))
