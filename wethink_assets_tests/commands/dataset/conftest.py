"""The command `wethink` on a store with a few grown batches, and on one of two versions."""

import pytest

from wethink_assets.identity import sha256_hex
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink, grower, local, wethink
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut, note_policy

__all__ = ["grower", "local", "wethink"]
IMAGE = sha256_hex(drawing(1))


def printed(wethink: Wethink, *arguments: str) -> str:
    """Output of a command that succeeds."""
    done = wethink(*arguments)
    assert done.exit_code == 0, done.output
    return str(done.stdout)


@pytest.fixture
def trained(wethink: Wethink, local: Store) -> Wethink:
    """The command on a store of two versions, the second of which was trained on."""
    grower = Grower(local, prompt="Ask about {{ description }}.")
    grower.grow("coco.000001", [(drawing(1), [COLOUR, CHOICE]), (drawing(2), [COLOUR])])
    cut(local)
    grower.grow("gqa.000001", [(drawing(3), [COLOUR])], licence="MIT")
    cut(local)
    note_policy(local, "v0002.sft")
    return wethink
