"""Token counts of calls whose service tells no usage: an estimate by characters and pixels, so that budgets bind and bills say something.

Rates are those of byte-pair vocabularies of 100,000 to 200,000 entries, on the high side: a word of up to six Latin letters, three digits, one or two
marks are a token; two letters of other alphabets (Cyrillic, Greek, Arabic, Hebrew, those of India); each character of Chinese, Japanese
and Korean. An image takes a token for 28 x 28 pixels, as Qwen-VL's do (others take as many or fewer), 16,384 at most. A turn takes 4 more.
"""

import asyncio
import io
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from wethink_assets.models.chat import Image, Message

A_TURN = 4
A_TOKEN_OF_PIXELS = 28 * 28
MOST_OF_AN_IMAGE = 16_384
UNREADABLE_IMAGE = 1_024
KEPT = 4_096  # images whose size is remembered
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_DIGITS = re.compile(r"[0-9]+")
_WIDE = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_OTHER_LETTERS = re.compile(r"[\u0250-\u10ff\u1200-\u2dff\ua000-\ua95f\ua980-\uabff]+")


def text_tokens(text: str) -> int:
    """Tokens of a text, about.

    >>> text_tokens("A cat sits on the mat."), text_tokens("你好，世界"), text_tokens("")
    (11, 5, 0)
    """
    latin = [len(word) for word in _LATIN.findall(text)]
    digits = [len(number) for number in _DIGITS.findall(text)]
    other = sum(map(len, _OTHER_LETTERS.findall(text)))
    wide = len(_WIDE.findall(text))
    rest = len(text) - sum(latin) - sum(digits) - other - wide - text.count(" ")
    words = sum(ceil(length / 6) for length in latin) + sum(ceil(length / 3) for length in digits)
    return words + ceil(other / 2) + wide + ceil(rest * 0.8) + (text.count("  ") + 1) // 4


class TokenCounter:
    """Counts tokens of conversations; remembers the sizes of images."""

    def __init__(self) -> None:
        self._images: dict[str, int] = {}

    @staticmethod
    def of_text(text: str) -> int:
        """Tokens of a reply, about."""
        return max(1, text_tokens(text)) if text else 0

    async def of_prompt(self, messages: Sequence[Message], schema: Mapping[str, Any] | None) -> int:
        """Tokens of a prompt with its images and its schema, about. Never 0."""
        tokens = text_tokens(json.dumps(schema)) if schema is not None else 0
        for message in messages:
            tokens += A_TURN + text_tokens(message.text)
            for image in message.images:
                tokens += await self._of_image(image)
        return max(1, tokens)

    async def _of_image(self, image: Image) -> int:
        known = self._images.get(image.sha256)
        if known is None:
            if len(self._images) >= KEPT:
                self._images.clear()
            known = self._images[image.sha256] = await asyncio.to_thread(_image_tokens, image)
        return known


def _image_tokens(image: Image) -> int:
    from PIL import Image as Pictures

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a picture of very many pixels: nothing of it is decoded
            with Pictures.open(io.BytesIO(image.read())) as picture:
                width, height = picture.size
    except Exception:  # whatever a decoder raises: it was sent, and answered
        return UNREADABLE_IMAGE
    return min(MOST_OF_AN_IMAGE, max(4, ceil(width * height / A_TOKEN_OF_PIXELS)))
