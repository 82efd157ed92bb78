"""Signals: one ends a program within two seconds, whatever keeps it to itself, a second one at once, and its processes with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wethink_assets.signals import INTERRUPTED, SENTENCE
from wethink_assets_tests.support.project import ROOT

HEEDED = "import os, signal, subprocess, sys, time\nfrom wethink_assets import signals\nsignals.heed()\n"
READY = "print('ready', flush=True)\n"
DEAF = "for kind in (signal.SIGINT, signal.SIGTERM):\n    signal.signal(kind, lambda *_: None)\n"  # as Dagster between two steps
SWALLOWS = HEEDED + (
    f"{DEAF}{READY}until = time.monotonic() + 30\nwhile time.monotonic() < until:\n    time.sleep(1)\n"
)
STUCK = HEEDED + (  # in native code that no signal calls back
    f"import ctypes\nlocks, lock = ctypes.CDLL(None), ctypes.create_string_buffer(64)\n{READY}"
    "locks.pthread_mutex_lock(lock)\nlocks.pthread_mutex_lock(lock)\n"
)


@contextmanager
def started(program: str) -> Iterator["subprocess.Popen[str]"]:
    """A program that has said that it is ready."""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell's `&` ignores it
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def seconds_to_end(process: "subprocess.Popen[str]") -> float:
    """How long it takes until it has ended with the code of an interruption."""
    began = time.monotonic()
    assert process.wait(20) == INTERRUPTED
    return time.monotonic() - began


def is_there(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


@pytest.mark.parametrize("program", [SWALLOWS, STUCK])
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_ends_what_keeps_it_to_itself(program: str, sent: signal.Signals) -> None:
    with started(program) as process:
        time.sleep(0.2)  # it is about to be stuck
        process.send_signal(sent)
        assert seconds_to_end(process) < 2
        assert process.stderr is not None and SENTENCE in process.stderr.read()


@pytest.mark.parametrize("kinds", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)])
def test_a_second_signal_ends_it_at_once(kinds: tuple[signal.Signals, signal.Signals]) -> None:
    with started(SWALLOWS) as process:
        process.send_signal(kinds[0])
        time.sleep(0.2)
        assert process.poll() is None
        process.send_signal(kinds[1])
        assert seconds_to_end(process) < 0.5


def test_work_that_hears_of_it_ends_in_order_and_one_signal_sent_twice_is_one() -> None:
    program = f"{HEEDED}try:\n    {READY}    time.sleep(30)\nexcept KeyboardInterrupt:\n    time.sleep(0.3)\n    print(signals.received())\n"
    with started(program) as process:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.01)
        process.send_signal(signal.SIGTERM)  # as `timeout` does: to the process, and to its group
        output, _ = process.communicate(timeout=10)
        assert (output, process.returncode) == ("True\n", 0)


def test_an_interruption_that_nobody_caught_shows_no_traceback_nor_does_a_library_that_logs_it() -> None:
    body = f"try:\n    {READY}    time.sleep(30)\nexcept KeyboardInterrupt:\n    logging.exception('in a callback')\n    raise\n"
    program = f"{HEEDED}import logging\n{body}"
    with started(program) as process:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (-signal.SIGINT, "ERROR:root:in a callback\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says who started a process")
def test_what_it_started_ends_with_it_but_for_what_others_use() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    grandparent = (
        f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {deaf!r}]).pid, flush=True); input()"
    )
    program = f"{HEEDED}{DEAF}" + (
        f"child = subprocess.Popen([sys.executable, '-c', {grandparent!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)\n"
        f"shared = subprocess.Popen([sys.executable, '-c', {deaf!r}], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        f"signals.outlives(shared.pid)\n{READY}print(child.pid, int(child.stdout.readline()), shared.pid, flush=True)\n"
        "while True:\n    time.sleep(1)\n"
    )
    with started(program) as process:
        assert process.stdout is not None
        child, grandchild, shared = map(int, process.stdout.readline().split())
        try:
            assert all(map(is_there, (child, grandchild, shared)))
            process.send_signal(signal.SIGTERM)
            until = time.monotonic() + 2
            assert seconds_to_end(process) < 2
            while (is_there(child) or is_there(grandchild)) and time.monotonic() < until:
                time.sleep(0.01)
            assert not is_there(child) and not is_there(grandchild)
            assert is_there(shared)
        finally:
            os.kill(shared, signal.SIGKILL)


def test_an_interruption_that_is_dropped_in_a_callback_shows_nothing_and_ends_it_all_the_same() -> None:
    waiting = f"class Waiting:\n    def __del__(self):\n        {READY}        time.sleep(30)\n"
    with started(f"{HEEDED}{waiting}Waiting()\ntime.sleep(30)\n") as process:
        process.send_signal(signal.SIGTERM)
        assert seconds_to_end(process) < 2
        assert process.stderr is not None and process.stderr.read() == f"wethink: {SENTENCE}\n"


SLOW = "class Slow:\n    def __del__(self):\n        time.sleep(30)\nkept = Slow()\n"  # no thread of Python's runs meanwhile


def test_what_ended_in_order_does_not_take_its_interpreter_down() -> None:
    ends = "except KeyboardInterrupt:\n    print('in order')\n    signals.ends_with(130)\n    sys.exit(130)\n"
    program = (
        f"{HEEDED}{SLOW}import atexit\natexit.register(print, 'at exit')\ntry:\n    {READY}    time.sleep(30)\n{ends}"
    )
    with started(program) as process:
        process.send_signal(signal.SIGTERM)
        assert seconds_to_end(process) < 1
        assert process.stdout is not None and process.stdout.read() == "in order\nat exit\n"


def test_what_ended_by_itself_does_not_either_and_its_output_is_there() -> None:
    with started(f"{HEEDED}{SLOW}{READY}print('done', end='')\nsignals.ends_with(3)\nsys.exit(3)\n") as process:
        assert process.stdout is not None and process.stdout.read() == "done"
        assert process.wait(10) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says who started a process")
def test_a_child_that_starts_others_all_the_time_leaves_none(tmp_path: Path) -> None:
    mark = f"WETHINK_TEST_MARK={tmp_path}"
    forking = (
        "import os, time\nfor _ in range(400):\n    os.fork() or (time.sleep(30), os._exit(0))\n    time.sleep(0.001)\n"
    )
    program = HEEDED + (
        f"os.environ.update([{mark!r}.split('=')])\nsubprocess.Popen([sys.executable, '-c', {forking!r}])\n{DEAF}{READY}time.sleep(30)\n"
    )
    with started(program) as process:
        time.sleep(0.1)
        for _ in range(2):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        assert seconds_to_end(process) < 1
    time.sleep(0.2)
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            assert mark.encode() not in (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue


SLOW_TO_FIND = """
found = signals.descendants
def slowly(of, spared):
    time.sleep(0.5)  # as on a machine with many processes and no time
    return found(of, spared)
signals.descendants = slowly
child = subprocess.Popen([sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"], stdout=subprocess.PIPE)
child.stdout.readline()
print("ready", flush=True)
print(child.pid, flush=True)
time.sleep(30)
"""


@pytest.mark.parametrize("signals_sent", [1, 2])
def test_whoever_is_found_too_late_is_killed_and_not_left_stopped(signals_sent: int) -> None:
    with started(HEEDED + SLOW_TO_FIND) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        for _ in range(signals_sent):
            process.send_signal(signal.SIGINT)
            time.sleep(0.1)
        process.wait(10)
        until = time.monotonic() + 2
        while is_there(child) and time.monotonic() < until:
            time.sleep(0.02)
        assert not is_there(child)


def test_signals_of_forks_and_children_are_no_signals_of_the_program() -> None:
    program = HEEDED + (
        "signal.signal(signal.SIGCHLD, lambda *_: None)\n"
        "heard, said = os.pipe()\n"
        "for _ in range(3):\n    child = os.fork()\n    if not child:\n        os.write(said, b'x')\n        time.sleep(30)\n        os._exit(0)\n"
        "    os.read(heard, 1)\n    os.kill(child, signal.SIGTERM)\n    os.waitpid(child, 0)\n"
        f"{READY}time.sleep(1.0)\nprint(signals.received())\n"
    )
    with started(program) as process:
        assert process.communicate(timeout=20) == ("False\n", "")


def test_what_is_told_to_ignore_ctrl_c_ignores_it() -> None:
    program = (
        f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{HEEDED}{READY}time.sleep(1.0)\nprint('done')\n"
    )
    with started(program) as process:
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20)[0] == "done\n"


@pytest.mark.slow
def test_the_command_says_so_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "wethink_assets", "sample", "drawn", "--images", "100000"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment)
    deadline = time.monotonic() + 60
    while not any(path.is_file() for path in tmp_path.rglob("*.*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors.splitlines()[-1]) == (INTERRUPTED, f"wethink: {SENTENCE}")
    assert "Traceback" not in errors
