"""A tutorial as a program: its files are written and its commands run in order, in one shell, and what it shows of their output must be there.

Of a page of docs/tutorials/:

- A block with `title="NAME"` is the file NAME, which is written when it is come to.
- A block `console` has commands behind `$ ` (`> ` continues one) and below each what it prints: lines that stand in its output in this order, whole
  or, where `...` stands for anything, in part.
- A block under `<!-- not run: REASON -->` is no part of the program.
"""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"
BLOCK = re.compile(r"(?:^<!-- not run: (.+?) -->\n)?^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"^<!-- not run", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it is, its text, and why it is not run."""

    language: str
    file: str
    text: str
    not_run: str


@dataclass(frozen=True)
class Command:
    """A command with the lines that a page shows of its output."""

    text: str
    shown: tuple[str, ...]


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    found = [
        Block(language, "".join(re.findall(r'title="([^"]+)"', rest)), body, reason)
        for reason, language, rest, body in BLOCK.findall(text)
    ]
    assert len(MARK.findall(text)) == sum(bool(block.not_run) for block in found), f"{page.name}: a mark stands apart"
    return found


def commands(text: str) -> list[Command]:
    """Commands of a `console` block.

    >>> commands("$ ls a \\\\\\n>   b\\na\\n$ pwd\\n")
    [Command(text='ls a \\\\\\n  b', shown=('a',)), Command(text='pwd', shown=())]
    """
    parsed: list[tuple[list[str], list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            parsed.append(([line[2:]], []))
        elif (line == ">" or line.startswith("> ")) and not parsed[-1][1]:
            parsed[-1][0].append(line[2:])
        else:
            parsed[-1][1].append(line)
    return [Command("\n".join(lines), tuple(shown)) for lines, shown in parsed]


def missing_lines(output: str, shown: tuple[str, ...]) -> list[str]:
    """The first of the lines that the output does not have after those before it, as a list; empty: all are there."""
    position = 0
    for line in shown:
        if line.strip() == "...":
            continue
        pattern = ".*".join(
            r"\s+".join(map(re.escape, part.split())) for part in re.split(r"\s*\.\.\.\s*", line.strip())
        )
        match = re.search(rf"^\s*{pattern}\s*$", output[position:], re.MULTILINE)
        if match is None:
            return [line]
        position += match.end()
    return []


def run_tutorial(page: Path, folder: Path, timeout: float) -> None:
    """Run a page in a folder. Raises `AssertionError` that names the command that failed, or the line that it did not print."""
    script = ["set -o pipefail", 'fail() { echo "failed: $1"; exit 1; }']
    run: list[tuple[Command, Path]] = []
    outputs = folder.parent / f"{folder.name}-outputs"
    outputs.mkdir()
    for block in blocks(page):
        if block.not_run:
            continue
        if block.file:
            written = outputs / f"file-{len(script)}"
            written.write_text(block.text, encoding="utf-8")
            file = folder / block.file  # below the folder that the page begins in, wherever the shell is
            script.append(
                f"mkdir -p {shlex.quote(str(file.parent))} && cp {shlex.quote(str(written))} {shlex.quote(str(file))}"
            )
        elif block.language == "console":
            for command in commands(block.text):
                output = outputs / f"{len(run)}.txt"
                run.append((command, output))
                script.append(f"{{ {command.text}\n}} >{output} 2>&1 || fail {len(run) - 1}")
    done = _shell("\n".join(script), folder, timeout)
    failed = re.search(r"failed: (\d+)", done.stdout)
    if failed or done.returncode:
        command, output = run[int(failed[1])] if failed else next((ran for ran in run if not ran[1].exists()), run[-1])
        printed = output.read_text(encoding="utf-8") if output.exists() else ""
        raise AssertionError(f"{page.name}: $ {command.text}\n{printed[-4000:]}\n{done.stderr}")
    for command, output in run:
        text = output.read_text(encoding="utf-8")
        assert missing_lines(text, command.shown) == [], f"{page.name}: $ {command.text}\n{text[-4000:]}"


def _shell(script: str, folder: Path, timeout: float) -> "subprocess.CompletedProcess[str]":
    """Run a script as the shell of an activated environment would, in a process group that is ended with it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WETHINK_", "DAGSTER_"))}
    environment = {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "WETHINK": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "DO_NOT_TRACK": "1",
        "COLUMNS": "160",
    }
    with subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            process.wait(timeout)
        finally:
            with contextlib.suppress(ProcessLookupError):  # nothing is left of it
                os.killpg(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(script, process.returncode, stdout, stderr)
