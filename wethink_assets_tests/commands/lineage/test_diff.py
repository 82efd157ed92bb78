"""`wethink diff`: rows that differ between two versions, with the cause."""

import json

from wethink_assets_tests.commands.dataset.conftest import printed
from wethink_assets_tests.dataset.conftest import Wethink


def test_a_new_batch_adds_rows(trained: Wethink) -> None:
    shown = printed(trained, "diff", "v0001", "v0002")
    assert "1 added, 0 removed" in shown and "new_batch" in shown
    assert json.loads(printed(trained, "diff", "v0001", "v0002", "--json"))["counts"]["added"] == 1
