"""Replies in the OpenAI form, in all the ways in which services write them: content, thought, refusal, finish reason and usage.

Content is a text or a list of parts; a thought stands in one of several fields, or in parts of its own, and becomes `<think>` before the text;
a tool that is called instead gives its arguments. Whatever ended a reply is one of `FINISH_REASONS`.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from wethink_assets.models.chat import Completion
from wethink_assets.models.finish_reasons import finish_reason_of

__all__ = ["ErrorReply", "completion_of"]


class ErrorReply(ValueError):
    """A response that is an error though its status is 200, with the service's words."""


# vLLM and DeepSeek: reasoning_content; vLLM from 0.12 on, OpenRouter, Ollama: reasoning; others: what they call it.
THOUGHT_FIELDS = (
    "reasoning_content",
    "reasoning",
    "thinking",
    "thought",
    "thoughts",
    "reasoning_text",
    "reasoning_summary",
    "reasoning_details",
    "thinking_blocks",
    "chain_of_thought",
)
THOUGHT_PARTS = (
    "thinking",
    "reasoning",
    "thought",
    "reasoning_text",
    "reasoning.text",
    "reasoning.summary",
    "summary_text",
)
SILENT_PARTS = (
    "redacted_thinking",
    "reasoning.encrypted",
    "reference",
    "citation",
    "tool_use",
    "tool_call",
    "image_url",
)


def completion_of(text: str, model: str, schema: Mapping[str, Any] | None = None, *, thinks: bool = True) -> Completion:
    """The reply in a response's text.

    Args:
        text: body of the response.
        model: name of the model, where the response tells none.
        schema: that was asked for: arguments of a tool that was called instead are the reply where they have its properties.
        thinks: False where thinking was switched off: then a thought without a reply is the reply, which some servers' parsers take for a thought.

    Raises `ErrorReply` for an error, `ValueError` for whatever else is no completion.
    """
    try:
        reply = json.loads(text)
        _require_no_error(reply)
        choice = _first_choice(reply)
        message = choice["message"] if "message" in choice else {"content": choice["text"]}
        content, thought = _content(message.get("content"))
        thought = thought or _thought(message)
        finish = "filtered" if _filtered(reply, choice) else _finish(choice)
        if any(isinstance(part, dict) and part.get("type") == "refusal" for part in _parts(message.get("content"))):
            finish = "refused"
        if not content:
            content, finish = _in_place_of_content(message, finish, schema)
            if not content and not thinks:
                content, thought = thought, ""
        elif message.get("refusal"):
            content, finish = str(message["refusal"]), "refused"
        prompt, completion, cached = _usage(reply.get("usage"))
        return Completion(
            text=f"<think>{thought}</think>{content}" if thought else content,
            prompt_tokens=prompt,
            completion_tokens=completion,
            finish_reason=finish,
            model=str(reply.get("model") or model),
            cached_tokens=cached,
            certainty=_certainty(choice.get("logprobs")) if choice.get("logprobs") else None,
        )
    except ErrorReply:
        raise
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"the reply is not a chat completion ({type(error).__name__}): {text[:120]!r}") from None


def _require_no_error(reply: Any) -> None:
    if isinstance(reply, list) and reply and isinstance(reply[0], dict) and "error" in reply[0]:
        reply = reply[0]
    error = reply.get("error") if isinstance(reply, dict) else None
    if error and not reply.get("choices"):
        message = error.get("message") or error if isinstance(error, dict) else error
        raise ErrorReply(f"an error came in place of a reply: {str(message)[:300]}")
    told = reply.get("base_resp") if isinstance(reply, dict) else None
    if isinstance(told, dict) and told.get("status_code"):  # MiniMax, also beside choices
        raise ErrorReply(f"an error came in place of a reply: {str(told.get('status_msg'))[:300]}")


def _first_choice(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = reply["choices"]
    if not choices and _blocked(reply):
        return {"message": {"content": ""}, "finish_reason": "content_filter"}
    first: Mapping[str, Any] = choices[0]
    if "message" not in first and "text" not in first and first.get("finish_reason"):
        return {"message": {"content": ""}, "finish_reason": first["finish_reason"]}
    return first


def _blocked(reply: Mapping[str, Any]) -> bool:
    """Whether a prompt was held back: Gemini tells so in `promptFeedback`, Azure in `prompt_filter_results`."""
    feedback = reply.get("promptFeedback") or reply.get("prompt_feedback") or {}
    return bool(feedback.get("blockReason") or feedback.get("block_reason") or reply.get("prompt_filter_results"))


def _filtered(reply: Mapping[str, Any], choice: Mapping[str, Any]) -> bool:
    """Whether a filter took something out though the finish reason may not say so: Azure's results tell it, MiniMax' flags."""
    results = choice.get("content_filter_results")
    each = results.values() if isinstance(results, dict) else ()
    taken_out = any(isinstance(result, dict) and result.get("filtered") is True for result in each)
    return taken_out or reply.get("output_sensitive") is True or reply.get("input_sensitive") is True


def _finish(choice: Mapping[str, Any]) -> str:
    word = choice.get("finish_reason")
    if isinstance(word, dict):  # SGLang's own form
        word = word.get("type")
    if word == "stop" and not choice.keys() & {"error", "native_finish_reason"}:
        return "stop"
    finish = finish_reason_of(None if word is None else str(word))
    if finish != "stop":
        return finish
    if choice.get("error"):
        return "failed"
    native = choice.get("native_finish_reason")  # OpenRouter's: the provider's own word, which may say more
    told = finish_reason_of(None if native is None else str(native))
    return finish if told == "failed" else told


def _content(content: Any) -> tuple[str, str]:
    """Text and thought of a message's content."""
    if isinstance(content, str):
        return content, ""
    if content is None:
        return "", ""
    texts, thoughts = [], []
    for part in _parts(content):
        kind = part.get("type", "text") if isinstance(part, dict) else "text"
        if kind in THOUGHT_PARTS or (isinstance(part, dict) and part.get("thought") is True):  # the latter is Gemini's
            thoughts.append(_text_of(part))
        elif kind not in SILENT_PARTS:
            texts.append(_text_of(part))
    return "".join(texts), "".join(thoughts)


def _parts(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [content]


def _thought(message: Mapping[str, Any]) -> str:
    for name in THOUGHT_FIELDS:
        value = message.get(name)
        if value:
            return value if isinstance(value, str) else _text_of(value)
    return ""


def _text_of(value: Any) -> str:
    """Text of a part, of parts of it, or of a text. Raises `TypeError` for what has none."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(_text_of(each) for each in value)
    if isinstance(value, dict):
        names = ("text", "thinking", "reasoning", "content", "summary", "value", "refusal")
        return next((_text_of(value[name]) for name in names if value.get(name)), "")
    raise TypeError("content is not text")


def _in_place_of_content(message: Mapping[str, Any], finish: str, schema: Mapping[str, Any] | None) -> tuple[str, str]:
    """What a message says that has no content: a refusal, or the arguments of a tool that it calls."""
    if message.get("refusal"):
        return _text_of(message["refusal"]), "refused"
    calls = message.get("tool_calls") or (
        [{"function": message["function_call"]}] if message.get("function_call") else []
    )
    if not calls:
        return "", finish
    arguments = (calls[0].get("function") or calls[0])["arguments"]
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    if finish == "length":
        return written, finish
    try:
        values = json.loads(written)
    except ValueError:
        values = None
    fits = schema is not None and isinstance(values, dict) and set(schema.get("required", ("",))) <= set(values)
    return written, "stop" if fits else "tool_calls"


def _certainty(told: Any) -> float | None:
    """The least probability among a reply's tokens; None where none is told."""
    if not isinstance(told, dict):
        return None
    tokens = told.get("content")
    each = [token["logprob"] for token in tokens] if tokens else told.get("token_logprobs") or []
    known = [float(value) for value in each if value is not None]
    return math.exp(min(0.0, *known)) if known else None


def _usage(usage: Any) -> tuple[int, int, int]:
    """Tokens of prompt and reply, and those of the prompt that came from a cache; zeros where none are told."""
    if not isinstance(usage, dict):
        return 0, 0, 0
    prompt = int(usage.get("prompt_tokens") or usage.get("input_tokens") or 0)
    completion = int(usage.get("completion_tokens") or usage.get("output_tokens") or 0)
    total = int(usage.get("total_tokens") or 0)
    if total > prompt + completion:  # Gemini and xAI tell thoughts in the total alone, and bill them as replies
        completion = total - prompt
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    cached = (
        (details.get("cached_tokens") if isinstance(details, dict) else 0)
        or usage.get("prompt_cache_hit_tokens")  # DeepSeek
        or usage.get("cached_tokens")  # Moonshot, Together
        or usage.get("cache_read_input_tokens")  # Anthropic
        or usage.get("num_cached_tokens")
        or 0
    )
    return prompt, completion, min(max(int(cached), 0), prompt)
