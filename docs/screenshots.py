"""Take the pictures of docs/images/: a store is grown, `dagster dev` and `wethink browse` serve it, headless Chromium looks at it.

    python docs/screenshots.py [--out docs/images] [--home /srv/wethink] [--only version,growth]

Needs Chromium (`apt-get install chromium`). The pages show where the store lies, so give a folder that may be shown; one that was grown
before is used as it is. Growing takes about five minutes on two cores, looking about two.
"""

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from screenshots_project import FAILED, grown  # noqa: E402

from wethink_assets.storage.store import Store  # noqa: E402
from wethink_assets_tests.support.browsed import served  # noqa: E402
from wethink_assets_tests.support.browser import HEIGHT, PROGRAM, Page, chromium, tab  # noqa: E402
from wethink_assets_tests.support.dagster_ui import Ui, dagster_ui  # noqa: E402

VERSION = "v0002"
ROWS_WIDTH = 1200
GRAPH = "foreignObject"  # the nodes and groups of a graph of assets


@dataclass(frozen=True)
class View:
    """A page to look at: when it shows `text` it is ready for the steps, and after them for the picture.

    around: what to take of it, by a selector; else all of the window.
    """

    path: str
    text: str
    height: int = HEIGHT
    steps: Callable[[Page], Awaitable[None]] | None = None
    around: str = ""


def opened_entry(label: str, shown: str) -> Callable[[Page], Awaitable[None]]:
    """Open the Markdown of an entry of the metadata; wait for what it shows."""

    async def steps(page: Page) -> None:
        await page.click("[Show Markdown]", row=label)
        await page.shows(shown)

    return steps


async def groups_opened(page: Page) -> None:
    """Open all groups of the graph but that of the eighteen sources, and look at the whole again; the browser remembers what is open."""
    await asyncio.sleep(3)
    if not await page.run("document.body.innerText.includes('reasoning_paths')"):
        await page.pick("Expand all groups")
        await page.shows("reasoning_paths")
        await page.fold("sources")
        await page.call("Page.reload")
        await page.shows("reasoning_paths")


def views(failed_run: str) -> Mapping[str, View]:
    """Pictures by name."""
    version = f"/assets/dataset?view=partitions&partition={VERSION}"
    batch = quote(FAILED, safe="")
    return {
        "asset_graph": View("/asset-groups", "synthesis", 1000, groups_opened, GRAPH),
        "dataset_lineage": View(
            "/assets/dataset?view=lineage&lineageScope=upstream&lineageDepth=3", "signatures", 1000, around=GRAPH
        ),
        "version": View(version, "verified rows", 1360),
        "version_card": View(version, "verified rows", 1580, steps=opened_entry("card", "By kind")),
        "version_lineage": View(version, "verified rows", 1400, steps=opened_entry("lineage", "Prompts")),
        "version_plots": View(version, "verified rows", 760, steps=opened_entry("plots", "Close")),
        "version_previews": View(version, "verified rows", 860, steps=opened_entry("preview", "Reasoning")),
        "failed_batch": View(f"/assets/descriptions?view=partitions&partition={batch}", FAILED, 560),
        "failed_run": View(
            f"/runs/{failed_run}?logs=reachable&levels=error%7Ccritical%7Cevent", "is not reachable", 860
        ),
        "automation": View("/automation", "observe_sources", 640),
        "nightly": View("/locations/wethink/schedules/nightly", "nightly", 640),
        "growth": View("/assets/growth?view=overview", "by version", 900, steps=opened_entry("curve", "Close")),
        "staleness": View("/assets/staleness?view=overview", "stale batches", 1700),
    }


def main() -> None:
    """Grow, serve, look."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--home", type=Path, help="grow in this folder, and leave it; else in a temporary one")
    parser.add_argument("--only", default="", help="names of pictures, separated by commas")
    arguments = parser.parse_args()
    if PROGRAM is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # so that the server and the browser end too
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        project = grown(arguments.home or Path(temporary) / "wethink")
        with dagster_ui(project) as ui, chromium(PROGRAM, Path(temporary)) as port:
            only = set(filter(None, arguments.only.split(",")))
            asyncio.run(look(ui, port, arguments.out, only))
            with served(Store.open(project.settings.store_url), Path(temporary) / "browse", VERSION) as site:
                asyncio.run(look_at_rows(f"http://127.0.0.1:{site.port}", port, arguments.out, only))


async def look_at_rows(address: str, port: int, out: Path, only: set[str]) -> None:
    """Take the pictures of rows: a list that is filtered, and the story of its first row."""
    async with tab(port) as page:
        await page.open(f"{address}/?q=circle", 900, ROWS_WIDTH)
        await page.shows("rows")
        story = await page.run("document.querySelector('.card a').href")
        for name, url, shown in (
            ("browse_rows", f"{address}/?q=circle", "circle"),
            ("browse_story", story, "How it came about"),
        ):
            if not only or name in only:
                await page.open(url, 900, ROWS_WIDTH)
                await page.shows(shown)
                await page.take(out / f"{name}.png")


def failed_run(ui: Ui) -> str:
    """The run of the batch that failed."""
    query = "query R($f: RunsFilter!) { runsOrError(filter: $f) { ... on Runs { results { runId } } } }"
    wanted = {"statuses": ["FAILURE"], "tags": [{"key": "dagster/partition", "value": FAILED}]}
    found = ui.ask(query, f=wanted)["runsOrError"]["results"]
    return str(found[0]["runId"]) if found else ""


async def look(ui: Ui, port: int, out: Path, only: set[str]) -> None:
    """Take every picture."""
    chosen = {name: view for name, view in views(failed_run(ui)).items() if not only or name in only}
    for asset in chosen.keys() & {"growth", "staleness"}:
        await asyncio.to_thread(lambda asset=asset: ui.finished(ui.launch("__ASSET_JOB", [asset]), within=600))
    failures = []
    async with tab(port) as page:
        for name, view in chosen.items():
            await page.open(f"{ui.url}{view.path}", view.height)
            try:
                await page.shows(view.text)
                if view.steps:
                    await view.steps(page)
            except RuntimeError as error:
                failures.append(f"{name}: {error}")
            await page.take(out / f"{name}.png", view.around)
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
