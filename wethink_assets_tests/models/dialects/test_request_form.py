"""Forms of requests: what is part of a call's key, how URLs are completed, and which settings are refused."""

import asyncio
import json
from typing import Any

import pytest
from pydantic import ValidationError

from wethink_assets.config import RoleSettings, Settings
from wethink_assets.extensions.builtin import DIALECTS
from wethink_assets.models.chat import Image, Message, Sampling
from wethink_assets.models.dialects.request_form import PLAIN_FORM, RequestForm, dialect_of, reasons, request_options
from wethink_assets.models.endpoint.openai_format import OpenAIFormat
from wethink_assets.models.registry import Models
from wethink_assets.storage.journal.calls import call_key
from wethink_assets.synthesis.calls.reply_schemas import Grade, json_schema

BASE = {"provider": "endpoint", "url": "http://127.0.0.1:1/v1", "model": "m"}
TURNS = [Message("system", "You describe."), Message("user", "What is there?")]


def role(**settings: Any) -> RoleSettings:
    """A role at an endpoint."""
    return RoleSettings.model_validate({**BASE, **settings})


def sent(settings: RoleSettings, messages: list[Message] = TURNS, schema: Any = None) -> dict[str, Any]:
    """The body of a request of a role."""
    body = OpenAIFormat(form=RequestForm.of(settings)).request_body("m", messages, schema, Sampling(seed=5))
    value: dict[str, Any] = json.loads(asyncio.run(body))
    return value


@pytest.mark.parametrize(
    ("url", "model", "name"),
    [
        ("https://api.openai.com/v1", "gpt-4o", "openai"),
        ("https://api.openai.com/v1", "gpt-5-mini", "openai-reasoning"),
        ("https://api.openai.com/v1", "o4-mini", "openai-reasoning"),
        ("https://api.openai.com/v1", "gpt-5-chat-latest", "openai"),
        ("https://mine.openai.azure.com", "gpt-4o", "azure"),
        ("https://mine.openai.azure.com", "o4-mini", "azure-reasoning"),
        ("https://api.anthropic.com/v1", "claude-sonnet-4-5", "anthropic"),
        ("https://generativelanguage.googleapis.com/v1beta/openai", "gemini-2.5-flash", "gemini"),
        ("https://api.deepseek.com", "deepseek-chat", "deepseek"),
        ("https://api.mistral.ai/v1", "pixtral-large-latest", "mistral"),
        ("https://openrouter.ai/api/v1", "openai/gpt-4o", "openrouter"),
        ("https://api.together.xyz/v1", "Qwen/Qwen2.5-VL-72B-Instruct", "together"),
        ("https://notopenrouter.ai/api/v1", "m", "plain"),
        ("http://gpu1:8000/v1", "o4-mini", "plain"),
    ],
)
def test_the_host_tells_the_dialect(url: str, model: str, name: str) -> None:
    assert dialect_of(role(url=url, model=model)) is DIALECTS[name]
    assert request_options(role(url=url, model=model), with_schema=True) == {}


@pytest.mark.parametrize("dialect", ["", "plain", "vllm", "sglang"])
def test_the_plain_form_is_as_it_was(dialect: str) -> None:
    image = Image("0" * 64, "image/png", lambda: b"pixels")
    messages = [TURNS[0], Message("user", "What is there?", (image,))]
    body = OpenAIFormat(form=RequestForm.of(role(dialect=dialect))).request_body(
        "m", messages, {"type": "object"}, Sampling(seed=5)
    )
    assert asyncio.run(body) == (
        b'{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,cGl4ZWxz"}},'
        b'{"type": "text", "text": "You describe.\\n\\n"},{"type": "text", "text": "What is there?"}]}],'
        b'"temperature": 0.0, "top_p": 1.0, "max_tokens": 512, "seed": 5, "response_format": {"type": "json_schema", '
        b'"json_schema": {"name": "reply", "schema": {"type": "object"}, "strict": true}}}'
    )


@pytest.mark.parametrize(
    ("settings", "text", "json"),
    [
        ({}, {}, {}),
        ({"dialect": "vllm"}, {}, {}),
        ({"rename": {"max_tokens": "max_completion_tokens"}, "headers": {"X-Team": "a"}}, {}, {}),
        ({"dialect": "openai"}, {}, {"schema": ["unbounded", "closed"]}),
        ({"schema_mode": "json_object"}, {}, {"schema": ["json_object", ""]}),
        ({"omit": ["seed"]}, {"omit": ["seed"]}, {"omit": ["seed"]}),
        ({"instructions": "user"}, {"instructions": "user"}, {"instructions": "user"}),
        ({"extra_body": {"top_k": 20}}, {"fields": {"top_k": 20}}, {"fields": {"top_k": 20}}),
    ],
)
def test_what_changes_replies_is_part_of_the_key(settings: Any, text: Any, json: Any) -> None:
    assert request_options(role(**settings), with_schema=False) == text
    assert request_options(role(**settings), with_schema=True) == json
    keys = {call_key("m", "r", TURNS, None, Sampling(), 0, options) for options in (None, text)}
    assert len(keys) == 1 + bool(text)


def test_the_way_to_think_is_part_of_the_key_whatever_tells_the_dialect() -> None:
    named, known = role(dialect="deepseek"), role(url="https://api.deepseek.com")
    assert request_options(known, with_schema=False) == {} != request_options(named, with_schema=False)
    changed = known.model_copy(update={"thinking": "off"})
    assert request_options(changed, with_schema=False) == {"fields": {"thinking": {"type": "disabled"}}}


def test_provenance_names_how_a_role_is_asked_where_settings_do() -> None:
    table = {**BASE, "thinking": "off"}
    with Models.open(Settings.model_validate({"roles": {"judge": BASE, "reasoner": table}})) as models:
        assert "requests" not in models.describe("judge")
        fields = {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}
        assert models.describe("reasoner")["requests"] == {"fields": fields}


@pytest.mark.parametrize(
    ("dialect", "url", "whole"),
    [
        ("plain", "http://h/v1", "http://h/v1"),
        ("plain", "http://h/v1/chat/completions", "http://h/v1"),
        ("plain", "http://me:word@h/v1?k=v", "http://me:word@h/v1?k=v"),
        ("azure", "https://h", "https://h/openai/deployments/a%20b?api-version=2024-10-21"),
        ("azure", "https://h/openai", "https://h/openai/deployments/a%20b?api-version=2024-10-21"),
        ("azure", "https://h?api-version=2025-01-01", "https://h/openai/deployments/a%20b?api-version=2025-01-01"),
        ("azure", "https://h/openai/deployments/x", "https://h/openai/deployments/x?api-version=2024-10-21"),
        ("azure", "https://h/openai/v1", "https://h/openai/v1"),
        ("azure", "https://h/team/openai", "https://h/team/openai/deployments/a%20b?api-version=2024-10-21"),
    ],
)
def test_urls_get_what_their_dialect_has_in_them(dialect: str, url: str, whole: str) -> None:
    form = RequestForm.of(role(dialect=dialect))
    assert form.base_url(url, "a b") == whole == form.base_url(whole, "a b")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dialect": "grpc"}, "unknown dialect 'grpc'; known: plain, openai"),
        ({"omit": ["sead"]}, "omit: unknown parameter 'sead'; known: temperature"),
        ({"rename": {"tokens": "max_new_tokens"}}, "rename: unknown parameter 'tokens'"),
        ({"dialect": "openai", "thinking": "on"}, "dialects that have it: plain, openai-reasoning"),
        (
            {"dialect": "azure-reasoning", "model": "my-o4-mini", "thinking": "off"},
            "the model my-o4-mini of Azure OpenAI",
        ),
        ({"dialect": "gemini", "model": "gemini-2.5-pro", "thinking": "off"}, "it knows on, low, medium, high"),
        ({"extra_body": {"messages": []}}, "extra_body: messages is set by WeThink"),
        ({"extra_body": {"stream": True}}, "extra_body: stream is set by WeThink"),
        ({"extra_body": {"a": float("nan")}}, "extra_body cannot be sent as JSON"),
        ({"headers": {"X Team": "a"}}, "is no HTTP header"),
        ({"headers": {"X-Team": "a\nb"}}, "is no HTTP header"),
        ({"headers": {"Content-Type": "text/plain"}}, "Content-Type is set by WeThink"),
    ],
)
def test_settings_that_cannot_be_sent_are_refused(settings: Any, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        role(**settings)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("written", "name"),
    [("llama.cpp", "llamacpp"), ("LM Studio", "lmstudio"), ("OpenAI_reasoning", "openai-reasoning")],
)
def test_a_dialect_may_be_written_as_people_write_it(written: str, name: str) -> None:
    assert role(dialect=written).dialect == name


@pytest.mark.parametrize(
    ("settings", "thinks"),
    [
        ({}, False),
        ({"thinking": "on"}, True),
        ({"thinking": "off"}, False),
        ({"dialect": "openai-reasoning"}, True),
        ({"dialect": "gemini", "thinking": "off"}, False),
        ({"url": "https://api.openai.com/v1", "model": "o4-mini"}, True),
        ({"url": "https://api.openai.com/v1", "model": "gpt-4o"}, False),
    ],
)
def test_a_role_that_thinks_needs_more_room(settings: Any, thinks: bool) -> None:
    assert reasons(role(**settings)) is thinks


def test_instructions_stand_where_the_role_wants_them() -> None:
    image = Image("0" * 64, "image/png", lambda: b"pixels")
    placed = [TURNS[0], Message("user", "Is it?", (image, image), (0, 3))]
    assert [turn["role"] for turn in sent(role())["messages"]] == ["system", "user"]
    assert [turn["role"] for turn in sent(role(instructions="developer"))["messages"]] == ["developer", "user"]
    (turn,) = sent(role(instructions="user"))["messages"]
    assert turn == {"role": "user", "content": "You describe.\n\nWhat is there?"}
    (turn,) = sent(role(instructions="user"), placed)["messages"]
    assert [part.get("text") for part in turn["content"]] == [None, "You describe.\n\nIs ", None, "it?"]


def test_a_schema_is_told_after_the_instructions_or_at_the_end() -> None:
    for messages, position in ((TURNS, 0), (TURNS[1:], 0)):
        turn = sent(role(schema_mode="none"), messages, json_schema(Grade))["messages"][position]
        assert turn["content"].startswith(messages[0].text + "\n\nReply with one JSON object")
        assert json.loads(turn["content"].partition("schema:\n")[2]) == json_schema(Grade)


def test_a_thought_with_a_budget_has_its_room_beside_the_reply() -> None:
    body = sent(role(dialect="anthropic", thinking="low"))
    assert body["max_tokens"] == 512 + 1024 and body["thinking"]["budget_tokens"] == 1024 and "temperature" not in body


def test_a_value_that_a_service_has_by_itself_is_left_out() -> None:
    form = RequestForm.of(role(dialect="tgi"))
    assert "top_p" not in form.parameters(Sampling()) and form.parameters(Sampling(top_p=0.9))["top_p"] == 0.9
    assert form.parameters(Sampling())["temperature"] == 0.01 != PLAIN_FORM.parameters(Sampling())["temperature"]
    anthropic = RequestForm.of(role(dialect="anthropic", omit=["temperature"]))
    assert anthropic.parameters(Sampling(top_p=0.9)) == {"top_p": 0.9, "max_tokens": 512}
