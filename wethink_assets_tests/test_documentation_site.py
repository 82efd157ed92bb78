"""The documentation site: built without a warning, self-contained, with every page of the repository, links that lead somewhere, and search."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parent.parent


def build(folder: Path, config: Path = ROOT / "mkdocs.yml") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config), "--site-dir", str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documentation") / "site"
    done = build(folder)
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr
    return folder


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = r"<(?:script|img|iframe|source)[^>]*\ssrc=[\"']?([^\"'\s>]+)|<link[^>]*\shref=[\"']?([^\"'\s>]+)|url\(([^)]+)\)|@import\s+([^;]+)"
    elsewhere = {
        (file.name, target)
        for pattern in ("*.html", "*.css")
        for file in site.rglob(pattern)
        for targets in re.findall(loaded, file.read_text(encoding="utf-8"))
        for target in targets
        if re.match(r"[\"']?(?:https?:)?//", target)
    }
    assert elsewhere == set()
    assert [
        page.name for page in site.rglob("*.html") if 'class="mermaid"' in page.read_text()
    ] == []  # the theme fetches what draws it


def test_every_page_has_its_place_in_the_navigation(site: Path) -> None:
    home = (site / "index.html").read_text(encoding="utf-8")
    pages = [file.relative_to(ROOT / "docs").with_suffix(".html") for file in (ROOT / "docs").rglob("*.md")]
    assert [str(page) for page in pages if page.name != "README.html" and f'href="{page}"' not in home] == []


def test_links_and_anchors_of_the_built_pages_lead_somewhere(site: Path) -> None:
    texts = {file: file.read_text(encoding="utf-8") for file in site.rglob("*.html") if file.name != "404.html"}
    anchors = {file: set(re.findall(r'\sid="([^"]+)"', text)) for file, text in texts.items()}
    dead = []
    for file, text in texts.items():
        for target in set(re.findall(r'<a[^>]*\shref="([^"]+)"', text)):
            parts = urlsplit(target)
            if parts.scheme:
                continue
            linked = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if not linked.exists() or (parts.fragment and unquote(parts.fragment) not in anchors.get(linked, set())):
                dead.append((file.name, target))
    assert dead == []


def test_pages_read_as_on_github(site: Path) -> None:
    commands = (site / "commands.html").read_text(encoding="utf-8")
    assert "<code>IMAGE|SOURCE|LICENCE</code>" in commands  # a bar in a table
    assert '<a href="lineage.html">Where a version came from, and where it went</a>' in commands  # a page by its title
    home = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="measurements/benchmarks.html">benchmarks</a>' in home  # a page from outside of docs/


def test_search_knows_commands_settings_and_python_names(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    titles = {entry["title"]: entry["location"] for entry in index}
    assert titles["<code>wethink export</code>"] == "commands.html#wethink-export"
    assert any(entry["location"].startswith("settings.html#pipeline") for entry in index)
    assert any(entry["location"].startswith("api.html#") and "hybrid_reward" in entry["title"] for entry in index)


@pytest.mark.slow
def test_a_dead_link_fails_the_build_and_is_named(tmp_path: Path) -> None:
    for name in ("mkdocs.yml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("benchmarks", "wethink_assets"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    page = tmp_path / "docs" / "dagster.md"
    page.write_text(page.read_text() + "\nSee [nowhere](nowhere.md) and [no heading](growing.md#no-heading).\n")
    done = build(tmp_path / "site", tmp_path / "mkdocs.yml")
    assert done.returncode == 1
    assert "nowhere.md" in done.stderr and "#no-heading" in done.stderr
