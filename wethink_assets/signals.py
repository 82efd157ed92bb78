"""Signals that end a command: SIGTERM or one Ctrl-C within two seconds, a second one at once, at any moment.

The first raises `KeyboardInterrupt` in the main thread, so that work ends in order. That alone is no promise: libraries put handlers of their own in
place of Python's (Dagster, while a run is between two steps), an interruption raised in a callback is dropped, and a thread that waits in native
code hears of none. So a thread of its own is told of each signal by Python's wakeup descriptor, whatever handler is in force, and ends the process
when its time is over. That loses nothing: what is in the store is whole at any moment, as it is when a process is killed.

A program that has said its exit code does not take its interpreter down: that needs half a second of the processor where torch or Dagster are
imported, seconds on a busy machine, and no thread of Python's runs meanwhile that could end it, nor is a signal then more than a sudden death.
"""

import atexit
import logging
import os
import select
import signal
import sys
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

__all__ = ["INTERRUPTED", "SENTENCE", "ends_with", "heed", "outlives", "received"]

INTERRUPTED = 130
"""Exit code of a command that a signal ended."""
GRACE = 0.8  # seconds to end in order; what is left of two is for a busy machine, and for servers, which notice that nobody uses them any more
GONE = 0.6  # seconds within which what was killed is gone: the memory of a training is not given back in a moment
AT_ONCE = 0.2  # the same, after a second signal: what was killed goes without being waited for
ONE_SIGNAL = 0.05  # seconds within which signals are one: `timeout`, `uv run` and terminals send it to a process and to its group
SENTENCE = "interrupted; what is finished is kept, the same command goes on from there"
_ENDING = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR = b"\x1b[?25h"  # progress bars hide it


class _Watch:
    """The wakeup descriptor of this process and the thread that reads it."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._first = threading.Event()
        self._raised = False
        self.code: int | None = None
        self.spared: set[int] = set()
        try:
            self._terminal = os.dup(2)  # Dagster exchanges the descriptor while a step works
        except OSError:
            self._terminal = -1

    def begin(self) -> None:
        """Watch from now on. Signals that this process was told to ignore, as by `nohup`, stay ignored."""
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for kind in _ENDING:
            if signal.getsignal(kind) is not signal.SIG_IGN:
                signal.signal(kind, self._interrupt)
        sys.excepthook = _without_traceback
        sys.unraisablehook = _without_interruption
        _log_no_interruption()
        os.register_at_fork(after_in_child=_forget)
        atexit.register(self._leave)
        threading.Thread(target=self._run, name="signals", daemon=True).start()

    def _interrupt(self, *_: object) -> None:
        # Once: who ends in order must not be interrupted by the copy that a wrapper sends.
        if not self._raised:
            self._raised = True
            raise KeyboardInterrupt

    def received(self) -> bool:
        """Whether a signal came, also one that the thread has not read yet, or has read and not noted."""
        return self._raised or self._first.is_set() or bool(select.select([self._read], [], [], 0)[0])

    def _run(self) -> None:
        until = self._next()
        self._first.set()
        while (left := until + GRACE - time.monotonic()) > 0 and select.select([self._read], [], [], left)[0]:
            if self._next() - until > ONE_SIGNAL:
                self._end(AT_ONCE)
        self._end(GONE)

    def _leave(self) -> None:
        if self.received():  # and the command ended in order: whom it asked to end may not have done so yet
            end_descendants(os.getpid(), self.spared, GONE)
        if self.code is None:
            return
        logging.shutdown()
        try:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
        except (OSError, ValueError):  # Python says so, in its way and with its exit code
            return
        os._exit(self.code)

    def _next(self) -> float:
        """The moment of the next signal that ends a command; others, such as of a child's end, are passed over."""
        while not set(_ENDING).intersection(os.read(self._read, 64)):
            pass
        return time.monotonic()

    def _end(self, patience: float) -> None:
        sys.setswitchinterval(
            1e-5
        )  # each file that is read gives Python's lock away; 5 ms to get it back would be seconds in all
        end_descendants(os.getpid(), self.spared, patience)
        with suppress(OSError):
            cursor = _SHOW_CURSOR if os.isatty(self._terminal) else b""
            os.write(self._terminal, cursor + f"wethink: {SENTENCE}\n".encode())
        os._exit(INTERRUPTED)


_watch: _Watch | None = None


def heed() -> None:
    """Keep the promise of this module from now on; to be called by the program that a process runs, in its main thread."""
    global _watch
    if _watch is None:
        _watch = _Watch()
        _watch.begin()


def received() -> bool:
    """Whether this process heeds signals and was asked to end. Asked for where a library may have kept the signal to itself."""
    return _watch is not None and _watch.received()


def ends_with(code: int | str | None) -> None:
    """Say the exit code that this program is about to end with, so that it leaves without taking its interpreter down.

    What was registered with `atexit` is done first, and what was written to its output is flushed.
    """
    if _watch is not None and not isinstance(code, str):
        _watch.code = code or 0


def outlives(process: int) -> None:
    """Leave a child alone when this process is ended: it is in use by others too, and notices by itself when nobody is left."""
    if _watch is not None:
        _watch.spared.add(process)


def end_descendants(of: int, spared: set[int], patience: float) -> None:
    """Kill all that a process started, with what those started, except the spared, and wait for so many seconds until they are gone.

    Whoever was found is killed, however long it took to find them on a busy machine: a stopped one would stay for good, as it does not even notice
    that nobody is left. Linux alone tells who that is.
    """
    until = time.monotonic() + patience
    while found := _stopped(of, spared):
        _kill(found, until)
        if time.monotonic() >= until:
            return
        # and once more: this process itself may have started one meanwhile


def _stopped(of: int, spared: set[int]) -> list[int]:
    """All that a process started, stopped: who is killed at once may have started another one since it was looked at, which nobody would find."""
    stopped: list[int] = []
    while more := [process for process in descendants(of, spared) if process not in stopped]:
        stopped += more
        for process in more:
            with suppress(OSError):
                os.kill(process, signal.SIGSTOP)
    return stopped


def _kill(processes: list[int], until: float) -> None:
    """Kill processes, and wait until they are gone."""
    ends = select.poll()
    waited = 0
    for process in processes:
        with suppress(OSError):
            ends.register(os.pidfd_open(process), select.POLLIN)
            waited += 1
        with suppress(OSError):
            os.kill(process, signal.SIGKILL)
    while waited and (left := until - time.monotonic()) > 0:
        for descriptor, _ in ends.poll(1000 * left):
            ends.unregister(descriptor)
            waited -= 1


def descendants(of: int, spared: set[int]) -> list[int]:
    """Children of a process, their children and so on, without the spared and what those started."""
    if sys.platform != "linux":
        return []
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except (OSError, IndexError, ValueError):  # it has just ended
            continue
        if state != b"Z":  # ended: what it started is nobody's any more
            children.setdefault(int(parent), []).append(int(name))
    found, waiting = [], [of]
    while waiting:
        below = [child for child in children.get(waiting.pop(), ()) if child not in spared]
        found += below
        waiting += below
    return found


def _without_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    # An interruption that nobody caught came while modules were imported, say: where that was is nobody's concern.
    if not (issubclass(kind, KeyboardInterrupt) and received()):
        sys.__excepthook__(kind, error, trace)


def _without_interruption(unraisable: "sys.UnraisableHookArgs") -> None:
    # Raised in a callback of the garbage collector it goes no further: the thread that watches ends the process.
    if not (isinstance(unraisable.exc_value, KeyboardInterrupt) and received()):
        sys.__unraisablehook__(unraisable)


def _log_no_interruption() -> None:
    # Libraries log what stops them in cleaning up, such as SQLAlchemy on closing a connection, and show the traceback of an interruption.
    make = logging.getLogRecordFactory()

    def made(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = make(*arguments, **named)
        if record.exc_info and isinstance(record.exc_info[1], KeyboardInterrupt):
            record.exc_info = None
        return record

    logging.setLogRecordFactory(made)


def _forget() -> None:
    # A fork, as of a pool of processes, has the descriptor too: a signal that ends it is none of ours.
    global _watch
    if _watch is not None:
        _watch = None
        signal.set_wakeup_fd(-1)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
