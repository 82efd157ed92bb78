"""Codes."""

from wethink_assets.rewards.equivalence.reading import AnswerType, Asked, Reading, Written


def read_code(written: Written, asked: Asked) -> Reading | None:
    return None


CODE = AnswerType("code", "text", read_code)
