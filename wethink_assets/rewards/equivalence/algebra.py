"""Equality of two mathematical expressions by computer algebra, in a process that can be killed.

math-verify (https://github.com/huggingface/Math-Verify) parses LaTeX by grammar into sympy and compares. Its own time limits are signals,
which work in a main thread only, and sympy can hang or eat memory on a short expression; so both run in a worker process, which is started at
the first expression, serves many, is killed when it takes too long or too much memory, and is replaced at once. Only text of a small grammar
(`expression_of`) is sent there, and the worker refuses every path of sympy that would evaluate text as Python.
"""

import atexit
import json
import logging
import os
import re
import select
import subprocess
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import IO

from wethink_assets.rewards.equivalence.normal_form import plain_answer, unified

LIMIT = 0.8
"""Seconds that one comparison may take in the worker."""
STARTING = 60.0
"""Seconds that the worker may take to start: loading sympy takes about one."""
LONGEST = 200
REMEMBERED = 8192
_KNOWN: dict[tuple[str, str], bool] = {}
_COMMANDS = (
    "frac|sqrt|pi|infty|ln|log|exp|sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|sinh|cosh|tanh|cup|cap|in|mathbb|binom|pm|alpha|beta|gamma|theta|"
    "lambda|mu|phi|omega|le|ge|lt|gt|neq"
)
_EXPRESSION = re.compile(
    rf"(?:\\(?:{_COMMANDS})(?![a-z])|\\[{{}}]|(?<![a-z])[a-z](?![a-z])|(?<![a-z])(?:sqrt|sin|cos|tan|ln|log|exp|pi)(?![a-z])|"
    r"[0-9.+\-*/^(){}\[\]=<>|!,_ ])+"
)
_MATHEMATICAL = re.compile(r"\\|[+*/^=<>]|(?<=[\da-z)}])\s*-|sqrt|\)\s*\(|\d\(|^\s*-?\d+[a-z]$")
_BARE = re.compile(r"(?<![\\a-z])(sqrt|sin|cos|tan|ln|log|exp|pi)(?![a-z])")
_ROOT = re.compile(r"(?<!\\)(?:sqrt|\u221a)\s*(?:\(([^()]*)\)|(\d+(?:\.\d+)?|[a-z](?![a-z])))")
log = logging.getLogger(__name__)


def is_mathematical(expression: str) -> bool:
    """Whether a result of `expression_of` says more than a number or a name: letters and digits side by side may be a code."""
    return _MATHEMATICAL.search(expression) is not None


@lru_cache(maxsize=8192)
def expression_of(text: str) -> str | None:
    r"""A text as LaTeX that may be sent to the computer algebra, or None: short, of known commands and single letters, with balanced braces.

    Towers of powers and long numbers are refused here already; whatever else is expensive is the worker's time limit's to end.

    Example:
        >>> expression_of("2 sqrt(3)"), expression_of("__import__('os')") is None, expression_of("9^9^9") is None
        ('2 \\sqrt{3}', True, True)
    """
    text = unified(plain_answer(text)).strip().rstrip(".,;").casefold()
    if not 0 < len(text) <= LONGEST:
        return None
    text = _ROOT.sub(lambda match: f"\\sqrt{{{match[1] or match[2]}}}", text)
    text = text.replace("<=", "\\le ").replace(">=", "\\ge ").replace("**", "^").replace("*", "\\cdot ")
    if not _EXPRESSION.fullmatch(text.replace("\\cdot ", "*")):
        return None
    if not _balanced(text) or text.count("{") > 24 or text.count("(") > 12 or re.search(r"\d{19}", text):
        return None
    if re.search(r"\^\s*(?:\{[^{}]*\}|\S)\s*\^|\^\s*\{[^{}]*\^", text):
        return None
    if any(len(power.strip("{}- ")) > 4 for power in re.findall(r"\^\s*(\{[^{}]*\}|-?\d+|.)", text)):
        return None
    return _BARE.sub(r"\\\1", text)


def _balanced(text: str) -> bool:
    depth = {"{": 0, "(": 0}
    for char in text:
        if char in "{(":
            depth[char] += 1
            if depth[char] > 8:
                return False
        elif char in "})":
            opening = "{" if char == "}" else "("
            depth[opening] -= 1
            if depth[opening] < 0 and char == "}":
                return False
    return depth["{"] == 0


def proved_equal(first: str, second: str, seconds: float = LIMIT) -> bool:
    """Whether two results of `expression_of` are proved equal within so many seconds; False also when the worker cannot be started.

    Answers are remembered, those that ran out of a whole `LIMIT` too, so that one hostile expression costs its time once.
    """
    pair = (first, second) if first <= second else (second, first)
    known = _KNOWN.get(pair)
    if known is not None:
        return known
    if seconds <= 0:
        return False
    equal = _WORKER.equal(*pair, min(seconds, LIMIT))
    if equal is not None or seconds >= LIMIT:
        if len(_KNOWN) >= REMEMBERED:
            _KNOWN.clear()
        _KNOWN[pair] = bool(equal)
    return bool(equal)


def warm_up() -> bool:
    """Start the worker now, so that the first expression does not wait for it; whether it runs."""
    return _WORKER.equal("1", "1", LIMIT) is True


class _Worker:
    """The worker process, one a process of ours; it is told by lines of JSON and answers so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._broken = False
        self._numbered = 0

    def equal(self, first: str, second: str, seconds: float) -> bool | None:
        """Whether two expressions are equal; None when that was not told in time."""
        with self._lock:
            if self._broken:
                return None
            try:
                process = self._running()
                self._numbered += 1
                request = json.dumps([self._numbered, first, second, seconds]).encode() + b"\n"
                _pipe(process.stdin).write(request)
                answer = self._line(
                    process, seconds + 5
                )  # the worker ends what takes longer; this is for one that is gone
                number, equal = json.loads(answer)
                return None if number != self._numbered else equal
            except (OSError, ValueError, TypeError):
                self.stop()
                return None

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._owner == os.getpid() and self._process.poll() is None:
            return self._process
        if self._owner == os.getpid():
            self.stop()
        # -P: nothing is imported from the folder that we happen to be in.
        command = [sys.executable, "-P", "-m", "wethink_assets.rewards.equivalence.algebra_worker"]
        kept = ("PATH", "PYTHONPATH", "LANG", "HOME", "VIRTUAL_ENV")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        paths = [str(Path(__file__).parents[3]), *filter(None, [environment.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                bufsize=0,
                start_new_session=True,  # an interrupt of ours must not end it amid a comparison
            )
            self._owner = os.getpid()
            self._line(self._process, STARTING)
        except (OSError, ValueError) as error:
            self._broken = True
            log.warning("expressions are not compared: the worker %s does not start (%s)", command, error)
            raise
        return self._process

    def _line(self, process: "subprocess.Popen[bytes]", seconds: float) -> bytes:
        """One line that the worker wrote. Raises `OSError` when it ends, or is silent for too long."""
        until = time.monotonic() + seconds
        stream = _pipe(process.stdout)
        received = b""
        while not received.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0 or not select.select([stream], [], [], left)[0]:
                raise OSError("the worker is silent")
            part = os.read(stream.fileno(), 65536)
            if not part:
                raise OSError("the worker has ended")
            received += part
        return received

    def forked(self) -> None:
        """Begin anew in a process that was forked from ours: the worker, and whoever held the lock, stayed behind."""
        self._lock = threading.Lock()
        self._process = None

    def stop(self) -> None:
        """End the worker; the next comparison starts another."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise OSError("the worker has no pipe")
    return stream


_WORKER = _Worker()
atexit.register(_WORKER.stop)
os.register_at_fork(after_in_child=_WORKER.forked)
