"""Matrices: LaTeX environments and nested brackets, with what is multiplied or added to them."""

import json
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from wethink_assets.rewards.equivalence.mathematics.notation import Token, Unreadable, enclosed, split_at, tokens_of
from wethink_assets.rewards.equivalence.mathematics.sameness import alike_values
from wethink_assets.rewards.equivalence.mathematics.terms import Term, term_of
from wethink_assets.rewards.equivalence.mathematics.values import Value, value_of
from wethink_assets.rewards.equivalence.reading import Allowed, AnswerType, Asked, Comparable, Reading, Written
from wethink_assets.rewards.equivalence.types.geometry import point_of

MOST_ENTRIES = 64
_ENVIRONMENTS = frozenset({"pmatrix", "bmatrix", "Bmatrix", "matrix", "smallmatrix", "array"})
Terms = tuple[tuple[Term, ...], ...]
Matrix = tuple[tuple[Value, ...], ...]


def read_matrix(written: Written, asked: Asked) -> Reading | None:
    """A matrix of values; rows and columns count, the kind of its brackets does not."""
    said = written.said
    if not written.marked or (
        "\\begin" not in said and "[[" not in said.replace(" ", "") and "{{" not in said.replace(" ", "")
    ):
        return None
    matrix = _matrix(said)
    return (
        None
        if matrix is None
        else Reading("matrix", json.dumps([[value.key for value in row] for row in matrix]), matrix)
    )


@lru_cache(maxsize=2048)
def _matrix(said: str) -> Matrix | None:
    try:
        tokens = tokens_of(said.rstrip(" ."))
        equal = split_at(tokens, "relation")
        if len(equal) == 2 and len(equal[0]) <= 2:  # A = ...
            tokens = tuple(equal[1])
        terms = _sum(tokens)
        return tuple(tuple(value_of(term) for term in row) for row in terms)
    except Unreadable:
        return None


def _sum(tokens: Sequence[Token]) -> Terms:
    """Matrices added to each other, each with its factors."""
    total: Terms | None = None
    sign, start, depth = "+", 0, 0
    for position, token in enumerate([*tokens, Token("operator", "+")]):
        depth += (token.kind in ("open", "begin")) - (token.kind in ("close", "end"))
        if depth or token.kind != "operator" or token.text not in ("+", "-"):
            continue
        if position > start:
            part = _product(tokens[start:position])
            if total is None:
                total = tuple(tuple(("neg", term) for term in row) for row in part) if sign == "-" else part
            elif (len(total), len(total[0])) == (len(part), len(part[0])):
                total = tuple(
                    tuple((sign, one, other) for one, other in zip(*rows, strict=True))
                    for rows in zip(total, part, strict=True)
                )
            else:
                raise Unreadable
        sign, start = token.text, position + 1
    if total is None:
        raise Unreadable
    return total


def _product(tokens: Sequence[Token]) -> Terms:
    matrix: Terms | None = None
    scalar: list[Token] = []
    position = 0
    while position < len(tokens):
        end = _end(tokens, position)
        if end:
            factor = _entries(tokens[position:end])
            matrix = factor if matrix is None else _multiplied(matrix, factor)
            position = end
        else:
            scalar.append(tokens[position])
            position += 1
    if matrix is None:
        raise Unreadable
    while scalar and scalar[-1] == Token("operator", "*"):
        scalar.pop()
    if not scalar:
        return matrix
    factor_term = term_of(scalar)
    return tuple(tuple(("*", factor_term, term) for term in row) for row in matrix)


def _end(tokens: Sequence[Token], start: int) -> int:
    """Where the matrix ends that begins at a token; 0 where none does."""
    depth = 0
    for position in range(start, len(tokens)):
        token = tokens[position]
        depth += (token.kind in ("open", "begin")) - (token.kind in ("close", "end"))
        if depth == 0:
            inner = tokens[start : position + 1]
            return position + 1 if any(token.kind == "begin" for token in inner) or _is_nested(inner) else 0
        if depth < 0:
            return 0
    return 0


def _is_nested(tokens: Sequence[Token]) -> bool:
    return (
        enclosed(tokens)
        and tokens[0].text in ("[", "{", "\\{")
        and all(enclosed(part) for part in split_at(tokens[1:-1], "comma"))
    )


def _entries(tokens: Sequence[Token]) -> Terms:
    while enclosed(tokens) and tokens[1].kind == "begin" and tokens[-2].kind == "end":
        tokens = tokens[1:-1]
    if tokens[0].kind == "begin":
        if tokens[0].text not in _ENVIRONMENTS or tokens[-1] != Token("end", tokens[0].text):
            raise Unreadable
        rows = [split_at(row, "cell") for row in split_at(tokens[1:-1], "row") if row]
    else:
        rows = [split_at(row[1:-1], "comma") for row in split_at(tokens[1:-1], "comma")]
    if not rows or len({len(row) for row in rows}) != 1 or len(rows) * len(rows[0]) > MOST_ENTRIES:
        raise Unreadable
    return tuple(tuple(term_of(entry) for entry in row) for row in rows)


def _multiplied(one: Terms, other: Terms) -> Terms:
    if len(one[0]) != len(other):
        raise Unreadable
    product = []
    for row in one:
        sums: list[Term] = []
        for column in zip(*other, strict=True):
            total: Term = ("number", Fraction(0), -1)
            for left, right in zip(row, column, strict=True):
                total = ("+", total, ("*", left, right))
            sums.append(total)
        product.append(tuple(sums))
    return tuple(product)


def alike_matrices(gold: Comparable, candidate: Comparable, asked: Asked, allowed: Allowed) -> bool:
    """Entries that round the true ones; a vector as a row, a column or coordinates where a vector is asked for, or nothing is known."""
    true: Matrix = gold.reading.value
    given = candidate.reading.value
    if candidate.reading.type == "matrix":
        same = (len(true), len(true[0])) == (len(given), len(given[0]))
        if not same and not ("vector" in asked.folded and _flat(true) and _flat(given)):
            return False
        entries = [value for row in given for value in row]
    elif (
        candidate.reading.type in ("point", "list", "interval")
        and _flat(true)
        and (not asked.text or "vector" in asked.folded)
    ):
        point = point_of(f"({candidate.written.said.strip('()[] ')})")
        entries = list(point.coordinates) if point else []
    else:
        return False
    expected = [value for row in true for value in row]
    if len(expected) != len(entries):
        return False
    return all(alike_values(one, other, allowed.tolerance) for one, other in zip(expected, entries, strict=True))


def _flat(matrix: Matrix) -> bool:
    return len(matrix) == 1 or len(matrix[0]) == 1


MATRIX = AnswerType("matrix", "math", read_matrix, alike_matrices)
