"""The page of duplicates in a real browser: hostile texts do nothing in it, also without its policy, and nothing is loaded from anywhere."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.dataset.duplicates.page import report_page
from wethink_assets.dataset.duplicates.report import duplicate_report
from wethink_assets.storage.local_files import replace_file
from wethink_assets_tests.dataset.browse.test_pages_browser import STATE
from wethink_assets_tests.support.browsed import hostile_store
from wethink_assets_tests.support.browser import PROGRAM, chromium, tab
from wethink_assets_tests.support.hostile_texts import HOSTILE
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CAT, Asked
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.mark.parametrize("bypassed", [False, True])
def test_hostile_duplicates_are_harmless(tmp_path: Path, bypassed: bool) -> None:
    assert PROGRAM is not None
    store = hostile_store(tmp_path / "store")
    asked = [Asked(text, text) for text in HOSTILE]
    Grower(store).grow("flickr.000001", [(drawing(77), [*asked, *asked, CAT])])  # each question twice: exact duplicates
    version = built(store).version
    page = tmp_path / "page.html"
    replace_file(page, report_page(store, duplicate_report(store, version)).encode())

    async def looked() -> dict[str, Any]:
        with chromium(PROGRAM or "", tmp_path) as port:
            async with tab(port) as shown:
                await shown.call("Page.enable")
                await shown.call("Page.setBypassCSP", enabled=bypassed)
                await shown.open(page.as_uri())
                await shown.shows("Exact duplicates")
                return dict(await shown.run(STATE))

    state = asyncio.run(looked())
    assert state["pwned"] is None and state["handlers"] == [] and state["scripts"] == [] and state["broken"] == 0
    assert all(address.startswith("data:image/") for address in state["addresses"]) and state["addresses"]
    assert "<script>pwned=1</script>" in state["text"]
