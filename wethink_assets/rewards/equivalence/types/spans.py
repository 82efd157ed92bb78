"""Spans."""

from wethink_assets.rewards.equivalence.reading import AnswerType, Asked, Reading, Written


def read_score(written: Written, asked: Asked) -> Reading | None:
    return None


SCORE = AnswerType("score", "math", read_score)


def read_ratio(written: Written, asked: Asked) -> Reading | None:
    return None


RATIO = AnswerType("ratio", "math", read_ratio)


def read_dimensions(written: Written, asked: Asked) -> Reading | None:
    return None


DIMENSIONS = AnswerType("dimensions", "math", read_dimensions)


def read_range(written: Written, asked: Asked) -> Reading | None:
    return None


RANGE = AnswerType("range", "math", read_range)
