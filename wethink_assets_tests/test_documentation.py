"""The documentation: reference pages as the code says, links that lead somewhere, every page in the index."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wethink_assets.config import load_settings

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), ROOT / "benchmarks" / "README.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def reference(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "docs" / "reference.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_reference_pages_are_what_the_code_says() -> None:
    done = reference(ROOT, "--check")
    assert done.returncode == 0, done.stderr


def test_an_outdated_reference_page_is_named_and_written_anew(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for path in (ROOT / "docs").glob("reference*.py"):
        shutil.copy(path, tmp_path / "docs")
    (tmp_path / "wethink_assets").symlink_to(ROOT / "wethink_assets")
    for name in ("api.md", "settings.md"):
        shutil.copy(ROOT / "docs" / name, tmp_path / "docs")
    (tmp_path / "docs" / "commands.md").write_text("of another release\n")
    checked = reference(tmp_path, "--check")
    assert (checked.returncode, checked.stderr) == (1, "not what the code says: commands.md; run `make docs`\n")
    assert (tmp_path / "docs" / "commands.md").read_text() == "of another release\n"
    assert reference(tmp_path).returncode == 0
    assert (tmp_path / "docs" / "commands.md").read_bytes() == (ROOT / "docs" / "commands.md").read_bytes()


@pytest.mark.parametrize("module", ["reference_api", "reference_markdown", "reference_settings"])
def test_examples_of_the_generator_hold(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "doctest", f"{module}.py"], cwd=ROOT / "docs", capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout


def test_every_setting_has_a_meaning() -> None:
    rows = re.findall(r"^\| (`.+) \|$", (ROOT / "docs" / "settings.md").read_text(), flags=re.MULTILINE)
    assert len(rows) > 200
    assert [row for row in rows if not row.rpartition(" | ")[2].strip()] == []


def headings(page: Path) -> set[str]:
    """Anchors of a page, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in titles]
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(page.read_text()):
        if "://" in target:
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (fragment and fragment not in headings(file)):
            broken.append(target)
    assert broken == []


def modules_named(text: str) -> set[str]:
    """Modules in code spans: `wethink_assets.a.b` and paths below the repository or the package; examples that a command names count too."""
    code = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", code)
    paths = {path for span in spans for path in re.findall(r"(?<![\w<>*/.-])[\w-]+(?:/[\w-]+)+\.py\b", span)}
    return paths | {name for span in spans for name in re.findall(r"\bwethink_assets(?:\.\w+)+", span)}


def exists(name: str) -> bool:
    if name.endswith(".py"):
        return any((root / name).is_file() for root in (ROOT, ROOT / "wethink_assets", ROOT / "docs"))
    path = ROOT.joinpath(*name.split("."))
    parent = path.parent
    inside = [file for file in (parent.with_suffix(".py"), parent / "__init__.py") if file.is_file()]
    known = any(re.search(rf"\b{path.name}\b", file.read_text()) for file in inside)
    return path.is_dir() or path.with_suffix(".py").is_file() or known


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_modules_that_pages_name_exist(page: Path) -> None:
    assert {name for name in modules_named(page.read_text()) if not exists(name)} == set()


def test_the_settings_that_readme_shows_are_right(tmp_path: Path) -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    file = tmp_path / "wethink.toml"
    file.write_text("\n".join(blocks))
    settings = load_settings(file, {})
    assert settings.sources["my-photos"].licence == "CC-BY-4.0"
    assert settings.role("reasoner").model == settings.servers["words"].model


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    named = {target.partition("#")[0] for target in LINK.findall(index)}
    pages = {str(page.relative_to(ROOT / "docs")) for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert pages - named == {"README.md"}


def test_each_term_of_the_glossary_is_explained_once() -> None:
    lines = re.findall(r"^\| (.+?) \| (.+?) \|$", (ROOT / "docs" / "glossary.md").read_text(), flags=re.MULTILINE)
    terms = [term for term, _ in lines if term != "term"]
    assert sorted(set(terms)) == sorted(terms)
    assert [term for term, meaning in lines if term != "term" and not meaning.endswith(".")] == []
