"""A day at the Dagster UI: what somebody does from the morning on, each step by clicks alone, on what the page itself says.

Sources, settings and disks are the world around it: images arrive in a folder, a folder is away for a while, a limit in wethink.toml is raised.
"""

import asyncio
import re
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wethink_assets.sources.sample import draw_samples
from wethink_assets.stages.order import stage_names
from wethink_assets_tests.support.browser import PROGRAM, chromium, tab
from wethink_assets_tests.support.dagster_pages import DIALOG, Pages
from wethink_assets_tests.support.dagster_ui import Ui, dagster_ui
from wethink_assets_tests.support.project import Project, make_project

DRAWN = 36  # pictures over the 18 sources of the sample: two of ours
BUDGET = "\n[budgets.small]\ncalls = {calls}\n"
FEW, ENOUGH = 3, 3000
LAST_STAGE = "reasoning_paths"
FIRST_BATCH = """[...document.querySelectorAll("[role=dialog] a")].map(one => one.innerText.trim()).find(one => one.startsWith("coco."))"""
BATCH = "coco.000001"
FIRST_ROW = (
    """[...document.querySelectorAll("td")].map(one => one.innerText.trim()).find(one => /^[0-9a-f]{32}$/.test(one))"""
)


class Day:
    """A project, the UI on it and what was found in the day so far."""

    def __init__(self, project: Project, pages: Pages) -> None:
        self.project = project
        self.pages = pages
        self.page = pages.page
        self.drawn = 0
        self.image = ""

    @property
    def folder(self) -> Path:
        """Where images of the source arrive."""
        return self.project.home / "images" / "coco"

    def arrive(self) -> None:
        """Two pictures arrive in the source's folder: a batch."""
        with tempfile.TemporaryDirectory() as temporary:
            draw_samples(Path(temporary), DRAWN, self.drawn, 0.25)
            for file in sorted((Path(temporary) / "images" / "coco").rglob("*.jpg")):
                self.folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, self.folder / f"{self.drawn}-{file.name}")
        self.drawn += 1

    async def new_batch(self) -> str:
        """Images arrive and are observed; their batch."""
        self.arrive()
        batch = f"coco.{self.drawn:06}"
        run = await self.pages.observe("source/coco")
        await self.pages.over(run, "Success")
        await self.pages.partition("image_batches", batch, "bytes")
        return batch

    @contextmanager
    def away(self) -> Iterator[None]:
        """While the disk of the source is away."""
        elsewhere = self.folder.with_name("unmounted")
        self.folder.rename(elsewhere)
        try:
            yield
        finally:
            elsewhere.rename(self.folder)


Step = Callable[[Day], Awaitable[None]]


async def observed(day: Day) -> None:
    """New images are observed: they are a batch."""
    assert await day.new_batch() == BATCH


async def synthesized(day: Day) -> None:
    """The batch is ingested and synthesized; its pages show pictures, rows and cost."""
    pages = day.pages
    await pages.over(await pages.synthesize(), "Success")
    for stage in stage_names():
        await pages.partition(stage, BATCH, "preview" if stage != "signatures" else "row_count")
    assert "cost in all" in await pages.partition(LAST_STAGE, BATCH, "calls in all")


async def failed(day: Day) -> None:
    """A batch fails, and its page says why: in the run, where only errors are shown, and at the partition."""
    pages = day.pages
    batch = await day.new_batch()
    with day.away():
        run = await pages.synthesize()
        await pages.over(run, "Failure")
        await pages.error(run, "does not exist")
        await pages.open("/runs", "Failed")
        await pages.page.click("Failed")
        await pages.page.shows(run[:8])
        await pages.partition("images", batch, "Failed")
    again = await pages.execute_again(run, "Re-execute all (*)")
    await pages.over(again, "Success")
    assert "cost in all" in await pages.partition(LAST_STAGE, batch, "calls in all")


async def budgeted(day: Day) -> None:
    """A run spends its budget, says so and ends green; the limit is raised, the run executed again, and the batch is whole."""
    pages, settings = day.pages, day.project.home / "wethink.toml"
    batch = await day.new_batch()
    told = await pages.job("synthesize", "wethink/budget")
    assert "small" in told, "the page of the job does not say which budgets there are"
    run = await pages.synthesize(tags={"wethink/budget": "small"})
    await pages.over(run, "Success")
    await pages.page.shows("Raise the limit in the table [budgets.small] of wethink.toml and re-execute this run")
    settings.write_text(settings.read_text().replace(BUDGET.format(calls=FEW), BUDGET.format(calls=ENOUGH)))
    await pages.over(await pages.execute_again(run, "Re-execute all (*)"), "Success")
    assert "cost in all" in await pages.partition(LAST_STAGE, batch, "calls in all")


async def decided(day: Day) -> None:
    """A cut is decided on its launchpad, where every field stands with its meaning; the version is built, and its page is full."""
    pages = day.pages
    await pages.open("/locations/wethink/jobs/cut/playground", "max_rows_per_template")
    await pages.over(await pages.launchpad("cut"), "Success")
    told = await pages.partition("dataset", "v0001", "verified rows")
    assert "funnel" in told and "calls in all" in told and "sample" in told


async def followed(day: Day) -> None:
    """A row of the version's sample is followed to its image, and the image back to the version, by two launchpads and links."""
    pages, page = day.pages, day.page
    await pages.partition("dataset", "v0001", "sample")
    await page.until(f"Boolean({FIRST_ROW})", "the sample shows no row")
    row = str(await page.run(FIRST_ROW))
    await pages.job("explain", "launchpad takes the row")
    run = await pages.launchpad("explain", f"ops:\n  explain_one:\n    config:\n      row: '{row}'\n")
    await pages.over(run, "Success")
    await page.shows("row as text")
    image = re.search(r"\b[0-9a-f]{64}\b", await page.text())
    assert image, "the story names no image"
    day.image = image[0]
    await page.click("[Show Markdown]", row="lineage")
    await page.until(f"Boolean({FIRST_BATCH})", "the lineage names no batch")
    batch = str(await page.run(FIRST_BATCH))
    await page.click(batch, within=DIALOG)
    await page.shows("Latest materialization")
    assert batch in str(await page.run("location.href"))
    run = await pages.launchpad("where", f"ops:\n  find_image:\n    config:\n      image: '{day.image[:16]}'\n")
    await pages.over(run, "Success")
    await page.click("[Show Markdown]", row="lineage")
    await page.shows(row)
    await page.click("v0001", within=DIALOG)
    await page.shows("verified rows")


async def taken_down(day: Day) -> None:
    """The image is taken down on a launchpad; a new version leaves it out."""
    pages = day.pages
    config = f"ops:\n  take_one_down:\n    config:\n      subject: '{day.image[:16]}'\n      reason: its author asked\n"
    await pages.over(await pages.launchpad("retract", config), "Success")
    await pages.over(await pages.launchpad("cut"), "Success")
    await pages.partition("dataset", "v0002", "left out: retracted")


MORNING: tuple[Step, ...] = (observed, synthesized, failed, budgeted)
NOON: tuple[Step, ...] = (decided, followed, taken_down)


def spend(home: Path, steps: tuple[Step, ...], url: str | None = None) -> None:
    """Spend a day in `home`: a new project, its UI with daemon, a browser, and the steps one after the other.

    url: endpoint of a scripted model; without one, the embedded models.
    """
    assert PROGRAM is not None
    project = make_project(home, url, sources=("coco",), images=0)
    with (home / "wethink.toml").open("a") as file:
        file.write(BUDGET.format(calls=FEW))

    async def spent(ui: Ui, port: int) -> None:
        async with tab(port) as page:
            day = Day(project, Pages(ui, page))
            for step in steps:
                begun = time.monotonic()
                try:
                    await step(day)
                except (AssertionError, RuntimeError) as fault:
                    raise AssertionError(f"{step.__name__}: {fault}") from fault
                print(f"{step.__name__}: {time.monotonic() - begun:.1f} s", flush=True)

    with dagster_ui(project) as ui, chromium(PROGRAM, home) as port:
        asyncio.run(spent(ui, port))
