"""Pages of the Dagster UI as somebody at work clicks through them in a browser: launch, read a run, execute it again."""

import asyncio
from urllib.parse import quote

from wethink_assets_tests.support.browser import Page
from wethink_assets_tests.support.dagster_ui import Ui

DIALOG = "[role=dialog]"
ERRORS = "levels=error%7Ccritical"
PATIENCE = 600.0  # seconds until a run is over


class Pages:
    """The UI in a tab. Whatever changes something is a click; GraphQL only tells when a run is over."""

    def __init__(self, ui: Ui, page: Page) -> None:
        self.ui = ui
        self.page = page

    async def open(self, path: str, shown: str) -> None:
        """Open a page of the UI, and wait for what it is to show."""
        await self.page.open(f"{self.ui.url}{path}")
        await self.page.shows(shown)

    async def job(self, name: str, shown: str = "Description") -> str:
        """Open a job; what its page says."""
        await self.open(f"/locations/wethink/jobs/{name}", shown)
        return await self.page.text()

    async def partition(self, asset: str, key: str, shown: str) -> str:
        """Open a partition of an asset; what its page says."""
        await self.open(f"/assets/{asset}?view=partitions&partition={quote(key, safe='')}", shown)
        return await self.page.text()

    async def observe(self, asset: str) -> str:
        """Observe an asset on its page; the run."""
        await self.open(f"/assets/{asset}", "Observe")
        await self.page.click("Observe")
        return await self.launched()

    async def synthesize(self, which: str = "Missing", tags: dict[str, str] | None = None) -> str:
        """Launch the job of that name over the partitions that a button of its dialog selects, of which there is one; the run."""
        await self.job("synthesize")
        await self.page.click("Materialize all…")
        await self.page.click(which, within=DIALOG)
        await self.page.shows("1 partition\n")
        await self.tag(tags or {})
        await self.page.click("Launch 1 run", within=DIALOG)
        return await self.launched()

    async def tag(self, tags: dict[str, str]) -> None:
        """Add tags in the dialog of a launch."""
        for name, value in tags.items():
            await self.page.click("Tags", within=DIALOG)
            await self.page.click("Add tags", within=DIALOG)
            await self.page.write(name, "input[placeholder='Tag Key']")
            await self.page.write(value, "input[placeholder='Tag Value']")
            await self.page.click("Apply", within=DIALOG)
            await self.page.shows(f"{name}: {value}")

    async def launchpad(self, job: str, config: str = "") -> str:
        """Launch a job from its launchpad, with the configuration as it stands there or this one; the run."""
        await self.open(f"/locations/wethink/jobs/{job}/playground", "Launch Run")
        if config:
            await self.page.configure(config)
        await self.page.shows("No errors")
        await self.page.press("Launch Run")
        return await self.launched()

    async def materialize(self, asset: str, partition: str = "") -> str:
        """Materialize an asset from its page, or from that of one of its partitions; the run."""
        await self.open(f"/assets/{asset}" + (f"?view=partitions&partition={partition}" if partition else ""), asset)
        await self.page.click("Materialize…" if partition else "Materialize")
        if partition:
            await self.page.shows("1 partition\n")
            await self.page.click("Launch 1 run", within=DIALOG)
        return await self.launched()

    async def launched(self) -> str:
        """Follow the note that a run was launched to the run's page; its id."""
        await self.page.until(
            "document.body.innerText.includes('Launched run') || location.pathname.startsWith('/runs/')",
            "no run was launched",
        )
        if not await self.page.run("location.pathname.startsWith('/runs/')"):
            await self.page.click("View")
        return await self.at_run()

    async def at_run(self, beside: str = "") -> str:
        """Wait until the page is that of a run, of another one than `beside`; its id."""
        there = "location.pathname.startsWith('/runs/') && location.pathname.length > 30"
        await self.page.until(
            f"{there} && !location.pathname.includes({beside or 'no run'!r})", "no run's page was opened"
        )
        return str(await self.page.run("location.pathname.split('/')[2]"))

    async def over(self, run: str, status: str) -> str:
        """Wait on a run's page until it is over, as `Success` or as `Failure`; all that the page says."""
        told = await asyncio.to_thread(self.ui.finished, run, PATIENCE)
        assert told["status"] == status.upper(), told
        await self.open(f"/runs/{run}", status)
        return await self.page.text()

    async def error(self, run: str, shown: str) -> None:
        """Wait until the page of a run, where it shows errors only, shows one."""
        await self.open(f"/runs/{run}?{ERRORS}", shown)

    async def execute_again(self, run: str, how: str) -> str:
        """Execute a run again, from the menu on its page; the new run."""
        await self.open(f"/runs/{run}", "Re-execute")
        await self.page.click(how)
        return await self.at_run(beside=run)
