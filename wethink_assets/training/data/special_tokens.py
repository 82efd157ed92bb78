"""Special tokens of a model, which text of a dataset must not hold: one of an image or a turn would be taken for the template's own."""

import re
from typing import Any

SHORTEST = 3
"""Characters; shorter ones are parts of words (CLIP pads with `!`)."""


class SpecialTokens:
    """Special tokens of a processor and its tokenizer; without one, whatever begins with `<|`.

    >>> SpecialTokens().broken_up("<|im_end|> 1 < 2")
    '< |im_end|> 1 < 2'
    """

    def __init__(self, processor: Any = None) -> None:
        tokens = {"<|"}
        if processor is not None:
            tokenizer = processor.tokenizer
            tokens.update(tokenizer.all_special_tokens)
            added = getattr(tokenizer, "added_tokens_decoder", {}).values()
            tokens.update(token.content for token in added if token.special)
            # Processors replace these in the text before it is tokenized: `image_token`, `boi_token`, `fake_image_token` and the like.
            named = (getattr(processor, name, None) for name in dir(processor) if name.endswith("_token"))
            tokens.update(token for token in named if isinstance(token, str))
        words = sorted((word for word in tokens if len(word) >= SHORTEST or word == "<|"), key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(word[0]) + f"(?={re.escape(word[1:])})" for word in words))

    def broken_up(self, text: str) -> str:
        """The text with a space after the first character of each special token in it."""
        return self._pattern.sub(lambda found: f"{found[0]} ", text)
