"""`wethink explain`: the story of a row, in which a model's text is only text."""

import json

from wethink_assets.errors import VersionError
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR
from wethink_assets_tests.support.stage_tables import Asked, Grower


def test_a_row_is_explained_by_a_prefix_of_its_id(wethink: Wethink, local: Store, grower: Grower) -> None:
    assert wethink("cut").exit_code == 0
    row = local.read_parquet("versions/v0001/rows.parquet")["row_id"][0]
    assert json.loads(wethink("explain", row[:8], "--json").stdout)["row_id"] == row
    story = wethink("explain", row).stdout
    for part in ("image", "answers", "reasoning path", "made by", "seer-1", row):
        assert part in story
    assert isinstance(wethink("explain", "zz").exception, VersionError)


def test_text_of_a_model_is_shown_as_text(wethink: Wethink, local: Store) -> None:
    hostile = Asked("[bold red]Who?[/] \x1b[2J\u202e", "[/link] yes \x07")
    Grower(local).grow("coco.000001", [(drawing(1), [hostile, COLOUR])])
    wethink("cut")
    rows = local.read_parquet("versions/v0001/rows.parquet")
    row = rows.filter(rows["answer"].str.contains("yes"))["row_id"][0]
    shown = wethink("explain", row).stdout
    assert "[bold red]Who?[/] \ufffd[2J\ufffd" in shown
    assert "[/link] yes \ufffd" in shown
    assert "\x1b[2J" not in shown
