"""Headless Chromium, driven over the DevTools protocol: for tests of pages, and for the pictures of docs/images/."""

import asyncio
import base64
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

WIDTH, HEIGHT = 1600, 1000
PATIENCE = 60.0  # seconds until a page shows what it is to show
MARGIN = 16
COLOURS = 160  # of a picture's palette, so that it stays small
PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
"""The browser of this machine, None without one: `apt-get install chromium`."""


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
    """One tab. Times are shown in UTC, whatever the machine's zone."""

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

    async def open(self, url: str, height: int = HEIGHT, width: int = WIDTH) -> None:
        """Go to a page, in a window of this size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)
        await self.call("Emulation.setTimezoneOverride", timezoneId="UTC")
        await self.call("Page.navigate", url=url)

    @asynccontextmanager
    async def leaving(self) -> AsyncIterator[None]:
        """Do what leads to another page, or to the same one again, and wait until that is there. Raises `RuntimeError` when it never is."""
        await self.run("window.leaving = true")
        yield
        for _ in range(int(PATIENCE * 20)):
            with suppress(RuntimeError):  # asked between two pages
                if await self.run("typeof leaving === 'undefined' && document.readyState === 'complete'"):
                    return
            await asyncio.sleep(0.05)
        raise RuntimeError("the page was never left")

    async def shows(self, text: str) -> None:
        """Wait until the page shows a text. Raises `RuntimeError` when it never does."""
        shown = f"Boolean(document.body && document.body.innerText.includes({json.dumps(text)}))"
        await self.until(shown, f"{text!r} was never shown")

    async def text(self) -> str:
        """All that the page shows."""
        return str(await self.run("document.body.innerText"))

    async def click(self, text: str, row: str = "", within: str = "") -> None:
        """Click what bears a text and can be clicked: in the table row that begins with `row`, inside what the selector `within` finds, or anywhere.

        Raises `RuntimeError` when there never is such a thing.
        """
        script = f"""(() => {{
            const rows = [...document.querySelectorAll("tr")].filter(one => one.innerText.trim().startsWith({json.dumps(row)}));
            const inside = {json.dumps(within)} ? [...document.querySelectorAll({json.dumps(within)})] : [document];
            const places = {json.dumps(row)} ? rows.slice(-1) : inside;
            for (const place of places)
                for (const found of [...place.querySelectorAll("button, a, [role=button], [role=tab], div, span")].reverse())
                    if (found.innerText && found.innerText.trim() === {json.dumps(text)} && !found.closest(":disabled, [aria-disabled=true]")) {{
                        found.click();
                        return true;
                    }}
            return false;
        }})()"""
        await self.until(script, f"nothing to click says {text!r} {row and 'in the row ' + row}")

    async def press(self, text: str) -> None:
        """Press the mouse's button on the button that bears a text, for what looks at more than a click. Raises `RuntimeError` without one."""
        buttons = f"[...document.querySelectorAll('button:enabled')].filter(one => one.innerText.trim() === {json.dumps(text)})"
        await self.until(f"{buttons}.length > 0", f"no button says {text!r}")
        middle = "(box => [box.x + box.width / 2, box.y + box.height / 2])"
        x, y = await self.run(f"{middle}({buttons}.at(-1).getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def write(self, text: str, selector: str, number: int = 0) -> None:
        """Write into an input as a keyboard does, in place of what is there. Raises `RuntimeError` when there never is one."""
        found = f"document.querySelectorAll({json.dumps(selector)})[{number}]"
        await self.until(f"Boolean({found} && ({found}.focus(), {found}.select(), true))", f"no input is {selector!r}")
        await self.call("Input.insertText", text=text)

    async def configure(self, text: str) -> None:
        """Put a text into the editor of a launchpad, in place of what is there."""
        editor = "document.querySelector('.CodeMirror')?.CodeMirror"
        await self.until(f"Boolean({editor}?.getValue())", "there is no editor with a configuration")
        await self.run(f"{editor}.setValue({json.dumps(text)})")

    async def until(self, script: str, fault: str) -> None:
        """Wait until a JavaScript expression is true. Raises `RuntimeError` that begins with `fault` when it never is."""
        for _ in range(int(PATIENCE * 4)):
            if await self.run(script):
                return
            await asyncio.sleep(0.25)
        seen = str(await self.run("document.body.innerText"))[-3000:]
        raise RuntimeError(f"{fault}; the page says: {seen}")

    async def pick(self, item: str) -> None:
        """Pick an item of one of the menus beside a graph. Raises `RuntimeError` when none has it."""
        for number in range(2, 6):
            await self.run(f"document.querySelectorAll('#zoom-slider-container button')[{number}]?.click()")
            await asyncio.sleep(0.7)
            picked = await self.run(f"""(() => {{
                const found = [...document.querySelectorAll("[role=menuitem], a, li, button")].reverse();
                const item = found.find(one => one.innerText && one.innerText.trim().startsWith({json.dumps(item)}));
                if (item) item.click();
                return Boolean(item);
            }})()""")
            if picked:
                return
            await self.run("document.body.click()")
        raise RuntimeError(f"no menu of the graph has {item!r}")

    async def fold(self, group: str) -> None:
        """Fold a group of a graph."""
        await self.run(f"""(() => {{
            const found = [...document.querySelectorAll("foreignObject *")].reverse();
            const name = found.find(one => one.innerText && one.innerText.trim() === {json.dumps(group)});
            if (name) name.click();
        }})()""")
        await asyncio.sleep(2)

    async def around(self, selector: str) -> dict[str, float]:
        """The part of the page that holds all that a selector finds, with a margin, enlarged to the window's width."""
        script = f"""(() => {{
            const all = [...document.querySelectorAll({json.dumps(selector)})].map(one => one.getBoundingClientRect());
            const seen = all.filter(one => one.width && one.height);
            const [left, top] = [Math.min(...seen.map(one => one.left)), Math.min(...seen.map(one => one.top))];
            const right = Math.max(...seen.map(one => one.right)), bottom = Math.max(...seen.map(one => one.bottom));
            return [left, top, right - left, bottom - top];
        }})()"""
        left, top, width, height = await self.run(script)
        wide = width + 2 * MARGIN
        return {
            "x": left - MARGIN,
            "y": top - MARGIN,
            "width": wide,
            "height": height + 2 * MARGIN,
            "scale": WIDTH / wide,
        }

    async def take(self, target: Path, around: str = "", settle: float = 3) -> None:
        """Save what is shown, or the part of it `around` what a selector finds, as a PNG with a palette, once the page has settled."""
        await asyncio.sleep(settle)
        if around:  # a graph asks for the states of its nodes last; its buttons would lie on it
            await self.run("document.querySelector('#zoom-slider-container')?.remove()")
            await asyncio.sleep(2 * settle)
        part = {"clip": await self.around(around)} if around else {}
        data = base64.b64decode((await self.call("Page.captureScreenshot", format="png", **part))["data"])
        Image.open(BytesIO(data)).convert("RGB").quantize(COLOURS).save(target, optimize=True)
        print(f"{target.name}: {target.stat().st_size // 1000} kB", flush=True)


@asynccontextmanager
async def tab(port: int) -> AsyncIterator[Page]:
    """The tab of a Chromium."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            target = next(one for one in await answer.json() if one["type"] == "page")
        async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            yield Page(socket)
