"""A store with a few grown batches, and the command on it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from wethink_assets.cli import app
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing, encoded, photograph
from wethink_assets_tests.support.question_tables import CAT, CHOICE, COLOUR, STORY
from wethink_assets_tests.support.stage_tables import Grower

Wethink = Callable[..., Result]


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


@pytest.fixture
def wethink(local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wethink:
    """The command `wethink` on the local store, wide enough that nothing is cut off."""
    config = tmp_path / "wethink.toml"
    config.write_text(f'[store]\nurl = "{local.url}"\n')
    monkeypatch.setenv("WETHINK_CONFIG", str(config))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments, **options: CliRunner().invoke(app, list(arguments), **options)
