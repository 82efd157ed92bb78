"""Wording around an answer: lead-ins, sentences that say the question again."""

from wethink_assets.rewards.equivalence.normal_form import plain_answer
from wethink_assets.rewards.equivalence.reading import Asked


def said_of(text: str, asked: Asked) -> str:
    """The answer itself, without what its wording adds."""
    return plain_answer(text)
