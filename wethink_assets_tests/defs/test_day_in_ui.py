"""A day at the Dagster UI, in headless Chromium on a real `dagster dev` and its daemon: no step needs the command line."""

from pathlib import Path

import pytest

from wethink_assets_tests.support.browser import PROGRAM
from wethink_assets_tests.support.day_in_ui import MORNING, NOON, spend
from wethink_assets_tests.support.scripted_endpoint import ScriptedEndpoint

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        PROGRAM is None, reason="NO PAGE OF THE UI IS TESTED: needs Chromium (apt-get install chromium)"
    ),
]


@pytest.mark.slow
def test_a_morning(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    spend(tmp_path / "project", MORNING, endpoint.url)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_morning_and_noon(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    spend(tmp_path / "project", (*MORNING, *NOON), endpoint.url)
