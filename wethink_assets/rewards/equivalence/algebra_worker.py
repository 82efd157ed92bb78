"""The worker process of `wethink_assets.rewards.equivalence.algebra`: compares expressions, one line of JSON for another.

It loads math-verify once and forks a child that compares. A child that overruns its time, or memory, is killed and forked anew from what is
loaded already, which takes milliseconds. Started as `python -m wethink_assets.rewards.equivalence.algebra_worker`.
"""

import json
import logging
import os
import re
import resource
import select
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

NUMBER = re.compile(r"[+-]?\d{1,400}(\.\d{0,400})?([eE][+-]?\d{1,3})?|\.\d{1,400}")

MEMORY = 2 * 1024**3
"""Bytes of address space that a child may take beyond what it starts with."""
WARMING = (
    ("2\\sqrt{3}", "\\sqrt{12}"),
    ("x^2-1", "(x-1)(x+1)"),
    ("\\sin(\\pi/6)", "0.5"),
    ("\\{1,2\\}", "x<3"),
    ("y=2x", "2x-y=0"),
)
POINTS = ((137, 211, 59, 173, 83), (-89, 241, 151, -67, 109), (311, -53, -127, 197, -71))
"""Where terms are compared, in 97ths: positive and negative values of up to five symbols, at no special place of any function."""
ORPHANED = 10.0
"""Seconds after which a comparison ends by itself, should nobody be left to end it."""


def main() -> None:
    """Serve until standard input ends."""
    verifier = _Verifier()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    child: _Child | None = None
    for line in sys.stdin:
        number, first, second, seconds = json.loads(line)
        if child is None:
            child = _Child(verifier)
        equal = child.equal(first, second, float(seconds))
        if equal is None:
            child.kill()
            child = None
        sys.stdout.write(json.dumps([number, equal]) + "\n")
        sys.stdout.flush()
    if child is not None:
        child.kill()


class _Verifier:
    """math-verify with the way closed by which sympy evaluates text as Python: only digits pass."""

    def __init__(self) -> None:
        import math_verify
        import math_verify.parser
        import sympy.parsing.sympy_parser as text_parser
        from latex2sympy2_extended.latex2sympy2 import NormalizationConfig

        logging.disable(logging.CRITICAL)
        guarded = numbers_only(text_parser.parse_expr)
        for module in (text_parser, math_verify.parser, sys.modules["latex2sympy2_extended.latex2sympy2"]):
            setattr(module, "parse_expr", guarded)  # noqa: B010  # in all three namespaces that hold it
        # LaTeX only: the plain-expression extractor would go through `parse_expr`.
        # Units are told elsewhere; here `1990s` must not become 1990.
        normalization = NormalizationConfig(
            basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="all"
        )
        self._config = [math_verify.LatexExtractionConfig(normalization_config=normalization)]
        self._module = math_verify
        for first, second in WARMING:  # loads what is imported late, before the first fork
            self.equal(first, second)

    def equal(self, first: str, second: str) -> bool:
        """Whether two LaTeX expressions are equal, either taken for the true one."""
        parsed = [
            self._module.parse(f"${text}$", self._config, fallback_mode="no_fallback", parsing_timeout=None)
            for text in (first, second)
        ]
        if not all(parsed):
            return False
        same = self._same_function(parsed[0][0], parsed[1][0])
        if same is not None:
            return same
        return any(
            self._module.verify(one, other, float_rounding=6, timeout_seconds=None)
            for one, other in (parsed, parsed[::-1])
        )

    def _same_function(self, first: Any, second: Any) -> bool | None:
        """Whether two terms agree at all of some points to 30 digits; None where that cannot be told (relations, sets, decimals).

        It costs a thousandth of a symbolic proof, which sympy does not find for every product against its expansion.
        """
        from sympy import Expr, Float, Rational

        if not (isinstance(first, Expr) and isinstance(second, Expr)):
            return None
        if first.has(Float) or second.has(Float):
            return None
        first, second = first.doit(), second.doit()
        symbols = sorted(first.free_symbols | second.free_symbols, key=str)
        if any(symbol.is_commutative is False for symbol in symbols):
            return None
        for point in POINTS if symbols else POINTS[:1]:
            at = {symbol: Rational(top, 97) for symbol, top in zip(symbols, point, strict=False)}
            if len(at) < len(symbols):
                return None
            one, other = (term.subs(at).evalf(30) for term in (first, second))
            if not all(value.is_number and value.is_finite for value in (one, other)):
                return None
            real, imaginary = (one - other).as_real_imag()
            scale = 1 + abs(one.as_real_imag()[0]) + abs(one.as_real_imag()[1])
            if not (abs(real) + abs(imaginary) < scale * Rational(1, 10**20)):
                return False
        return True


def numbers_only(parse_expr: Callable[..., Any]) -> Callable[..., Any]:
    """sympy's `parse_expr`, which evaluates text as Python, for what sympy itself needs it for: the digits of a number."""

    def parse(text: Any, *args: Any, **options: Any) -> Any:
        if not isinstance(text, str) or not NUMBER.fullmatch(text):
            raise ValueError("text is not evaluated here")
        return parse_expr(text, *args, **options)

    return parse


class _Child:
    """A forked process that compares pairs sent through a pipe."""

    def __init__(self, verifier: _Verifier) -> None:
        asked, ask = os.pipe()
        answer, answered = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(ask)
            os.close(answer)
            _serve(verifier, asked, answered)
        os.close(asked)
        os.close(answered)
        self._ask, self._answer = ask, answer

    def equal(self, first: str, second: str, seconds: float) -> bool | None:
        """What the child says, or None when it took too long or ended."""
        try:
            os.write(self._ask, json.dumps([first, second]).encode() + b"\n")
            if not select.select([self._answer], [], [], seconds)[0]:
                return None
            verdict = os.read(self._answer, 1)
        except OSError:
            return None
        return verdict == b"1" if verdict else None

    def kill(self) -> None:
        """End the process, whatever it does."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._ask)
        os.close(self._answer)


def _serve(verifier: _Verifier, asked: int, answered: int) -> NoReturn:
    """Life of a child; it never returns into its parent's code."""
    try:
        with open("/proc/self/statm") as sizes:
            used = int(sizes.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    except OSError:  # no /proc: the time limit alone bounds it
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with os.fdopen(asked, "rb") as lines:
            for line in lines:
                first, second = json.loads(line)
                signal.setitimer(signal.ITIMER_REAL, ORPHANED)  # its default action ends the process
                try:
                    equal = verifier.equal(first, second)
                except (Exception, RecursionError, MemoryError):  # what cannot be compared has not been proved
                    equal = False
                signal.setitimer(signal.ITIMER_REAL, 0)
                os.write(answered, b"1" if equal else b"0")
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
