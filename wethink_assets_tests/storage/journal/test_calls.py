"""Keys of calls: digests of the canonical JSON of all that a reply depends on, whatever way they are computed."""

import json
import random
from hashlib import sha256
from typing import Any

import pytest

from wethink_assets.models.chat import Image, Message, Sampling
from wethink_assets.storage.journal.calls import call_key, call_keys, request_key

CHARACTERS = 'aZ09 \n\t"\\/{}\u00e9\u2028\u4e00\U0001f600\ud800'


def spelt_out(asked: tuple[Any, ...], max_tokens: int | None) -> str:
    """The key as its definition says it."""
    model, revision, messages, schema, sampling, sample, options = asked
    value = {
        "version": 1,
        "model": model,
        "revision": revision,
        "messages": [
            [m.role, m.text, [image.sha256 for image in m.images], *([list(m.places)] if m.places else [])]
            for m in messages
        ],
        "schema": schema,
        "sampling": [sampling.temperature, sampling.top_p, max_tokens, sampling.seed],
        "sample": sample,
        **({"options": options} if options else {}),
    }
    return sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


@pytest.mark.parametrize("seed", range(40))
def test_keys_are_those_of_their_definition(seed: int) -> None:
    draw = random.Random(seed)

    def text() -> str:
        return "".join(draw.choices(CHARACTERS, k=draw.randrange(60)))

    images = tuple(Image(f"{draw.getrandbits(256):064x}", "image/png", bytes) for _ in range(draw.randrange(3)))
    messages = [Message("system", text()), Message("user", text(), images, tuple(range(len(images) * (seed % 2))))]
    schema = draw.choice([None, {"type": "object", "properties": {"b": {"maximum": 1.5}, "a": {"title": text()}}}])
    sampling = Sampling(
        draw.choice([0, 0.0, 0.7]), draw.choice([1.0, 0.95]), draw.randrange(1, 99), draw.getrandbits(31)
    )
    options = draw.choice([None, {}, {"certainty": True, "body": {"z": 1, "a": text()}}])
    asked = (text(), text(), messages[seed % 3 == 0 :], schema, sampling, draw.randrange(4), options)
    assert call_keys(*asked) == (spelt_out(asked, sampling.max_tokens), spelt_out(asked, None))
    assert (call_key(*asked), request_key(*asked)) == call_keys(*asked)
