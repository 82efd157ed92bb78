"""Amounts."""

from wethink_assets.rewards.equivalence.reading import AnswerType, Asked, Reading, Written


def read_percentage(written: Written, asked: Asked) -> Reading | None:
    return None


PERCENTAGE = AnswerType("percentage", "math", read_percentage)


def read_money(written: Written, asked: Asked) -> Reading | None:
    return None


MONEY = AnswerType("money", "math", read_money)


def read_quantity(written: Written, asked: Asked) -> Reading | None:
    return None


QUANTITY = AnswerType("quantity", "math", read_quantity)


def read_number(written: Written, asked: Asked) -> Reading | None:
    return None


NUMBER = AnswerType("number", "math", read_number)
