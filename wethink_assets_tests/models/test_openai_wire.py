"""What goes over the wire: valid JSON with each image first and once, pictures encoded once, and replies of any kind read or refused."""

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
from wethink_assets.models.endpoint.openai_format import Pictures, completion_of, request_body
from wethink_assets.storage.journal.calls import call_key


class Counted:
    """An image that counts how often it is read."""

    def __init__(self, number: int, data: bytes = b"pixels", fails: bool = False) -> None:
        self.reads = 0
        self.data = data
        self.fails = fails
        self.image = Image(f"{number:064x}", "image/jpeg", self.read)

    def read(self) -> bytes:
        self.reads += 1
        if self.fails:
            raise OSError("not there")
        return self.data


def sent(messages: list[Message], pictures: Pictures | None = None, schema: dict[str, Any] | None = None) -> Any:
    return json.loads(asyncio.run(request_body("m", messages, schema, Sampling(), pictures or Pictures())))


@given(st.text(), st.text(), st.binary(max_size=50))
def test_every_text_and_image_arrives_as_it_is(system: str, user: str, data: bytes) -> None:
    image = Counted(1, data).image
    (turn,) = sent([Message("system", system or "s"), Message("user", user, (image,))])["messages"]
    picture, first, second = turn["content"]
    assert base64.b64decode(picture["image_url"]["url"].partition(",")[2]) == data
    assert (first["text"], second["text"]) == ((system or "s") + "\n\n", user)
    plain = sent([Message("system", system), Message("user", user), Message("assistant", "a")])["messages"]
    assert [(turn["role"], turn["content"]) for turn in plain] == [
        ("system", system),
        ("user", user),
        ("assistant", "a"),
    ]


def test_calls_on_one_image_begin_alike_up_to_its_end_whatever_the_prompt() -> None:
    image = Counted(1).image
    bodies = [
        asyncio.run(request_body("m", [*system, Message("user", text, (image,))], None, Sampling(), Pictures()))
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
        Message("user", "u", (Counted(1).image,)),
        Message("assistant", "a"),
        Message("user", "v"),
    ]
    messages = sent(turns)["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert json.dumps(messages).count("image_url;") == 0 and json.dumps(messages).count("base64,") == 1
    assert messages[0]["content"][0]["type"] == "image_url"


def test_an_image_is_read_once_for_calls_at_a_time_and_in_a_row() -> None:
    one = Counted(1)

    async def work() -> None:
        pictures = Pictures()
        parts = await asyncio.gather(*(pictures.part(one.image) for _ in range(20)))
        assert len(set(parts)) == 1 and await pictures.part(one.image) == parts[0]

    asyncio.run(work())
    assert one.reads == 1


def test_pictures_keep_to_their_memory_and_forget_the_oldest() -> None:
    images = [Counted(number, bytes(3000)) for number in range(10)]

    async def work() -> None:
        pictures = Pictures(most_bytes=13_000)  # three of them
        for counted in [*images, images[9], images[8], images[0]]:
            await pictures.part(counted.image)
        assert pictures._size <= 13_000 and len(pictures._kept) == 3

    asyncio.run(work())
    assert [counted.reads for counted in images] == [2, 1, 1, 1, 1, 1, 1, 1, 1, 1]


def test_an_image_that_cannot_be_read_is_tried_anew_by_the_next_call() -> None:
    one = Counted(1, fails=True)

    async def work() -> None:
        pictures = Pictures()
        ended = await asyncio.gather(*(pictures.part(one.image) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(end, OSError) for end in ended)
        one.fails = False
        assert b"base64," in await pictures.part(one.image)

    asyncio.run(work())
    assert one.reads == 2


def test_a_caller_that_goes_does_not_take_the_image_from_the_others() -> None:
    one = Counted(1)

    async def work() -> bytes:
        pictures = Pictures()
        first = asyncio.create_task(pictures.part(one.image))
        second = asyncio.create_task(pictures.part(one.image))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert b"base64," in asyncio.run(work())
    assert one.reads == 1


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
            assert isinstance(completion_of(json.dumps(reply), "m").text, str)


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, '{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 1e999}}']
)
def test_what_is_no_completion_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no chat completion"):
        completion_of(text, "m")


def test_images_with_places_stand_between_the_words() -> None:
    first, second = Counted(1, b"one").image, Counted(2, b"two").image
    asked = Message("user", "Is  brighter than ?", (first, second), (3, 18))
    system, turn = sent([Message("system", "s"), asked])["messages"]
    assert system == {"role": "system", "content": "s"}
    told = [
        part.get("text") or base64.b64decode(part["image_url"]["url"].partition(",")[2]) for part in turn["content"]
    ]
    assert told == ["Is ", b"one", " brighter than ", b"two", "?"]
    ahead = sent([Message("user", "why?", (first, second), (0, 0))])["messages"][0]["content"]
    assert [part["type"] for part in ahead] == ["image_url", "image_url", "text"]


def test_places_are_part_of_a_calls_key_and_of_no_other() -> None:
    image = Counted(1).image
    keys = {
        call_key("m", "r", [Message("user", "ab", (image,), places)], None, Sampling(), 0)
        for places in ((), (0,), (1,))
    }
    assert len(keys) == 3
    told = {"version": 1, "model": "m", "revision": "r", "messages": [["user", "ab", [image.sha256]]], "schema": None}
    plain = digest_of({**told, "sampling": [0.0, 1.0, 512, 0], "sample": 0})
    assert plain in keys, "keys of calls without places are what they were before there were any"
