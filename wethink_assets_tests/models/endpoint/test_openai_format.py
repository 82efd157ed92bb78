"""Chat completions: valid JSON with each image first and once, and replies of any kind read or refused."""

import asyncio
import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wethink_assets.identity import digest_of
from wethink_assets.models.chat import Image, Message, Sampling
from wethink_assets.models.endpoint.openai_format import OpenAIFormat
from wethink_assets.sources.images.formats import format_of
from wethink_assets.storage.journal.calls import call_key


def image(number: int, data: bytes = b"pixels") -> Image:
    return Image(f"{number:064x}", "image/jpeg", lambda: data)


def request(messages: list[Message]) -> bytes:
    return asyncio.run(OpenAIFormat().request_body("m", messages, None, Sampling()))


def sent(messages: list[Message]) -> Any:
    return json.loads(request(messages))


@given(st.text(), st.text(), st.binary(max_size=50).filter(lambda data: format_of(data) is None))
def test_every_text_and_image_arrives_as_it_is(system: str, user: str, data: bytes) -> None:
    (turn,) = sent([Message("system", system or "s"), Message("user", user, (image(1, data),))])["messages"]
    image_part, first, second = turn["content"]
    assert base64.b64decode(image_part["image_url"]["url"].partition(",")[2]) == data
    assert (first["text"], second["text"]) == ((system or "s") + "\n\n", user)
    plain = sent([Message("system", system), Message("user", user), Message("assistant", "a")])["messages"]
    assert [(turn["role"], turn["content"]) for turn in plain] == [
        ("system", system),
        ("user", user),
        ("assistant", "a"),
    ]


def test_calls_on_one_image_begin_alike_up_to_its_end_whatever_the_prompt() -> None:
    bodies = [
        request([*system, Message("user", text, (image(1),))])
        for system, text in (
            ([Message("system", "describe")], "go"),
            ([Message("system", "answer")], "what?"),
            ([], "x"),
        )
    ]
    ends = [body.index(base64.b64encode(b"pixels")) + 8 for body in bodies]
    assert len({body[:end] for body, end in zip(bodies, ends, strict=True)}) == 1


def test_an_image_is_sent_once_in_a_conversation_of_several_turns() -> None:
    turns = [
        Message("system", "s"),
        Message("user", "u", (image(1),)),
        Message("assistant", "a"),
        Message("user", "v"),
    ]
    messages = sent(turns)["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert json.dumps(messages).count("image_url;") == 0 and json.dumps(messages).count("base64,") == 1
    assert messages[0]["content"][0]["type"] == "image_url"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["choices", "message", "content", "usage", "prompt_tokens"]) | st.text(), inner
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_completion_or_none(value: Any) -> None:
    for reply in (value, {"choices": [value]}, {"choices": [{"message": {"content": "x"}}], "usage": value}):
        with contextlib.suppress(ValueError):
            assert isinstance(OpenAIFormat().completion(json.dumps(reply), "m").text, str)


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, '{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 1e999}}']
)
def test_what_is_no_completion_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a chat completion"):
        OpenAIFormat().completion(text, "m")


def test_images_with_places_stand_between_the_words() -> None:
    first, second = image(1, b"one"), image(2, b"two")
    asked = Message("user", "Is  brighter than ?", (first, second), (3, 18))
    system, turn = sent([Message("system", "s"), asked])["messages"]
    assert system == {"role": "system", "content": "s"}
    parts = [
        part.get("text") or base64.b64decode(part["image_url"]["url"].partition(",")[2]) for part in turn["content"]
    ]
    assert parts == ["Is ", b"one", " brighter than ", b"two", "?"]
    ahead = sent([Message("user", "why?", (first, second), (0, 0))])["messages"][0]["content"]
    assert [part["type"] for part in ahead] == ["image_url", "image_url", "text"]


def test_places_are_part_of_a_calls_key_and_of_no_other() -> None:
    keys = {
        call_key("m", "r", [Message("user", "ab", (image(1),), places)], None, Sampling(), 0)
        for places in ((), (0,), (1,))
    }
    assert len(keys) == 3
    call = {
        "version": 1,
        "model": "m",
        "revision": "r",
        "messages": [["user", "ab", [image(1).sha256]]],
        "schema": None,
    }
    plain = digest_of({**call, "sampling": [0.0, 1.0, 512, 0], "sample": 0})
    assert plain in keys, "keys of calls without places are what they were before there were any"
