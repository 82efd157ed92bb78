"""Texts."""

from wethink_assets.rewards.equivalence.reading import AnswerType, Asked, Reading, Written


def read_yes_no(written: Written, asked: Asked) -> Reading | None:
    return None


YES_NO = AnswerType("yes_no", "text", read_yes_no)


def read_text(written: Written, asked: Asked) -> Reading | None:
    return Reading("text", written.folded)


TEXT = AnswerType("text", "text", read_text)
