"""Pages in a real browser: no hostile text does anything, even without the content security policy, and keys, themes and files work."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.dataset.browse.collection import collection_of
from wethink_assets.dataset.browse.index import BrowseIndex
from wethink_assets.dataset.browse.written import write_pages
from wethink_assets.plain_text import visible
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.browsed import Served, hostile_store, served
from wethink_assets_tests.support.browser import PROGRAM, Page, chromium, tab
from wethink_assets_tests.support.hostile_texts import HOSTILE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="needs Chromium: apt-get install chromium"),
]
STATE = """(async () => {
    const images = [...document.images].filter((one) => one.loading !== "lazy");
    await Promise.all(images.map((one) => one.decode().catch(() => null)));
    await new Promise((done) => setTimeout(done, 100));
    const all = [...document.querySelectorAll("*")];
    return {
        pwned: typeof pwned === "undefined" ? null : pwned,
        handlers: all.flatMap((one) => one.getAttributeNames()).filter((name) => name.startsWith("on") || name === "style" || name === "srcdoc"),
        tags: [...new Set(all.map((one) => one.localName))],
        scripts: [...document.scripts].map((one) => new URL(one.src).pathname.split("/").slice(-2).join("/")),
        addresses: all.flatMap((one) => [one.href, one.src, one.action]).filter((one) => typeof one === "string" && one),
        text: document.body.textContent,
        title: document.title,
        broken: images.filter((one) => one.complete && !one.naturalWidth).length,
    };
})()"""
FORBIDDEN = {
    "iframe",
    "object",
    "embed",
    "svg",
    "math",
    "base",
    "style",
    "animate",
    "table",
    "textarea",
    "audio",
    "video",
}


@dataclass(frozen=True)
class Site:
    """Pages of hostile texts, served and written, and a browser."""

    served: Served
    written: Path
    port: int

    def look(self, work: Callable[[Page], Awaitable[None]]) -> None:
        async def looked() -> None:
            async with tab(self.port) as page:
                await page.call("Page.enable")
                await page.call("Page.setBypassCSP", enabled=False)
                await work(page)

        asyncio.run(looked())

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.served.port}"

    @property
    def file(self) -> str:
        return (self.written / "index.html").as_uri()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One browser for all tests."""
    assert PROGRAM is not None
    folder = tmp_path_factory.mktemp("browser")
    store: Store = hostile_store(folder / "store")
    with served(store, folder / "scratch") as running, chromium(PROGRAM, folder) as port:
        (folder / "again").mkdir()
        collection = collection_of(store)
        write_pages(collection, BrowseIndex.build(collection, folder / "again"), folder / "pages")
        yield Site(running, folder / "pages", port)


async def go(page: Page, url: str, shown: str, height: int = 1000, width: int = 1200) -> None:
    """Open a page and wait until it shows a text."""
    async with page.leaving():
        await page.open(url, height, width)
    await page.shows(shown)


async def opened(page: Page, url: str, shown: str) -> dict[str, Any]:
    """State of a page that is complete."""
    await go(page, url, shown)
    return dict(await page.run(STATE))


def require_harmless(state: dict[str, Any], own: tuple[str, ...], scripts: int = 1) -> None:
    assert state["pwned"] is None
    assert state["handlers"] == []
    assert set(state["tags"]) & FORBIDDEN == set()
    assert [address for address in state["addresses"] if not address.startswith((*own, "data:,"))] == []
    assert len(state["scripts"]) >= scripts
    assert all(script.startswith(("assets/", "data/")) for script in state["scripts"])
    assert state["broken"] == 0


@pytest.mark.parametrize("bypassed", [False, True])
def test_served_pages_are_harmless(site: Site, bypassed: bool) -> None:
    rows = list(site.served.index.all_rows())

    async def work(page: Page) -> None:
        await page.call("Page.setBypassCSP", enabled=bypassed)
        state = await opened(page, f"{site.address}/", f"of {len(rows)} rows")
        require_harmless(state, (site.address,))
        for text in HOSTILE:
            assert visible(text) in state["text"]
        for row in rows[::6]:
            state = await opened(page, f"{site.address}/row/{row['row_id']}", "How it came about")
            require_harmless(state, (site.address,))
            assert visible(row["question"]) in state["text"]
            assert state["title"].endswith("WeThink")
        require_harmless(await opened(page, f"{site.address}/duplicates", "side by side"), (site.address,))

    site.look(work)


@pytest.mark.parametrize("bypassed", [False, True])
def test_what_a_reader_types_is_harmless(site: Site, bypassed: bool) -> None:
    total = f"of {site.served.index.height} rows"

    async def work(page: Page) -> None:
        await page.call("Page.setBypassCSP", enabled=bypassed)
        for base in (f"{site.address}/", site.file):
            for text in (HOSTILE[1], HOSTILE[3], HOSTILE[6]):
                await go(page, base, total)
                async with page.leaving():
                    await page.run(f"document.getElementById('search').value = {json.dumps(text)}; 1")
                    await page.run("document.getElementById('filters').requestSubmit(); 1")
                await page.shows(total)
                assert visible(text) == await page.run("document.getElementById('search').value")
                assert (await page.run(STATE))["pwned"] is None

    site.look(work)


@pytest.mark.parametrize("bypassed", [False, True])
def test_written_pages_are_harmless(site: Site, bypassed: bool) -> None:
    rows = list(site.served.index.all_rows())

    async def work(page: Page) -> None:
        await page.call("Page.setBypassCSP", enabled=bypassed)
        state = await opened(page, site.file, f"of {len(rows)} rows")
        require_harmless(state, (site.written.as_uri(),), 3)
        for text in HOSTILE:
            assert visible(text) in state["text"]
        for row in rows[::6]:
            name = f"rows/{row['row_id'][:2]}/{row['row_id']}.html"
            require_harmless(
                await opened(page, (site.written / name).as_uri(), "How it came about"), (site.written.as_uri(),)
            )

    site.look(work)


def test_served_and_written_pages_find_the_same(site: Site) -> None:
    total = f"of {site.served.index.height} rows"

    queries = (
        "",
        "q=script",
        "q=%22null+b%22",
        "kind=MC",
        "kind=FIB&ability=Knowledge",
        "q=三角",
        "q=nothingatall",
        "q=ΑΓ",
        "q=cat&source=coco",
    )

    async def work(page: Page) -> None:
        for query in queries:
            found = []
            for base in (f"{site.address}/", site.file):
                await go(page, f"{base}?{query}", total)
                names = "[...document.querySelectorAll('.card code')].map((one) => one.textContent)"
                found.append((await page.run("document.getElementById('status').textContent"), await page.run(names)))
            assert found[0] == found[1], query

    site.look(work)


def test_the_policy_stops_a_script_that_got_through(site: Site) -> None:
    total = f"of {site.served.index.height} rows"

    async def work(page: Page) -> None:
        for base, bypassed in ((f"{site.address}/", False), (site.file, False), (f"{site.address}/", True)):
            await page.call("Page.setBypassCSP", enabled=bypassed)
            await opened(page, base, total)
            await page.run(
                "globalThis.one = document.createElement('img'); one.setAttribute('onerror', 'pwned = 1'); 1"
            )
            await page.run("one.src = 'data:x'; document.body.append(one); 1")
            assert (await page.run(STATE))["pwned"] == (1 if bypassed else None)

    site.look(work)


def test_keys_lead_through_rows(site: Site) -> None:
    total = f"of {site.served.index.height} rows"

    async def press(page: Page, key: str) -> None:
        for sort in ("keyDown", "keyUp"):
            await page.call("Input.dispatchKeyEvent", type=sort, key=key)

    async def work(page: Page) -> None:
        await opened(page, f"{site.address}/", total)
        first = [row["row_id"] for row in site.served.index.all_rows()][:3]
        at = "document.activeElement.querySelector('.open').getAttribute('href')"
        for key, row in (
            ("j", first[0]),
            ("j", first[1]),
            ("ArrowDown", first[2]),
            ("k", first[1]),
            ("ArrowUp", first[0]),
        ):
            await press(page, key)
            assert await page.run(at) == f"/row/{row}"
        for key, shown in (("Enter", first[0]), ("ArrowRight", first[1]), ("u", total)):
            async with page.leaving():
                await press(page, key)
            await page.shows(shown)
        await press(page, "/")
        assert await page.run("document.activeElement.id") == "search"

    site.look(work)


def test_the_theme_is_remembered_and_nothing_is_wider_than_a_phone(site: Site) -> None:
    total = f"of {site.served.index.height} rows"

    async def work(page: Page) -> None:
        await opened(page, f"{site.address}/", total)
        await page.run("localStorage.clear(); document.getElementById('theme').click(); 1")
        theme = await page.run("document.documentElement.dataset.theme")
        row = next(site.served.index.all_rows())["row_id"]
        for path, shown in (("/", total), (f"/row/{row}", "How it came about"), ("/duplicates", "side by side")):
            await go(page, f"{site.address}{path}", shown, 800, 360)
            assert await page.run("document.documentElement.dataset.theme") == theme
            assert await page.run("document.documentElement.scrollWidth") <= 360
        unlabelled = """[...document.querySelectorAll("input, select, button")].filter(
            (one) => !one.labels?.length && !one.ariaLabel && !one.textContent.trim()).length"""
        await opened(page, f"{site.address}/", total)
        assert await page.run(unlabelled) == 0

    site.look(work)
