"""Extractions by a judge: whether what it gives as a reply's final answer can be one, or is talk that has nothing to do with the reply.

VLMEvalKit takes whatever its judge says as an extraction, so a judge that talks nonsense looks like a model that is wrong. Standard library alone:
VLMEvalKit's process asks here too.
"""

import re

NUMBERS = ("integer", "float", "a number with three decimal places")
"""Kinds of answers that are a number, as benchmarks and prompts call them."""
_NOTHING = frozenset(
    {"", "null", "none", "unknown", "n a", "na", "nan", "z", "no answer", "not given", "not available"}
)
_WORDS = re.compile(r"\w+")
_LETTER = re.compile(r"(?<![\w'])[A-H](?![\w'])")


def can_be_extraction(text: str, reply: str, wanted: str = "") -> bool:
    """Whether a judge's text can be the final answer of a reply.

    It can where it says that there is none; where it has a digit; where a number isn't wanted, also as one option letter, or in words half of which
    the reply has too.

    Args:
        wanted: kind of the answer (`integer`, `an option letter`, ...).

    >>> can_be_extraction("14", "It is fourteen.", "integer"), can_be_extraction("I would rather not say", "It is fourteen.", "integer")
    (True, False)
    >>> can_be_extraction("blue", "It must be the blue one."), can_be_extraction("nice weather today", "It must be the blue one.")
    (True, False)
    """
    words = [word.casefold() for word in _WORDS.findall(text)]
    if " ".join(words) in _NOTHING or any(character.isdigit() for character in text):
        return True
    if wanted in NUMBERS:
        return False
    if len(set(_LETTER.findall(text))) == 1:
        return True
    known = {word.casefold() for word in _WORDS.findall(reply)}
    return 2 * sum(word in known for word in words) >= len(words) if words else text.strip() in reply
