"""Token counts without usage: near those of real tokenizers, and never nothing."""

import asyncio
import random

import pytest

from wethink_assets.models.chat import Image, Message
from wethink_assets.models.token_counts import TokenCounter, text_tokens
from wethink_assets_tests.support.images import drawing

# Words, numbers and groups of marks: vocabularies of bytes have a token for each of these.
TEXTS = {
    "The quick brown fox jumps over the lazy dog.": 10,
    "A red square stands on a white field, and below it is the number 7.": 17,
    "Answer only with the number.": 6,
    '{"question": "How many cats are there?", "answer": "3"}': 15,
}


@pytest.mark.parametrize(("text", "tokens"), TEXTS.items())
def test_english_and_json_are_counted_within_a_half(text: str, tokens: int) -> None:
    assert tokens <= text_tokens(text) <= 1.6 * tokens


def test_every_script_counts() -> None:
    for text in ("你好世界", "Привет мир", "مرحبا", "नमस्ते", "こんにちは", "안녕하세요", "🙂🙂", "x", "1234567"):
        assert 1 <= text_tokens(text) <= 2 * len(text)
    assert text_tokens("") == TokenCounter.of_text("") == 0
    assert text_tokens("a" * 100_000) < 20_000


def test_any_text_is_counted_in_linear_time() -> None:
    chance = random.Random(5)
    for _ in range(200):
        text = "".join(chr(chance.choice((chance.randrange(128), chance.randrange(0xD800)))) for _ in range(200))
        assert 0 < text_tokens(text) <= 2 * len(text)


def test_images_count_by_their_pixels_and_are_read_once() -> None:
    read = []

    def data() -> bytes:
        read.append(1)
        return drawing(1, 896)

    async def work() -> tuple[int, int, int]:
        counter = TokenCounter()
        plain = await counter.of_prompt([Message("user", "look")], None)
        first = await counter.of_prompt([Message("user", "look", (Image("a", "image/png", data),))], None)
        again = await counter.of_prompt([Message("user", "look", (Image("a", "image/png", data),))], {"type": "object"})
        broken = await counter.of_prompt([Message("user", "look", (Image("b", "image/png", lambda: b"no"),))], None)
        assert again > first and broken > plain
        return plain, first, len(read)

    plain, first, reads = asyncio.run(work())
    assert 900 < first - plain < 1200 and reads == 1
