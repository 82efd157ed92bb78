"""Processes that decode images find what this one does, lose nothing when they are killed, and end with whoever started them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wethink_assets.sources import ingestion
from wethink_assets.sources.images.decoding import ImageFacts, ImageFault
from wethink_assets.sources.images.examiners import COMMAND, ROOT, Examiners, examined
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.sources import ingest_all, source_at, write_files

# A decoder that crashes: none that Pillow has is known to, so that the process itself does at these bytes.
CRASHES = """
import os
from wethink_assets.sources.images import examiners
real = examiners.examined
examiners.examined = lambda data: os.abort() if data == b"crash" else real(data)
examiners.main()
"""


def is_there(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_process_that_is_killed_costs_no_image() -> None:
    files = [drawing(number) for number in range(6)] + [b"", b"no image", drawing(7)[:99]]
    expected = [examined(data) for data in files]
    assert {type(one.outcome) for one in expected} == {ImageFacts, ImageFault}
    with Examiners(1) as examiners:
        assert examiners.examine(files) == expected
        (process,) = examiners.processes
        os.kill(process.pid, signal.SIGKILL)
        assert examiners.examine(files) == expected
        (other,) = examiners.processes
    assert other.pid != process.pid
    assert not is_there(process.pid)
    assert not is_there(other.pid)


def test_a_file_at_which_the_decoder_crashes_is_rejected_and_the_others_are_not() -> None:
    files = [drawing(1), b"crash", drawing(2)]
    with Examiners(1, (sys.executable, "-c", CRASHES)) as examiners:
        first, crashed, last = examiners.examine(files)
    assert (first, last) == (examined(files[0]), examined(files[2]))
    assert crashed.outcome == ImageFault("corrupt", f"decoding it ends the process with {-signal.SIGABRT}")
    assert crashed.sha256 == examined(b"crash").sha256


def test_where_processes_do_not_run_nothing_is_rejected_for_it() -> None:
    files = [drawing(1), drawing(2)]
    with Examiners(1, (sys.executable, "-c", "raise SystemExit(1)")) as examiners:
        assert examiners.examine(files) == examiners.examine(files) == [examined(data) for data in files]


def test_processes_end_when_whoever_started_them_is_killed() -> None:
    code = (
        "from wethink_assets.sources.images.examiners import Examiners\n"
        "with Examiners(1) as examiners:\n"
        "    print(examiners.processes[0].pid, flush=True)\n"
        "    input()\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    owner = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    assert is_there(pid)
    owner.kill()
    owner.communicate()
    until = time.monotonic() + 30
    while is_there(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_there(pid)


def test_a_batch_is_the_same_by_processes_and_by_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"{number}.png": drawing(number % 20) for number in range(30)} | {"broken.png": drawing(1)[:99]}
    source = source_at(write_files(tmp_path / "s", files))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    outputs, stored, commands = [], [], []
    monkeypatch.setattr(subprocess, "Popen", counted(commands))
    for least in (2**40, 0):
        monkeypatch.setattr(ingestion, "WORTH_PROCESSES", least)
        folder = tmp_path / f"store{least}"
        store = Store.open(str(folder))
        register_source(store, source, 100)
        outputs.append(ingest_all(store, source))
        kept = [path for part in ("blobs", "claims", "rejected") for path in (folder / part).rglob("*.*")]
        stored.append({path.relative_to(folder): path.read_bytes() for path in kept})
        assert len(commands) == (0 if least else 2)
    assert outputs[0].results.height == 20
    assert outputs[1].results.equals(outputs[0].results)
    assert outputs[1].rejections.equals(outputs[0].rejections)
    assert stored[0] == stored[1]


def counted(commands: list[object]) -> type[subprocess.Popen[bytes]]:
    """`Popen` that notes which of our processes it starts."""

    class Counted(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **options: object) -> None:
            if tuple(command[:-1]) == COMMAND:
                commands.append(command)
            super().__init__(command, **options)  # type: ignore[call-overload]

    return Counted
