"""Batches that overlap: a few at a time, in order, no more images than fit, and none goes on when one is interrupted."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from wethink_assets.commands.progress import Display
from wethink_assets.commands.synthesis.overlap import work_overlapped


class Recorder:
    """Work that takes a moment, and notes which batches were at work beside each other."""

    def __init__(self, seconds: float = 0.02) -> None:
        self.seconds = seconds
        self.begun: list[str] = []
        self.at_once: list[set[str]] = []
        self._at_work: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, batch: str) -> str:
        with self._lock:
            self.begun.append(batch)
            self._at_work.add(batch)
            self.at_once.append(set(self._at_work))
        time.sleep(self.seconds)
        with self._lock:
            self._at_work.discard(batch)
        return batch.upper()


def test_batches_begin_in_order_a_few_at_a_time_and_each_is_told_once() -> None:
    work, ended = Recorder(), list[tuple[str, str]]()

    def take(batch: str, outcome: str) -> bool:
        ended.append((batch, outcome))
        return True

    work_overlapped(dict.fromkeys("abcdefg", 1), work, take, 3)
    assert set(work.begun[:3]) == set("abc")
    assert max(map(len, work.at_once)) == 3
    assert sorted(ended) == [(batch, batch.upper()) for batch in "abcdefg"]


def test_no_more_images_are_at_work_than_allowed_but_of_a_single_batch() -> None:
    work = Recorder()
    sizes = {"a": 6, "b": 5, "c": 30, "d": 4, "e": 5}
    work_overlapped(sizes, work, lambda *_: True, 3, most_images=10)
    assert all(sum(sizes[batch] for batch in group) <= 10 or len(group) == 1 for group in work.at_once)
    assert {"d", "e"} in work.at_once and sorted(work.begun) == list("abcde")


def test_after_a_batch_that_says_so_no_other_begins_and_those_at_work_are_told() -> None:
    work, ended = Recorder(), list[str]()

    def first_is_the_last(batch: str, _: str) -> bool:
        ended.append(batch)
        return batch != "a"

    work_overlapped(dict.fromkeys("abcdef", 1), work, first_is_the_last, 2)
    assert "a" in ended and sorted(ended) == sorted(work.begun) and len(ended) < 6


@pytest.mark.parametrize("at_once", [1, 3])
def test_one_at_a_time_is_worked_on_in_this_thread(at_once: int) -> None:
    threads = list[int]()
    sizes = dict.fromkeys("abc" if at_once == 1 else "a", 1)
    work_overlapped(sizes, lambda _: threads.append(threading.get_ident()), lambda *_: True, at_once)
    assert threads == [threading.get_ident()] * len(sizes)


def test_an_interruption_reaches_every_batch_at_work() -> None:
    at_work = threading.Barrier(3)
    ended = list[str]()
    with Display() as display, display.batches(dict.fromkeys("abcd", 1)) as progress:

        def work(batch: str) -> None:
            progress.begin(batch, 1)
            tell = display.of("images", batch)
            at_work.wait(10)
            try:
                while True:
                    time.sleep(0.01)
                    tell(0, 10)
            except KeyboardInterrupt:
                ended.append(batch)
                raise

        def interrupting() -> None:
            at_work.wait(10)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupting).start()
        with pytest.raises(KeyboardInterrupt):
            work_overlapped(dict.fromkeys("abcd", 1), work, lambda *_: True, 2, progress.interrupt)
    assert sorted(ended) == ["a", "b"]


def test_interruptions_as_the_last_batch_begins_wait_for_all() -> None:
    # In a process of its own: hypothesis times the garbage collector here, and an interruption that hits that is dropped by Python.
    ran = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout) == (0, "50 of 50\n"), ran.stderr


INTERRUPTED = """
import os, signal, threading, time
from wethink_assets.commands.synthesis.overlap import work_overlapped

def waited_for_all():
    at_work, stopped, ended = threading.Barrier(3), threading.Event(), []

    def work(batch):
        at_work.wait(10)
        stopped.wait(10)
        time.sleep(0.01)
        ended.append(batch)

    def interrupting():
        at_work.wait(10)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupting).start()
    try:
        work_overlapped(dict.fromkeys("abcd", 1), work, lambda *_: True, 2, stopped.set)
    except KeyboardInterrupt:
        return sorted(ended) == ["a", "b"]
    return False

print(sum(waited_for_all() for _ in range(50)), "of 50")
"""


def test_the_first_error_stops_the_others_and_standard_output_stays_what_it_was(
    capfd: pytest.CaptureFixture[str],
) -> None:
    stopped = threading.Event()

    def work(batch: str) -> None:
        with open(os.devnull, "w") as elsewhere:
            os.dup2(elsewhere.fileno(), 1)  # as Dagster does, and nobody puts it back
        if batch == "a":
            raise ValueError("broken")
        assert stopped.wait(10)

    with pytest.raises(ValueError, match="broken"):
        work_overlapped(dict.fromkeys("abcd", 1), work, lambda *_: True, 2, stopped.set)
    os.write(1, b"seen")
    assert "seen" in capfd.readouterr().out
