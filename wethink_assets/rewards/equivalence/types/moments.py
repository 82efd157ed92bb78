"""Moments."""

from wethink_assets.rewards.equivalence.reading import AnswerType, Asked, Reading, Written


def read_date(written: Written, asked: Asked) -> Reading | None:
    return None


DATE = AnswerType("date", "text", read_date)


def read_time(written: Written, asked: Asked) -> Reading | None:
    return None


TIME = AnswerType("time", "text", read_time)


def read_duration(written: Written, asked: Asked) -> Reading | None:
    return None


DURATION = AnswerType("duration", "math", read_duration)
