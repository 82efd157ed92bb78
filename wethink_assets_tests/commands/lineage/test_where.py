"""`wethink where`: everything that an image became part of."""

import json

from wethink_assets_tests.commands.dataset.conftest import IMAGE, printed
from wethink_assets_tests.dataset.conftest import Wethink


def test_an_image_is_found_by_a_prefix_of_its_id(trained: Wethink) -> None:
    assert "v0002.sft" in printed(trained, "where", IMAGE[:12])
    assert json.loads(printed(trained, "where", IMAGE, "--json"))[0]["image_id"] == IMAGE
