"""Responses of a policy: their format, and the part that is the answer.

A response is `<think>...</think>` followed by `<answer>...</answer>`, as the system prompt of the paper (arXiv 2506.07905) asks for.
"""

LONGEST_RESPONSE = 1_000_000
"""Characters; a longer response is no answer, and is not read."""
_TAGS = ("<think>", "</think>", "<answer>", "</answer>")


def format_reward(response: str) -> float:
    r"""Whether a response keeps to the format: one thought, then one answer, and nothing else but white space.

    Tags are counted wherever they stand, so that one inside a thought or an answer breaks the format too. What the parts say does not
    matter; either may be empty.

    Args:
        response (`str`): what the model wrote.

    Returns:
        `float`: 1.0 or 0.0; of anything that is no string 0.0.

    Example:
        >>> format_reward("<think>two and two</think>\n<answer>4</answer>")
        1.0
        >>> format_reward("<think>two and two</think> so <answer>4</answer>")
        0.0
        >>> format_reward("<think>a</think><answer>4</answer><answer>5</answer>")
        0.0
    """
    if not isinstance(response, str) or len(response) > LONGEST_RESPONSE:
        return 0.0
    text = response.strip()
    if not text.startswith("<think>") or not text.endswith("</answer>"):
        return 0.0
    if any(text.count(tag) != 1 for tag in _TAGS):
        return 0.0
    thought_end, answer_start = text.find("</think>"), text.find("<answer>")
    between = text[thought_end + len("</think>") : answer_start]
    return 1.0 if 0 < thought_end < answer_start and not between.strip() else 0.0


def answer_part(response: str) -> str | None:
    """The one answer of a response, without outer white space; None where it has none, or more than one.

    It is what stands between `<answer>` and `</answer>` after the last `</think>`; nothing else of the response is read. A response that
    never closed its thought, or its answer, has none.

    Example:
        >>> answer_part("<think>maybe <answer>3</answer>?</think><answer> 4 </answer>")
        '4'
        >>> answer_part("4") is None
        True
    """
    if not isinstance(response, str) or len(response) > LONGEST_RESPONSE:
        return None
    rest = response.rpartition("</think>")[2]
    start, end = rest.find("<answer>"), rest.find("</answer>")
    if start < 0 or end < start or rest.count("<answer>") != 1 or rest.count("</answer>") != 1:
        return None
    if "<think>" in rest:
        return None
    return rest[start + len("<answer>") : end].strip()
