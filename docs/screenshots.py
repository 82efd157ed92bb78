"""Take the pictures of docs/images/: a store is grown in a temporary folder, `dagster dev` serves it, headless Chromium looks at it.

    python docs/screenshots.py [--out docs/images] [--models embedded|scripted] [--keep DIR]

Needs Chromium (`apt-get install chromium`). With `scripted` the models are a scripted endpoint of the tests, which is quick; with `embedded` the
weights that the package ships.
"""

import argparse
import asyncio
import base64
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from wethink_assets_tests.defs.project import Project, make_project  # noqa: E402
from wethink_assets_tests.defs.scripted_endpoint import scripted_endpoint  # noqa: E402
from wethink_assets_tests.defs.ui import Ui, dagster_ui  # noqa: E402

SOURCES = ("chartqa", "coco", "geoqa+")
WIDTH, HEIGHT = 1600, 1000
FAILED = "coco.000003"
PATIENCE = 180.0  # seconds until a page shows what it is to show


def main() -> None:
    """Grow, serve, look."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--models", choices=("embedded", "scripted"), default="scripted")
    parser.add_argument(
        "--keep", type=Path, help="grow in this folder and leave it; one that is there is used as it is"
    )
    parser.add_argument("--only", default="", help="names of pictures, separated by commas")
    arguments = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        home = arguments.keep or Path(temporary) / "project"
        project = Project(home) if (home / "wethink.toml").exists() else grown(home, arguments.models)
        with dagster_ui(project) as ui, chromium(program, Path(temporary)) as port:
            only = set(filter(None, arguments.only.split(",")))
            asyncio.run(look(ui, port, arguments.out, only))


def grown(home: Path, models: str) -> Project:
    """A project with two versions, the reports, and a batch that failed because its source went away."""
    with scripted_endpoint() if models == "scripted" else nullcontext() as endpoint:
        project = make_project(home, endpoint.url if endpoint else None, SOURCES, images=0)
        draw(project, seed=0)
        say(project.wethink("run"))
        draw(project, seed=1)
        say(project.wethink("run"))
        draw(project, seed=2)
        project.wethink("register", "coco")
        folder = home / "images" / "coco"
        folder.rename(home / "images" / "away")
        say(project.wethink("run", check=False))
        (home / "images" / "away").rename(folder)
    return project


def draw(project: Project, seed: int) -> None:
    """Draw sample images into the sources, which grow by them."""
    from wethink_assets.sources.sample import draw_samples

    with tempfile.TemporaryDirectory() as temporary:
        draw_samples(Path(temporary), 54, seed, 0.25)
        for source in SOURCES if seed < 2 else ("coco",):
            for number, path in enumerate(sorted((Path(temporary) / "images" / source).rglob("*.*"))):
                target = project.home / "images" / source / f"{seed}-{number}{path.suffix}"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def say(done: subprocess.CompletedProcess[str]) -> None:
    """Tell how a command ended."""
    print(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode, flush=True)


@contextmanager
def chromium(program: str, folder: Path) -> Iterator[int]:
    """Headless Chromium that listens for the DevTools protocol; gives its port."""
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"]
    process = subprocess.Popen(
        [program, *options, "--remote-debugging-port=0", f"--user-data-dir={folder / 'chromium'}", "about:blank"],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        told = next(line for line in process.stderr if "DevTools listening on" in line)
        yield int(told.rpartition(":")[2].partition("/")[0])
    finally:
        process.terminate()
        process.wait(20)


class Page:
    """One tab, spoken to by the DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Result of a command."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            told = json.loads((await self._socket.receive(timeout=PATIENCE)).data)
            if told.get("id") == self._number:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']}")
                return dict(told["result"])

    async def run(self, script: str) -> Any:
        """Value of a JavaScript expression."""
        told = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        return told["result"].get("value")

    async def shows(self, text: str) -> None:
        """Wait until the page shows a text."""
        for _ in range(int(PATIENCE * 2)):
            if await self.run(f"document.body && document.body.innerText.includes({json.dumps(text)})"):
                return
            await asyncio.sleep(0.5)
        seen = str(await self.run("document.body.innerText"))[:600]
        raise RuntimeError(f"{text!r} was never shown; the page says: {seen}")

    async def take(self, target: Path, height: int = HEIGHT) -> None:
        """Save what is shown as a PNG with a palette."""
        from io import BytesIO

        from PIL import Image

        size = {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)
        await asyncio.sleep(3)
        data = base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])
        Image.open(BytesIO(data)).convert("RGB").quantize(128).save(target, optimize=True)
        print(f"{target.name}: {target.stat().st_size // 1000} kB", flush=True)


@asynccontextmanager
async def tab(port: int) -> AsyncIterator[Page]:
    """The tab of a Chromium."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            target = next(one for one in await answer.json() if one["type"] == "page")
        async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            yield Page(socket)


def launch_reports(ui: Ui) -> None:
    """Materialize the reports, as the button on their pages does."""
    for asset in ("growth", "staleness"):
        ui.finished(ui.launch("__ASSET_JOB", [asset]), within=600)


def failed_run(ui: Ui) -> str:
    """The run of the batch that failed."""
    query = "query R($f: RunsFilter!) { runsOrError(filter: $f) { ... on Runs { results { runId } } } }"
    wanted = {"statuses": ["FAILURE"], "tags": [{"key": "dagster/partition", "value": FAILED}]}
    return str(ui.ask(query, f=wanted)["runsOrError"]["results"][0]["runId"])


async def look(ui: Ui, port: int, out: Path, only: set[str]) -> None:
    """Take every picture."""
    if not only or "growth" in only or "staleness" in only:
        await asyncio.to_thread(launch_reports, ui)
    batch = quote(FAILED, safe="")
    views = {
        "asset_graph": ("/asset-groups", "reasoning_paths", HEIGHT),
        "dataset_lineage": ("/assets/dataset?view=lineage&lineageScope=upstream&lineageDepth=5", "signatures", HEIGHT),
        "version": ("/assets/dataset?view=partitions&partition=v0002", "considered", 2600),
        "failed_batch": (f"/assets/images?view=partitions&partition={batch}", FAILED, HEIGHT),
        "failed_run": (f"/runs/{failed_run(ui)}", "SourceError", HEIGHT),
        "automation": ("/automation", "observe_sources", 760),
        "growth": ("/assets/growth?view=overview", "curve", 1500),
        "staleness": ("/assets/staleness?view=overview", "stale batches", 900),
    }
    async with tab(port) as page:
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        await page.call("Emulation.setDeviceMetricsOverride", **size)
        for name, (path, text, height) in views.items():
            if only and name not in only:
                continue
            await page.call("Page.navigate", url=f"{ui.url}{path}")
            try:
                await page.shows(text)
            except RuntimeError as error:
                print(f"{name}: {error}", flush=True)
            await page.take(out / f"{name}.png", height)
            await page.call("Emulation.setDeviceMetricsOverride", **size)


if __name__ == "__main__":
    main()
