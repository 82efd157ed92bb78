"""Responses of a policy: their format, and the part that is the answer.

A response is `<think>...</think>` followed by `<answer>...</answer>`, as the system prompt of the paper (arXiv 2506.07905) asks for.
"""

from collections.abc import Iterable

from wethink_assets.errors import ArgumentError
from wethink_assets.rewards.arguments import described, flag_of, is_missing, sequence_of

LONGEST_RESPONSE = 1_000_000
"""Characters; a longer response is no answer, and is not read."""
END_TOKENS = (
    "<|im_end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|return|>",
    "<|end_of_sentence|>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "<|END_OF_TURN_TOKEN|>",
    "<end_of_turn>",
    "<end_of_utterance>",
    "<eos>",
    "</s>",
    "[EOS]",
    "<pad>",
    "[PAD]",
    "<|pad|>",
    "<|finetune_right_pad_id|>",
)
"""Tokens by which models of the common families end a turn, or fill it up; at the end of a response they count as nothing."""
_THOUGHT_ENDED = ("/think>", "/think>\n", "/think>\n\n")
_OPENED = len("answer>")
_SHORT = 240
_TAGS = ("<think>", "</think>", "<answer>", "</answer>")


def response_text(thought: str, answer: str, *, prefilled: bool = False) -> str:
    """A response of the wanted form; with `prefilled` the chat template has opened the thought already.

    >>> response_text("two and two", "4")
    '<think>two and two</think><answer>4</answer>'
    """
    return f"{'' if prefilled else '<think>'}{thought}</think><answer>{answer}</answer>"


def format_reward(response: str | None, *, prefilled: bool = False, end_tokens: Iterable[str] = END_TOKENS) -> float:
    r"""Whether a response keeps to the format: one thought, then one answer, and nothing else but white space.

    Tags are counted wherever they stand, so that one inside a thought or an answer breaks the format too. What the parts say does not
    matter; either may be empty.

    Args:
        response (`str`): what the model wrote; None, of a completion that is missing, earns nothing.
        prefilled (`bool`, *optional*): the chat template has opened `<think>` already, so that the response begins inside the thought; one that
            opens it again breaks the format.
        end_tokens (`Iterable[str]`, *optional*): special tokens that may stand at the end, in any number: by default those by which models end
            a turn, such as `<|im_end|>`, `<|endoftext|>`, `<|eot_id|>`, `</s>` and `<eos>` (`END_TOKENS`). `()`: none.

    Returns:
        `float`: 1.0 or 0.0.

    Raises:
        `ArgumentError`: the response is no text, `prefilled` no truth value, or `end_tokens` no sequence of texts.

    Example:
        >>> format_reward("<think>two and two</think>\n<answer>4</answer><|im_end|>")
        1.0
        >>> format_reward("<think>two and two</think> so <answer>4</answer>")
        0.0
        >>> format_reward("two and two</think><answer>4</answer>", prefilled=True)
        1.0
    """
    text = _without_end(_written(response), tokens_of(end_tokens))
    if flag_of("prefilled", prefilled):
        text = f"<think>{text}"
    if not text.startswith("<think>") or not text.endswith("</answer>"):
        return 0.0
    if any(text.count(tag) != 1 for tag in _TAGS):
        return 0.0
    thought_end, answer_start = text.find("</think>"), text.find("<answer>")
    between = text[thought_end + len("</think>") : answer_start]
    return 1.0 if 0 < thought_end < answer_start and not between.strip() else 0.0


def answer_part(response: str | None, *, prefilled: bool = False) -> str | None:
    """The one answer of a response, without outer white space; None where it has none, or more than one.

    It is what stands between `<answer>` and `</answer>` after the last `</think>`; nothing else of the response is read, so that special
    tokens at its end don't matter. A response that never closed its thought, or its answer, has none; with `prefilled` the thought was opened
    by the chat template. Raises `ArgumentError` for a response that is neither text nor None.

    Example:
        >>> answer_part("<think>maybe <answer>3</answer>?</think><answer> 4 </answer><|im_end|>")
        '4'
        >>> answer_part("4") is None, answer_part("maybe <answer>3</answer>", prefilled=True) is None
        (True, True)
    """
    return part_of(response, prefilled is not False and flag_of("prefilled", prefilled))


def part_of(response: str | None, opened: bool) -> str | None:
    """`answer_part`, where it is known whether the thought was opened."""
    text = response if type(response) is str and len(response) <= LONGEST_RESPONSE else _written(response)
    # Most responses end in three tags with a short answer between the last two: then nothing else need be looked for.
    tags = text[-_SHORT:].rsplit("<", 3)
    if tags[-1] == "/answer>" and len(tags) == 4 and tags[2][:_OPENED] == "answer>" and tags[1] in _THOUGHT_ENDED:
        return tags[2][_OPENED:].strip()
    _, closed, rest = text.rpartition("</think>")
    if opened and not closed:
        return None
    start, end = rest.find("<answer>"), rest.find("</answer>")
    if start < 0 or end < start or rest.count("<answer>") != 1 or rest.count("</answer>") != 1:
        return None
    if "<think>" in rest:
        return None
    return rest[start + len("<answer>") : end].strip()


def tokens_of(end_tokens: Iterable[str]) -> tuple[str, ...]:
    """End tokens as a tuple, longest first. Raises `ArgumentError`."""
    if end_tokens is END_TOKENS:
        return END_TOKENS
    tokens = sequence_of("end_tokens", end_tokens)
    for index, token in enumerate(tokens):
        if not isinstance(token, str) or not token.strip():
            raise ArgumentError(f"end_tokens[{index}]: a text that is not empty is wanted; got {described(token)}")
    return tuple(sorted((token.strip() for token in tokens), key=len, reverse=True))


def _written(response: str | None) -> str:
    """The text of a response; empty where it is missing or longer than is read."""
    if isinstance(response, str):
        return response if len(response) <= LONGEST_RESPONSE else ""
    if is_missing(response):
        return ""
    raise ArgumentError(f"response: a text is wanted, or None where there is none; got {described(response)}")


def _without_end(text: str, tokens: tuple[str, ...]) -> str:
    """A text without outer white space and the special tokens at its end."""
    text = text.strip()
    end = len(text)
    while token := next((token for token in tokens if text.endswith(token, 0, end)), None):
        end -= len(token)
        while end and text[end - 1].isspace():
            end -= 1
    return text[:end]
