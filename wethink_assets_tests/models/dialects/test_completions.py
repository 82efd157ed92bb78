"""Replies of services in every form in which they write content, thoughts, refusals, ends and usage."""

import json
from typing import Any

import pytest

from wethink_assets.models.chat import FINISH_REASONS, Completion
from wethink_assets.models.dialects.completions import ErrorReply, completion_of


def read(message: Any, finish: Any = "stop", usage: Any = None, schema: Any = None, **more: Any) -> Completion:
    """The completion of a response with this message."""
    choice = {"message": message, "finish_reason": finish, **more.pop("choice", {})}
    return completion_of(json.dumps({"choices": [choice], "usage": usage, "model": "m", **more}), "asked", schema)


THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "so "}, {"type": "text", "text": "so"}]}


@pytest.mark.parametrize(
    "message",
    [
        {"content": "yes", "reasoning_content": "so so"},
        {"content": "yes", "reasoning": "so so"},
        {"content": "yes", "reasoning_content": None, "reasoning": "so so"},
        {"content": "yes", "thinking": "so so"},
        {"content": "yes", "reasoning": {"content": "so so"}},
        {"content": "yes", "reasoning_details": [{"type": "reasoning.text", "text": "so so"}]},
        {"content": "yes", "thinking_blocks": [{"type": "thinking", "thinking": "so so", "signature": "x"}]},
        {"content": [THINKING, {"type": "text", "text": "yes"}]},
        {"content": [{"type": "thinking", "thinking": "so so"}, {"type": "output_text", "text": "yes"}]},
        {"content": [{"type": "reasoning", "text": "so so"}, "yes"]},
        {"content": [{"type": "redacted_thinking", "data": "xx"}, THINKING, {"text": "yes"}]},
        {"content": [{"type": "reasoning", "summary": [{"text": "so so"}]}, {"type": "text", "text": "yes"}]},
    ],
)
def test_thoughts_stand_before_the_text(message: dict[str, Any]) -> None:
    assert read(message).text == "<think>so so</think>yes"


@pytest.mark.parametrize(
    "content", ["yes", [{"type": "text", "text": "y"}, {"type": "text", "text": "es"}], {"type": "text", "text": "yes"}]
)
def test_content_is_a_text_or_parts_of_it(content: Any) -> None:
    assert read({"content": content, "reasoning_content": None, "refusal": None, "tool_calls": []}).text == "yes"


@pytest.mark.parametrize("content", [{"content": 7}, {"content": [7]}, {"content": True}])
def test_content_that_is_no_text_is_no_completion(content: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a chat completion"):
        read(content)


def test_a_refusal_is_told_as_one() -> None:
    for content in (None, "", "I'm sorry."):
        reply = read({"content": content, "refusal": "I can't help with that."})
        assert (reply.text, reply.finish_reason) == ("I can't help with that.", "refused")


SCHEMA = {"type": "object", "required": ["score"], "properties": {"score": {"type": "number"}}}
CALL = {"function": {"name": "reply", "arguments": '{"score": 1}'}}


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "tool_calls": [CALL]},
        {"content": "", "tool_calls": [{"function": {"name": "reply", "arguments": {"score": 1}}}]},
        {"content": None, "function_call": CALL["function"]},
    ],
)
def test_a_tool_that_is_called_in_place_of_json_gives_its_arguments(message: dict[str, Any]) -> None:
    assert read(message, "tool_calls", schema=SCHEMA).finish_reason == "stop"
    assert json.loads(read(message, "tool_calls", schema=SCHEMA).text) == {"score": 1}
    assert read(message, "tool_calls").finish_reason == "tool_calls"
    other = {**SCHEMA, "required": ["verdict"]}
    assert read(message, "stop", schema=other).finish_reason == "tool_calls"


def test_a_tool_whose_arguments_were_cut_off_is_a_reply_that_was() -> None:
    call = {"function": {"name": "reply", "arguments": '{"score"'}}
    assert read({"content": None, "tool_calls": [call]}, "length", schema=SCHEMA).finish_reason == "length"
    assert read({"content": None, "tool_calls": [call]}, "tool_calls", schema=SCHEMA).finish_reason == "tool_calls"


def test_a_text_beside_a_tool_is_the_reply_and_its_end_is_told() -> None:
    assert read({"content": "yes", "tool_calls": [CALL]}, "tool_calls").text == "yes"
    assert read({"content": "yes", "tool_calls": [CALL]}, "tool_calls").finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", "stop"),
        (None, "stop"),
        ("eos", "stop"),
        ("eos_token", "stop"),
        ("end_turn", "stop"),
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("length", "length"),
        ("model_length", "length"),
        ("content_filter", "filtered"),
        ("SAFETY", "filtered"),
        ("RECITATION", "filtered"),
        ("refusal", "refused"),
        ("tool_calls", "tool_calls"),
        ("error", "failed"),
        ("abort", "failed"),
        ("insufficient_system_resource", "failed"),
        ("something new", "failed"),
    ],
)
def test_ends_have_one_name(word: Any, reason: str) -> None:
    assert read({"content": "yes"}, word).finish_reason == reason in FINISH_REASONS


def test_the_providers_own_word_says_more() -> None:
    assert read({"content": "ye"}, choice={"native_finish_reason": "MAX_TOKENS"}).finish_reason == "length"
    assert read({"content": "yes"}, choice={"native_finish_reason": "completed"}).finish_reason == "stop"
    assert read({"content": "yes"}, choice={"native_finish_reason": "odd"}).finish_reason == "stop"
    assert read({"content": "ye"}, choice={"error": {"code": 502, "message": "gone"}}).finish_reason == "failed"


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"prompt_tokens": 90, "completion_tokens": 5}, (90, 5, 0)),
        ({"input_tokens": 90, "output_tokens": 5}, (90, 5, 0)),
        ({"prompt_tokens": 90, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 64}}, (90, 5, 64)),
        ({"prompt_tokens": 90, "completion_tokens": 5, "prompt_tokens_details": None}, (90, 5, 0)),
        ({"prompt_tokens": 90, "completion_tokens": 5, "prompt_cache_hit_tokens": 64}, (90, 5, 64)),
        ({"prompt_tokens": 90, "completion_tokens": 5, "cached_tokens": 64}, (90, 5, 64)),
        ({"prompt_tokens": 90, "completion_tokens": 5, "input_tokens_details": {"cached_tokens": 640}}, (90, 5, 90)),
        ({"prompt_tokens": 90, "completion_tokens": 5, "total_tokens": 400}, (90, 310, 0)),
        ({}, (0, 0, 0)),
        (None, (0, 0, 0)),
        ("unknown", (0, 0, 0)),
        ({"prompt_tokens": 90, "completion_tokens": 5, "prompt_tokens_details": [64]}, (90, 5, 0)),
    ],
)
def test_usage_in_all_its_spellings(usage: Any, counts: tuple[int, int, int]) -> None:
    reply = read({"content": "yes"}, usage=usage)
    assert (reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens) == counts


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "Provider returned error", "code": 502}}, "Provider returned error"),
        ({"error": "Model unloaded."}, "Model unloaded"),
        ([{"error": {"code": 429, "message": "Quota exceeded"}}], "Quota exceeded"),
        ({"error": {"message": "gone"}, "choices": []}, "gone"),
    ],
)
def test_an_error_in_place_of_a_reply_keeps_the_services_words(body: Any, words: str) -> None:
    with pytest.raises(ErrorReply, match=words):
        completion_of(json.dumps(body), "m")


def test_a_prompt_that_was_held_back_has_an_empty_filtered_reply() -> None:
    for body in (
        {"choices": [], "promptFeedback": {"blockReason": "SAFETY"}},
        {"choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
        {"choices": [{"finish_reason": "content_filter", "index": 0}]},
    ):
        reply = completion_of(json.dumps(body), "m")
        assert (reply.text, reply.finish_reason, reply.model) == ("", "filtered", "m")


def test_a_reply_that_a_parser_took_for_a_thought_is_a_reply_where_nothing_thinks() -> None:
    body = json.dumps({"choices": [{"message": {"content": None, "reasoning_content": "yes"}}]})
    assert completion_of(body, "m", thinks=False).text == "yes"
    assert completion_of(body, "m").text == "<think>yes</think>"


@pytest.mark.parametrize(
    ("logprobs", "certainty"),
    [
        ({"content": [{"token": "a", "logprob": -0.1}, {"token": "b", "logprob": -0.6931472}]}, 0.5),
        ({"content": [{"token": "a", "logprob": 0.0}]}, 1.0),
        ({"token_logprobs": [None, -0.6931472], "tokens": ["a", "b"]}, 0.5),
        ({"content": [], "refusal": None}, None),
        ({"content": None}, None),
        (None, None),
    ],
)
def test_the_certainty_of_a_reply_is_that_of_its_least_probable_token(logprobs: Any, certainty: float | None) -> None:
    said = read({"content": "ab"}, choice={"logprobs": logprobs}).certainty
    assert said == certainty if certainty is None else said == pytest.approx(certainty)


@pytest.mark.parametrize(
    "more",
    [
        {"choice": {"content_filter_results": {"violence": {"filtered": True, "severity": "high"}}}},
        {"output_sensitive": True, "output_sensitive_type": 1},
        {"input_sensitive": True},
    ],
)
def test_what_a_filter_took_out_is_told_where_the_finish_reason_does_not(more: dict[str, Any]) -> None:
    assert read({"content": ""}, **more).finish_reason == "filtered"


@pytest.mark.parametrize(
    "more",
    [
        {"choice": {"content_filter_results": {"violence": {"filtered": False, "detected": True}}}},
        {"choice": {"content_filter_results": {"error": {"code": "content_filter_error"}}}},
        {"output_sensitive": False, "base_resp": {"status_code": 0, "status_msg": ""}},
    ],
)
def test_a_filter_that_took_nothing_out_ends_no_reply(more: dict[str, Any]) -> None:
    assert read({"content": "yes"}, **more).finish_reason == "stop"


def test_further_forms_of_ends_and_parts() -> None:
    assert read({"content": "ye"}, {"type": "length", "length": 2}).finish_reason == "length"
    assert read({"content": [{"type": "refusal", "refusal": "I can't."}]}).finish_reason == "refused"
    assert read({"content": [{"text": "so", "thought": True}, {"text": "yes"}]}).text == "<think>so</think>yes"
    with pytest.raises(ErrorReply, match="output new_sensitive"):
        read({"content": ""}, base_resp={"status_code": 1027, "status_msg": "output new_sensitive"})
