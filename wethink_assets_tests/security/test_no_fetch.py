"""No URL that stands in data is fetched: not from columns, captions, JSON Lines, HTML or SVG, nor by a page that shows them."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.browsed import hostile_store
from wethink_assets_tests.support.browser import PROGRAM, chromium, tab
from wethink_assets_tests.support.http_servers import threaded
from wethink_assets_tests.support.images import drawing


@contextmanager
def watched_server() -> Iterator[tuple[str, list[str]]]:
    """A web server that has a picture at every path, and a list of what was asked of it."""
    hits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            data = drawing(1)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_HEAD = do_POST = do_GET

        def log_message(self, *_: object) -> None:
            return

    with threaded(Handler) as url:
        yield url, hits


def urls_in_data(url: str) -> tuple[str, ...]:
    """Texts that would fetch something in whoever reads them as more than text."""
    return (
        f"{url}/plain.png",
        f"![picture]({url}/markdown.png) [link]({url}/link)",
        f"<img src='{url}/html.png' srcset='{url}/set.png 2x'><link rel=stylesheet href='{url}/a.css'><script src='{url}/a.js'></script>",
        f"<svg xmlns='http://www.w3.org/2000/svg'><image href='{url}/svg.png'/><use href='{url}/a.svg#x'/></svg>",
        f"<style>@import '{url}/b.css'; * {{ background: url({url}/css.png) }}</style><iframe src='{url}/frame'></iframe>",
        f"<meta http-equiv=refresh content='0;url={url}/refresh'><object data='{url}/object'></object><video poster='{url}/poster'>",
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "{url}/entity">]><a>&x;</a>',
        f"url('{url}/bare.png') data:text/html,<img src={url}/data.png>",
    )


def write_sources(folder: Path, url: str) -> str:
    """Sources of each kind whose files name URLs; returns the tables of the configuration."""
    for name in ("files", "table", "lines"):
        (folder / name).mkdir()
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="{url}/image.png"/></svg>'
    (folder / "files/a.svg").write_text(svg)
    (folder / "files/a.png").write_text(svg)
    (folder / "files/b.png").write_bytes(drawing(5))
    (folder / "files/page.jpg").write_text(f"<html><img src={url}/page.png></html>")
    (folder / "files/c.url").write_text(f"[InternetShortcut]\nURL={url}/shortcut\n")
    pl.DataFrame({"image": [f"{url}/column.png", f"{url}/other.jpg"], "caption": urls_in_data(url)[:2]}).write_parquet(
        folder / "table/a.parquet"
    )
    pl.DataFrame(
        {"image": [{"bytes": drawing(6), "path": f"{url}/path.png"}, {"bytes": None, "path": f"{url}/struct.png"}]}
    ).write_parquet(folder / "table/b.parquet")
    with (folder / "lines/a.jsonl").open("w") as file:
        for text in urls_in_data(url):
            file.write(json.dumps({"image": f"{url}/line.png", "image_url": f"{url}/line.png", "text": text}) + "\n")
    described = 'title = "Mine"\nlicence = "CC0-1.0"\n'
    return "".join(f'[sources.{name}]\nlocation = "{name}"\n{described}' for name in ("files", "table", "lines"))


def test_no_url_in_a_source_or_an_import_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched_server() as (url, hits):
        path = tmp_path / "wethink.toml"
        path.write_text('[store]\nurl = "data"\n' + write_sources(tmp_path, url))
        monkeypatch.setenv("WETHINK_CONFIG", str(path))
        monkeypatch.delenv("DAGSTER_HOME", raising=False)
        rows = [
            {"question": text, "answer": "7", "image": image}
            for text in urls_in_data(url)
            for image in (f"{url}/row.png", "files/b.png")
        ]
        (tmp_path / "pairs.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n")
        told = ""
        for command in (("register",), ("plan",), ("import", str(tmp_path / "pairs.jsonl"), "--source", "pairs")):
            result = CliRunner().invoke(app, list(command))
            told += result.output + str(result.exception or "")
        assert Store.open(str(tmp_path / "data")).names("batches"), told
    assert hits == []


@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")
def test_no_page_fetches_what_texts_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched_server() as (url, hits):
        store = hostile_store(tmp_path / "data", urls_in_data(url))
        path = tmp_path / "wethink.toml"
        path.write_text(f'[store]\nurl = "{store.url}"\n')
        monkeypatch.setenv("WETHINK_CONFIG", str(path))
        for command in (
            ["browse", "--static", str(tmp_path / "pages")],
            ["duplicates", "v0001", "--html", str(tmp_path / "dup.html")],
        ):
            result = CliRunner().invoke(app, command)
            assert result.exit_code == 0, result.output
        shown = [
            tmp_path / "dup.html",
            tmp_path / "pages/index.html",
            *sorted((tmp_path / "pages").rglob("rows/*/*.html")),
        ]

        async def look(port: int) -> None:
            async with tab(port) as page:
                await page.call("Page.enable")
                for bypassed in (False, True):  # what the policy of a page stops must not be there to be stopped
                    await page.call("Page.setBypassCSP", enabled=bypassed)
                    for each in shown[:12]:
                        async with page.leaving():
                            await page.open(each.as_uri())
                        await asyncio.sleep(0.2)

        assert PROGRAM is not None
        with chromium(PROGRAM, tmp_path) as port:
            asyncio.run(look(port))
    assert len(shown) > 4 and hits == []
