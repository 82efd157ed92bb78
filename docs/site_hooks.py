"""Hooks of the documentation site: pages from outside of docs/ join it, links lead as they do in the repository, anchors are those of GitHub.

MkDocs calls them by name (`hooks` of mkdocs.yml). So every page is written once, for readers of the repository and of the site alike.
"""

import posixpath
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(DOCS))

from reference_markdown import anchor  # noqa: E402

JOINED = {  # path in the repository -> page of the site
    "README.md": "overview.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "measurements/benchmarks.md",
    "wethink_assets/models/embedded/checkpoints/README.md": "embedded-model.md",
}
FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
CELL = re.compile(r"<td>.*?</td>", re.DOTALL)
FILE_NAME = re.compile(r"[\w/-]+\.md")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give headings the anchors that links in the repository name."""
    config.mdx_configs["toc"]["slugify"] = lambda title, _separator: anchor(title)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside of docs/."""
    for path, page in JOINED.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Rewrite links: to where a page lies in the site, by its title in place of its file's name; what is no part of the site becomes plain text."""
    source = {uri: path for path, uri in JOINED.items()}.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    parts = FENCED.split(markdown)
    parts[::2] = [LINK.sub(lambda link: _site_link(link, source, page.file.src_uri), text) for text in parts[::2]]
    return "".join(parts)


def on_page_content(html: str, **_: Any) -> str:
    """Show bars in cells of tables as GitHub does: Markdown's own tables keep the backslash that escapes one inside code."""
    return CELL.sub(lambda cell: cell[0].replace(r"\|", "|"), html)


def _site_link(link: re.Match[str], source: str, page: str) -> str:
    image, text, target = link.groups()
    path, hash_sign, fragment = target.partition("#")
    if not path or "://" in target:
        return link[0]
    repository_path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    uri = JOINED.get(repository_path, repository_path.removeprefix("docs/"))
    if uri == repository_path:
        return (
            text if (ROOT / repository_path).exists() else link[0]
        )  # the second is a dead link, which the build reports
    if FILE_NAME.fullmatch(text):
        text = _title(repository_path)
    relative = posixpath.relpath(uri, posixpath.dirname(page) or ".")
    return f"{image}[{text}]({relative}{hash_sign}{fragment})"


@cache
def _title(repository_path: str) -> str:
    """First heading of a page."""
    page = ROOT / repository_path
    heading = re.search(r"^# (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE) if page.is_file() else None
    return heading[1] if heading else repository_path
