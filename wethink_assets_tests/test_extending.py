"""docs/extending.md: each of its diffs applies to a copy of the package, and what it adds works there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LARGE = "checkpoints"  # weights of the embedded model: linked, not copied
SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```(diff|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sections() -> dict[str, str]:
    """Text of each section by its title."""
    _, *parts = SECTION.split((ROOT / "docs" / "extending.md").read_text(encoding="utf-8"))
    return dict(zip(parts[::2], parts[1::2], strict=True))


def copied_package(folder: Path) -> None:
    """The package in a folder of its own, but for the weights."""
    shutil.copytree(
        ROOT / "wethink_assets", folder / "wethink_assets", ignore=shutil.ignore_patterns(LARGE, "__pycache__")
    )
    for weights in (ROOT / "wethink_assets").rglob(LARGE):
        (folder / weights.relative_to(ROOT)).symlink_to(weights)


@pytest.mark.parametrize("title", sections())
def test_the_diff_of_a_section_applies_and_its_lines_run(title: str, tmp_path: Path) -> None:
    blocks = BLOCK.findall(sections()[title])
    assert [language for language, _ in blocks] == ["diff", "python"], f"{title}: one diff, then the lines that use it"
    (_, diff), (_, lines) = blocks
    copied_package(tmp_path)
    patched = subprocess.run(
        ["git", "apply", "--whitespace=error", "-"],
        input=diff,
        text=True,
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
    )
    assert patched.returncode == 0, patched.stderr
    check = "import wethink_assets\nassert wethink_assets.__file__.startswith({!r}), wethink_assets.__file__\n"
    (tmp_path / "example.py").write_text(check.format(str(tmp_path)) + lines, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "example.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("title", sections())
def test_a_diff_adds_a_module_and_registers_it(title: str) -> None:
    diff = next(text for language, text in BLOCK.findall(sections()[title]) if language == "diff")
    changed = re.findall(r"^\+\+\+ b/(\S+)$", diff, re.MULTILINE)
    added = re.findall(r"^--- /dev/null\n\+\+\+ b/(\S+)$", diff, re.MULTILINE)
    product = [path for path in changed if path.startswith("wethink_assets/")]
    assert len([path for path in product if path in added and path.endswith(".py")]) == 1
    (registration,) = (path for path in product if path not in added and path.endswith(".py"))
    (_, hunk), *_ = [(path, part) for path, part in _hunks(diff) if path == registration]
    assert len(re.findall(r"^\+[^+]", hunk, re.MULTILINE)) == 1 and not re.findall(r"^-[^-]", hunk, re.MULTILINE)


def _hunks(diff: str) -> list[tuple[str, str]]:
    """Path and lines of each file of a diff."""
    _, *parts = re.split(r"^\+\+\+ b/(\S+)$", diff, flags=re.MULTILINE)
    cut = [re.split(r"^(?:diff --git|--- )", text, maxsplit=1, flags=re.MULTILINE)[0] for text in parts[1::2]]
    return list(zip(parts[::2], cut, strict=True))
