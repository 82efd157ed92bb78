"""Formulas."""

from wethink_assets.rewards.equivalence.reading import AnswerType, Asked, Reading, Written


def read_matrix(written: Written, asked: Asked) -> Reading | None:
    return None


MATRIX = AnswerType("matrix", "math", read_matrix)


def read_equation(written: Written, asked: Asked) -> Reading | None:
    return None


EQUATION = AnswerType("equation", "math", read_equation)


def read_expression(written: Written, asked: Asked) -> Reading | None:
    return None


EXPRESSION = AnswerType("expression", "math", read_expression)
