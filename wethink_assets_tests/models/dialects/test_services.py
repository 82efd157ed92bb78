"""Every dialect against a double that refuses what its service refuses: texts, images, schemas and ways to think are answered."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.extensions.builtin import DIALECTS
from wethink_assets.models.chat import CallFailed, Completion, Image, Message, Sampling
from wethink_assets.models.registry import Models
from wethink_assets.synthesis.calls.replies import final_text, parse_json_reply
from wethink_assets.synthesis.calls.reply_schemas import Adjudication, Grade, Question, Refinement, json_schema
from wethink_assets_tests.support.images import drawing, encoded, photograph
from wethink_assets_tests.support.services import SERVICES, Faults, ServiceDouble, served
from wethink_assets_tests.support.services.rules import texts_of

PICTURE = Image("0" * 64, "image/png", lambda: drawing(1))
TEXT = [Message("system", "You describe."), Message("user", "What is there?")]
WEBP = Image("1" * 64, "image/webp", lambda: encoded(photograph("text.png"), "WEBP"))
IMAGE = [Message("system", "You describe."), Message("user", "What is there?", (PICTURE,))]


def answered(service: ServiceDouble, messages: list[Message], schema: Any = None, **changes: Any) -> Completion:
    """The reply of a role that asks the service with these settings."""
    settings = Settings.model_validate({"roles": {"judge": service.role(**changes)}})
    with Models.open(settings) as models:
        judge = models.role("judge")
        return models.run(judge.chat(messages, schema=schema, sampling=models.sampling("judge", 5)))


@pytest.mark.parametrize("name", SERVICES)
def test_texts_and_images_are_answered(name: str) -> None:
    with served(name) as service:
        replies = [answered(service, TEXT), answered(service, IMAGE), answered(service, IMAGE, temperature=0.7)]
    assert [final_text(reply.text)[:12] for reply in replies] == ["A red square"] * 3
    assert {reply.finish_reason for reply in replies} == {"stop"}
    assert {reply.model for reply in replies} == {service.rules.model} and not service.refusals


@pytest.mark.parametrize("name", ["llamacpp", "lmstudio", "vllm"])
def test_a_picture_of_a_type_that_a_service_does_not_read_is_sent_as_png(name: str) -> None:
    with served(name) as service:
        answered(service, [Message("user", "What is there?", (WEBP,))])
        url = service.requests[0]["messages"][0]["content"][0]["image_url"]["url"]
    assert url.startswith("data:image/webp" if name == "vllm" else "data:image/png;base64,iVBOR")


@pytest.mark.parametrize("name", SERVICES)
def test_json_objects_are_asked_for_as_each_service_has_them(name: str) -> None:
    with served(name) as service:
        reply = answered(service, TEXT, json_schema(Grade), schema_mode="json_object" if name != "sparse" else "none")
        assert "json" in texts_of(service.requests[0])
    assert parse_json_reply(reply.text, Grade)


@pytest.mark.parametrize("model", [Refinement, Question, Grade, Adjudication])
@pytest.mark.parametrize("name", SERVICES)
def test_schemas_are_answered_with_what_follows_them(name: str, model: Any) -> None:
    with served(name) as service:
        for messages in (TEXT, IMAGE, TEXT[1:]):
            reply = answered(service, messages, json_schema(model))
            parse_json_reply(reply.text, model)
            assert reply.finish_reason == "stop"
    assert not service.refusals


def ways() -> Iterator[tuple[str, str, str]]:
    """Name of a dialect, model, and way to think that it has: models that the doubles serve, and others that differ from them."""
    for name in DIALECTS:
        model = ServiceDouble("vllm" if name == "plain" else name, None, Faults(), ()).rules.model
        yield from ((name, model, way) for way in DIALECTS[name].ways_to_think(model))
    yield from (("openai-reasoning", model, "off") for model in ("gpt-5", "gpt-5-mini-2025-08-07", "gpt-5.1"))


@pytest.mark.parametrize(("name", "model", "way"), ways())
def test_ways_to_think_are_taken(name: str, model: str, way: str) -> None:
    with served("vllm" if name == "plain" else name, model=model) as service:
        reply = answered(service, TEXT, thinking=way, max_tokens=600)
        sent = service.requests[0]
    told = "<think>" in reply.text
    assert told == service.rules.thinks(sent) and not (told and way == "off")
    assert final_text(reply.text).startswith("A red square")


@pytest.mark.parametrize("mode", ["json_object", "none"])
def test_a_schema_that_nothing_holds_to_stands_in_the_prompt(mode: str) -> None:
    with served("openai") as service:
        reply = answered(service, TEXT, json_schema(Grade), schema_mode=mode)
        assert "JSON" in service.requests[0]["messages"][0]["content"]
        assert service.requests[0].get("response_format") == ({"type": mode} if mode == "json_object" else None)
    assert parse_json_reply(reply.text, Grade).score == 0


def test_each_service_refuses_another_dialect() -> None:
    refused = {
        "openai-reasoning": "max_completion_tokens",
        "deepseek": "response_format",
        "tgi": "top_p",
        "mistral": "extra",
        "gemini": "seed",
        "anthropic": "only one",
        "lmstudio": "'response_format.type'",
    }
    for name, words in refused.items():
        other = {"dialect": "plain"} if name != "lmstudio" else {"dialect": "plain", "schema_mode": "json_object"}
        with served(name) as service, pytest.raises(CallFailed, match=f"(?i){words}"):
            answered(service, TEXT, json_schema(Grade) if name in ("deepseek", "lmstudio") else None, **other)


def test_azure_takes_the_url_with_and_without_what_belongs_to_it() -> None:
    with served("azure") as service:
        whole = f"{service.url}/openai/deployments/my-gpt-4o/chat/completions?api-version=2024-10-21"
        for url in (service.url, f"{service.url}/", f"{service.url}/openai", whole, whole.partition("/chat")[0]):
            assert answered(service, TEXT, url=url).text.startswith("A red square")
        with pytest.raises(ModelError, match="does not know"):
            answered(service, TEXT, url=f"{service.url}?api-version=1999-01-01")


def test_headers_come_from_the_environment_and_are_shown_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WETHINK_TEST_TENANT", "tenant-secret-1")
    with served("openai") as service:
        headers = {"X-Tenant": "team ${WETHINK_TEST_TENANT}"}
        answered(service, TEXT, headers=headers)
        assert service.headers[0]["X-Tenant"] == "team tenant-secret-1"
        service.script = lambda body: "it says tenant-secret-1"
        assert answered(service, TEXT, headers=headers).text == "it says ***"
        monkeypatch.delenv("WETHINK_TEST_TENANT")
        with pytest.raises(ModelError, match="WETHINK_TEST_TENANT holds no value"):
            answered(service, TEXT, headers=headers)


def test_roles_that_differ_in_how_they_ask_do_not_share_a_model() -> None:
    with served("vllm") as service:
        roles = {"judge": service.role(thinking="off"), "reasoner": service.role(thinking="on")}
        with Models.open(Settings.model_validate({"roles": {**roles, "adjudicator": service.role()}})) as models:
            opened = {role: models.role(role) for role in ("judge", "reasoner", "adjudicator")}
            assert len({id(model) for model in opened.values()}) == 3
            for model in opened.values():
                models.run(model.chat(TEXT, sampling=Sampling()))
    kwargs = [body.get("chat_template_kwargs") for body in service.requests]
    assert kwargs == [dict.fromkeys(("enable_thinking", "thinking"), think) for think in (False, True)] + [None]


def test_further_fields_join_those_of_the_way_to_think() -> None:
    extra = {"top_k": 20, "chat_template_kwargs": {"tools_in_user_message": False}}
    with served("vllm") as service:
        answered(
            service, TEXT, thinking="off", extra_body=extra, omit=["seed"], rename={"max_tokens": "max_new_tokens"}
        )
    sent = service.requests[0]
    assert sent["top_k"] == 20 and "seed" not in sent and sent["max_new_tokens"] == 512 and "max_tokens" not in sent
    assert sent["chat_template_kwargs"] == {"enable_thinking": False, "thinking": False, "tools_in_user_message": False}


def test_every_request_is_json_when_everything_is_left_out() -> None:
    omit = ["temperature", "top_p", "max_tokens", "seed", "response_format"]
    with served("vllm") as service:
        answered(service, TEXT, json_schema(Grade), omit=omit)
        answered(service, TEXT, json_schema(Grade), omit=omit, thinking="off")
        answered(service, TEXT, omit=omit[:-1], schema_mode="json_object")
    assert [sorted(json.loads(json.dumps(body))) for body in service.requests] == [
        ["messages", "model"],
        ["chat_template_kwargs", "messages", "model"],
        ["messages", "model"],
    ]
