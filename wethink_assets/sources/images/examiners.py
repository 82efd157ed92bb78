"""Examiners: processes that decode images for another one, a file at a time each, over pipes.

Threads of one process wait for each other's interpreter some thirty times an image: on two free cores two of them did a fifth more than one, and two
processes do one and three quarters as much. A process takes a third of a second and 70 MB, so that a small batch is better off without.

A process that ends in the middle (killed, out of memory, a decoder that crashes) costs no image: what it had is given to a new one, a file at a time,
and a file at which that ends too is rejected. Processes end with their input, thus also when whoever started them is killed.
"""

import dataclasses
import fcntl
import json
import logging
import os
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, NamedTuple

import wethink_assets
from wethink_assets.extensions.builtin import IMAGE_FORMATS, SHIPPED_IMAGE_FORMATS
from wethink_assets.identity import sha256_hex
from wethink_assets.sources.images import view
from wethink_assets.sources.images.decoding import ImageFacts, ImageFault, examine

__all__ = ["Examined", "Examiners", "examined"]

# Not of the folder that it is started in: what lies there may have names of modules.
COMMAND = (sys.executable, "-P", "-m", "wethink_assets.sources.images.examiners")
ROOT = Path(wethink_assets.__file__).parents[1]
PIPE_BYTES = 2**20
ENDING = 10.0  # seconds that a process has to end with its input
_COUNT, _LENGTH = struct.Struct("<I"), struct.Struct("<Q")
log = logging.getLogger(__name__)


class Examined(NamedTuple):
    """What a file is, or why it cannot be used, and the sha256 of its bytes."""

    outcome: ImageFacts | ImageFault
    sha256: str


def examined(data: bytes) -> Examined:
    """What a file is, found out in this process."""
    return Examined(examine(data), sha256_hex(data))


class Examiners:
    """So many processes. Use it as a context manager; `examine` may be called in several threads, each of which takes a process that is free.

    processes: those that are at work.
    """

    def __init__(self, count: int, command: Sequence[str] = COMMAND) -> None:
        self.processes: list[_Examiner] = []
        self._count = count
        self._failed = False
        self._command = command
        self._free: SimpleQueue[_Examiner] = SimpleQueue()
        self._resources = ExitStack()

    @staticmethod
    def know_all_formats() -> bool:
        """Whether such processes know all image formats that this one does: they import no plugins."""
        return set(IMAGE_FORMATS) == SHIPPED_IMAGE_FORMATS

    def __enter__(self) -> "Examiners":
        # Large pictures are decoded one at a time: whoever has the lock on this file, which nobody else opens.
        turn = self._resources.enter_context(tempfile.TemporaryFile())
        self._turn = turn.fileno()
        for _ in range(self._count):
            self._free.put(self._started())
        return self

    def __exit__(self, *error: object) -> None:
        for process in self.processes:
            process.end()
        self._resources.close()

    def examine(self, files: Sequence[bytes]) -> list[Examined]:
        """What each of some files is, in their order."""
        if self._failed:
            return [examined(data) for data in files]
        examiner = self._free.get()
        try:
            return examiner.examine(files)
        except EOFError:
            examiner = self._replaced(examiner)
            if examiner.former >= 0:  # no decoder ends a process so: it does not run at all
                self._failed = True
                log.warning("an examiner of images ended with %d: this process goes on without any", examiner.former)
                return [examined(data) for data in files]
            log.warning("an examiner of images ended with %d: what it had is examined again", examiner.former)
            outcomes = []
            for data in files:
                try:
                    outcomes += examiner.examine([data])
                except EOFError:
                    examiner = self._replaced(examiner)
                    outcomes.append(Examined(_fault_of(examiner.former), sha256_hex(data)))
            return outcomes
        finally:
            self._free.put(examiner)

    def _started(self, former: int = 0) -> "_Examiner":
        examiner = _Examiner(self._command, self._turn, former)
        self.processes.append(examiner)
        return examiner

    def _replaced(self, examiner: "_Examiner") -> "_Examiner":
        self.processes.remove(examiner)
        return self._started(examiner.end())


def _fault_of(code: int) -> ImageFault:
    """What is said of a file at which the decoder ended its process, with an exit code or by a signal."""
    if code == -signal.SIGKILL:  # for its memory, most often, which may do another time
        return ImageFault("unreadable", "the process that decoded it was killed, twice")
    return ImageFault("corrupt", f"decoding it ends the process with {code}")


class _Examiner:
    """One process, asked by one thread at a time. former: how the process ended in whose place this one is."""

    def __init__(self, command: Sequence[str], turn: int, former: int) -> None:
        self.former = former
        self._process = subprocess.Popen(
            [*command, str(turn)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(turn,),
            env=os.environ | {"PYTHONPATH": _search_path(), "OPENBLAS_NUM_THREADS": "1"},
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        for pipe in (self._input, self._output):
            with suppress(OSError, AttributeError):  # Linux has it, within a bound; smaller ones do, too
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def examine(self, files: Sequence[bytes]) -> list[Examined]:
        """What each of some files is. Raises `EOFError` where the process ended."""
        try:
            self._input.write(_COUNT.pack(len(files)) + b"".join(_LENGTH.pack(len(data)) for data in files))
            for data in files:
                self._input.write(data)
            self._input.flush()
        except OSError as error:  # its pipe is broken
            raise EOFError from error
        (length,) = _COUNT.unpack(_read(self._output, _COUNT.size))
        return [_from_json(*row) for row in json.loads(_read(self._output, length))]

    def end(self) -> int:
        """Have the process end, and its exit code; a negative one is that of the signal that ended it."""
        with suppress(OSError):
            self._input.close()
        try:
            self._process.wait(ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()
        return self._process.returncode


def _search_path() -> str:
    """Where the process finds this package, wherever it is started."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def _read(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def _from_json(kind: str, fields: dict[str, object], sha256: str) -> Examined:
    outcome: Callable[..., ImageFacts | ImageFault] = ImageFacts if kind == "facts" else ImageFault
    return Examined(outcome(**fields), sha256)


def _to_json(one: Examined) -> tuple[str, dict[str, object], str]:
    kind = "facts" if isinstance(one.outcome, ImageFacts) else "fault"
    return kind, dataclasses.asdict(one.outcome), one.sha256


def _requests(stream: IO[bytes]) -> Iterator[list[bytes]]:
    """Files of each request, until the input ends."""
    with suppress(EOFError):
        while True:
            (count,) = _COUNT.unpack(_read(stream, _COUNT.size))
            lengths = [_LENGTH.unpack(_read(stream, _LENGTH.size))[0] for _ in range(count)]
            yield [_read(stream, length) for length in lengths]


def main() -> None:
    """Examine what comes in, in the process that `Examiners` started."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it says when it is over
    view.take_turns_by(int(sys.argv[1]))
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    for files in _requests(sys.stdin.buffer):
        reply = json.dumps([_to_json(examined(data)) for data in files]).encode()
        replies.write(_COUNT.pack(len(reply)) + reply)
        replies.flush()


if __name__ == "__main__":
    main()
