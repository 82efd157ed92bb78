"""Points, intervals, equations, expressions and matrices."""

import random
from fractions import Fraction
from math import gcd

from wethink_assets_tests.support.answer_pools.amounts import decimal
from wethink_assets_tests.support.answer_pools.pool import Group, Value, group


def points() -> list[Group]:
    """Points of the plane and of space, some with fractions or decimals."""
    plane = [
        Value((f"({x}, {y})", f"({x},{y})", f"$({x},{y})$", f"\\left({x}, {y}\\right)"))
        for x in range(-16, 17)
        for y in range(-16, 17)
    ]
    space = [
        Value((f"({x}, {y}, {z})", f"({x},{y},{z})", f"$({x}, {y}, {z})$"))
        for x in range(-3, 4)
        for y in range(-3, 5)
        for z in range(-3, 6)
    ]
    broken = []
    for x in range(-9, 10):
        for top, below in ((1, 2), (3, 2), (1, 4), (3, 4), (-1, 2), (5, 2)):
            half = decimal(Fraction(top, below))
            sign, top_ = ("-", -top) if top < 0 else ("", top)
            broken.append(
                Value(
                    (
                        f"({x}, {half})",
                        f"({x}, {top}/{below})",
                        f"\\left({x}, {sign}\\frac{{{top_}}}{{{below}}}\\right)",
                    )
                )
            )
            broken.append(Value((f"({half}, {x})", f"({half},{x})", f"({top}/{below}, {x})")))
    return [
        group("plane", "What are the coordinates of point P?", plane),
        group("space", "At which point does the line meet the plane?", space),
        group("broken", "What is the midpoint of the segment?", broken),
    ]


def intervals() -> list[Group]:
    """Intervals with both ends, with one, and unions of two."""
    values = []
    for low in range(-12, 12):
        for high in range(low + 1, 13):
            for left, right in ("()", "[]", "[)", "(]"):
                one, two = {"(": "<", "[": "\\le"}[left], {")": "<", "]": "\\le"}[right]
                plain = {"<": "<", "\\le": "<="}
                values.append(
                    Value(
                        (
                            f"{left}{low}, {high}{right}",
                            f"{left}{low},{high}{right}",
                            f"$\\left{left}{low},{high}\\right{right}$",
                        ),
                        (
                            f"{low} {one} x {two} {high}",
                            f"{low}{plain[one]}x{plain[two]}{high}",
                            f"x \\in {left}{low}, {high}{right}",
                        ),
                    )
                )
    rays = []
    for end in range(-40, 41):
        for bracket, closing, sign in (("(", ")", ""), ("[", "]", "=")):
            rays.append(
                Value(
                    (f"{bracket}{end}, \\infty)", f"{bracket}{end},\u221e)", f"{bracket}{end}, +\\infty)"),
                    (f"x >{sign} {end}",),
                )
            )
            rays.append(Value((f"(-\\infty, {end}{closing}", f"(-\u221e,{end}{closing}"), (f"x <{sign} {end}",)))
    unions = [
        Value((f"(-\\infty, {a}) \\cup ({b}, \\infty)", f"(-\u221e,{a})\u222a({b},\u221e)"))
        for a in range(-9, 5)
        for b in range(a + 1, 8)
    ]
    return [
        group("bounded", "On which interval is the function increasing?", values),
        group("unbounded", "What is the domain of the function, as an interval?", rays),
        group("unions", "On which set is the function positive?", unions),
    ]


def _signed(number: int) -> str:
    return f"+{number}" if number >= 0 else str(number)


def _factor(number: int) -> str:
    return {1: "", -1: "-"}.get(number, str(number))


def equations() -> list[Group]:
    """Lines as functions and in general form, circles, parabolas, and solutions."""
    lines = []
    for m in range(-12, 13):
        for b in range(-15, 16):
            if m and b:
                right = f"{_factor(m)}x{_signed(b)}"
                # mx - y + b = 0
                forms = [
                    f"y={right}",
                    f"y = {right.replace('+', ' + ')}",
                    f"$y={right}$",
                    f"y={b}{_signed(m) if abs(m) != 1 else _signed(m)[0]}x",
                    f"{_factor(m)}x-y{_signed(b)}=0",
                ]
                lines.append(Value(tuple(forms)))
    general, taken = [], set()
    for a in range(2, 9):
        for b in range(-9, 10):
            for c in range(-9, 10, 3):
                if (
                    b in (0, 1, -1)
                    or not c
                    or gcd(gcd(a, b), c) != 1
                    or (b % a == 0 and a % b == 0)
                    or (a % b == 0 and c % b == 0)
                ):
                    continue
                taken.add((a, b, c))
                general.append(
                    Value(
                        (
                            f"{a}x{_signed(b)}y{_signed(c)}=0",
                            f"{a}x {'+' if b > 0 else '-'} {abs(b)}y = {-c}",
                            f"{2 * a}x{_signed(2 * b)}y{_signed(2 * c)}=0",
                        )
                    )
                )
    circles = [
        Value(
            (
                f"(x-{a})^2+(y{_signed(b)})^2={r * r}",
                f"(x-{a})^{{2}} + (y {'+' if b > 0 else '-'} {abs(b)})^{{2}} = {r * r}",
            )
        )
        for a in range(1, 8)
        for b in range(-6, 7)
        if b
        for r in range(1, 6)
    ]
    ellipses = [Value((f"x^2+{a}y^2={c}", f"x^{{2}} + {a}y^{{2}} = {c}")) for a in range(2, 12) for c in range(2, 22)]
    parabolas = [
        Value((f"y={_factor(a)}x^2{_signed(b)}x{_signed(c)}", f"$y = {_factor(a)}x^{{2}}{_signed(b)}x{_signed(c)}$"))
        for a in range(1, 5)
        for b in (-7, -5, -3, -2, 2, 3, 4, 6)
        for c in range(-8, 9)
        if c
    ]
    return [
        group("lines", "What is the equation of the line?", lines),
        group("general lines", "Which equation describes the straight line in the plot?", general),
        group("circles", "What is the equation of the circle?", circles),
        group("ellipses", "What is the equation of the ellipse?", ellipses),
        group("parabolas", "What is the equation of the parabola?", parabolas),
    ]


def expressions() -> list[Group]:
    """Roots, multiples of pi, polynomials factored and expanded, quotients, values with roots."""
    roots = []
    for b in (2, 3, 5, 6, 7, 10, 11, 13, 14, 15, 17, 19):
        for a in range(2, 16):
            roots.append(Value((f"{a}\\sqrt{{{b}}}", f"\\sqrt{{{a * a * b}}}", f"{a}\u221a{b}", f"${a}\\sqrt{{{b}}}$")))
            if gcd(a, b) == 1:
                roots.append(
                    Value((f"\\frac{{\\sqrt{{{b}}}}}{{{a}}}", f"\u221a{b}/{a}", f"\\dfrac{{\\sqrt{{{b}}}}}{{{a}}}"))
                )
            roots.append(Value((f"{a}+\\sqrt{{{b}}}", f"\\sqrt{{{b}}}+{a}", f"{a} + \u221a{b}")))
            roots.append(Value((f"{a}-\\sqrt{{{b}}}", f"-\\sqrt{{{b}}}+{a}")))
    pies = [Value((f"{n}\\pi", f"{n}\u03c0", f"{n} \\pi")) for n in range(2, 300)]
    pies += [
        Value((f"\\frac{{{a}\\pi}}{{{b}}}", f"{a}\u03c0/{b}", f"\\frac{{{a}}}{{{b}}}\\pi"))
        for b in (2, 3, 4, 5, 6, 8, 9, 12)
        for a in range(2, 40)
        if gcd(a, b) == 1
    ]
    products = []
    for a in range(-9, 10):
        for b in range(a, 10):
            if a and b and a + b:
                # x^2 + (a+b)x + ab
                middle = a + b
                terms = f"x^2{'+' if middle > 0 else '-'}{abs(middle) if abs(middle) > 1 else ''}x{_signed(a * b)}"
                products.append(Value((terms, f"(x{_signed(a)})(x{_signed(b)})", terms.replace("^2", "^{2}"))))
    linear = [
        Value((f"{a}x{_signed(b)}", f"{b}{_signed(a)}x", f"${a}x {'+' if b > 0 else '-'} {abs(b)}$"))
        for a in range(2, 20)
        for b in range(-12, 13)
        if b
    ]
    two = [Value((f"{a}a+{b}b", f"{b}b+{a}a")) for a in range(2, 15) for b in range(2, 15)]
    quotients = [
        Value((f"\\frac{{x{_signed(a)}}}{{{b}}}", f"(x{_signed(a)})/{b}"))
        for a in range(-9, 10)
        if a
        for b in range(2, 10)
    ]
    return [
        group("roots", "What is the length of side AB?", roots),
        group("multiples of pi", "What is the area of the circle?", pies),
        group("products", "What is the simplified expression?", [*products, *linear]),
        group("two letters", "What is the perimeter in terms of a and b?", two),
        group("quotients", "Which expression gives the height of the tree?", quotients),
    ]


def _matrix(rows: list[list[int]], name: str) -> str:
    return f"\\begin{{{name}}}" + "\\\\".join("&".join(map(str, row)) for row in rows) + f"\\end{{{name}}}"


def matrices() -> list[Group]:
    """Matrices of several shapes, columns and rows."""
    rng = random.Random("matrices")
    groups = []
    for name, height, width, count in (
        ("square", 2, 2, 700),
        ("large", 3, 3, 300),
        ("wide", 2, 3, 300),
        ("column", 2, 1, 170),
        ("high column", 3, 1, 250),
        ("row", 1, 3, 150),
    ):
        values, taken = [], set()
        while len(values) < count:
            flat = tuple(rng.randint(-9, 9) for _ in range(height * width))
            if flat in taken:
                continue
            taken.add(flat)
            rows = [list(flat[at : at + width]) for at in range(0, len(flat), width)]
            spaced = _matrix(rows, "pmatrix").replace("&", " & ").replace("\\\\", " \\\\ ")
            values.append(Value((_matrix(rows, "pmatrix"), _matrix(rows, "bmatrix"), f"${spaced}$")))
        groups.append(group(name, "Which matrix describes the map?", values))
    return groups
