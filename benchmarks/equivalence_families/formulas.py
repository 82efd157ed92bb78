"""Roots, polynomials and multiples of pi."""

import random
from collections.abc import Iterator

from equivalence_families.case import Case


def roots(rng: random.Random) -> Iterator[Case]:
    """a*sqrt(b) against sqrt(a*a*b) and other forms; neighbours."""
    for _ in range(16):
        a, b = rng.randint(2, 9), rng.choice([2, 3, 5, 6, 7, 10, 11])
        yield f"{a}\\sqrt{{{b}}}", f"\\sqrt{{{a * a * b}}}", True
        yield f"{a}\\sqrt{{{b}}}", f"{a} sqrt({b})", True
        yield f"{a}\u221a{b}", f"$\\sqrt{{{a * a * b}}}$", True
        yield f"\\frac{{1}}{{\\sqrt{{{b}}}}}", f"\\frac{{\\sqrt{{{b}}}}}{{{b}}}", True
        yield f"{a}\\sqrt{{{b}}}", f"\\sqrt{{{a * b}}}", False
        yield f"{a}\\sqrt{{{b}}}", f"{a + 1}\\sqrt{{{b}}}", False
        yield f"{a}\\sqrt{{{b}}}", f"{b}\\sqrt{{{a + 11}}}", False


def algebra(rng: random.Random) -> Iterator[Case]:
    """Products against their expansions, and with one sign or number changed; multiples of pi."""
    for _ in range(16):
        a, b = rng.randint(1, 9), rng.randint(1, 9)
        yield f"(x+{a})(x+{b})", f"x^2+{a + b}x+{a * b}", True
        yield f"x^2+{a + b}x+{a * b}", f"x^{{2}} + {a * b} + {a + b}x", True
        yield f"{a}x+{b}", f"{b} + {a}x", True
        yield f"(x+{a})(x+{b})", f"x^2+{a + b}x-{a * b}", False
        yield f"(x+{a})(x+{b})", f"x^2+{a + b + 1}x+{a * b}", False
        yield f"{a}x-{b + 10}", f"{a}x+{b + 10}", False
        yield f"{a}-(x-{b})", f"{a}-x-{b}", False
        yield f"\\frac{{{2 * a + 1}\\pi}}{{2}}", f"{a}.5\\pi", True
        yield f"{a}\\pi", f"{a}\u03c0", True
        yield f"{a}\\pi", f"{a + 1}\\pi", False
    for number in range(2, 12):
        yield str(number), f"x = {number}", True
        yield f"y={number}", str(number), True
        yield str(number), f"x = {number + 1}", False
