"""The page of the benchmarks lists every script, and each script explains itself without doing anything."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
README = BENCHMARKS / "README.md"
# Those in peers/ need the environment of their peer; the other modules of support/ are no scripts.
SCRIPTS = sorted(
    path.relative_to(BENCHMARKS).as_posix()
    for folder in (BENCHMARKS, BENCHMARKS / "support")
    for path in folder.glob("*.py")
    if "__main__" in path.read_text()
)
WORK = ("subprocess.Popen", "os.posix_spawn", "socket.bind", "tempfile.mkdtemp", "tempfile.mkstemp")
# One process for all: they share most of what they import.
ASK_ALL = """
import contextlib, io, json, runpy, sys
from pathlib import Path

work = []

def importing(frame):
    while frame and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None

def heed(event, _):  # libraries may look for their parts with a process when they are imported
    if event in {events!r} and not importing(sys._getframe()):
        work.append(event)

sys.addaudithook(heed)
pages = {{}}
for script in {scripts!r}:
    path = Path({folder!r}, script)
    before = sys.path[:]
    sys.path.insert(0, str(path.parent))
    sys.argv, status, output = [str(path), "--help"], None, io.StringIO()
    work.clear()
    with contextlib.redirect_stdout(output):
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as end:
            status = end.code
    sys.path[:] = before
    pages[script] = {{"status": status, "help": output.getvalue(), "work": sorted(set(work))}}
print(json.dumps(pages))
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Exit status, help and signs of work of each script asked for its help, by script."""
    folder = tmp_path_factory.mktemp("asked")
    program = ASK_ALL.format(events=WORK, scripts=SCRIPTS, folder=str(BENCHMARKS))
    environment = {**os.environ, "COLUMNS": "200"}
    asked = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, timeout=500
    )
    assert asked.returncode == 0, asked.stderr[-2000:]
    assert not list(folder.iterdir())
    pages: dict[str, dict[str, Any]] = json.loads(asked.stdout)
    return pages


def test_the_page_lists_every_script_and_none_that_is_gone() -> None:
    linked = set(re.findall(r"\]\(([\w/]+\.py)\)", README.read_text()))
    peers = {path.relative_to(BENCHMARKS).as_posix() for path in BENCHMARKS.glob("peers/*_*.py")}
    assert set(SCRIPTS) <= linked
    assert linked - set(SCRIPTS) <= peers


def test_every_script_has_its_last_figures_with_a_date_or_says_that_there_are_none() -> None:
    _, _, section = README.read_text().partition("\n## Last figures\n")
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", section, re.MULTILINE))
    assert set(rows) == {Path(script).stem for script in SCRIPTS if "/" not in script}
    undated = {
        name for name, row in rows.items() if not re.search(r"20\d\d-\d\d-\d\d, `[0-9a-f]{7}`|not recorded", row)
    }
    assert not undated


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_says_what_a_script_shows_and_how_it_is_called(script: str, pages: dict[str, dict[str, Any]]) -> None:
    page = pages[script]
    assert page["status"] == 0
    assert page["help"].startswith("usage:")
    assert f"python benchmarks/{script}" in page["help"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_starts_nothing_and_writes_nothing(script: str, pages: dict[str, dict[str, Any]]) -> None:
    assert pages[script]["work"] == []
