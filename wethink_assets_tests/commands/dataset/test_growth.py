"""`wethink growth`: a line per version."""

import json

from wethink_assets_tests.commands.dataset.conftest import printed
from wethink_assets_tests.dataset.conftest import Wethink


def test_every_version_is_a_line(trained: Wethink) -> None:
    assert [point["version"] for point in json.loads(printed(trained, "growth", "--json"))] == ["v0001", "v0002"]
    assert "v0002" in printed(trained, "growth")
