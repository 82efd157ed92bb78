"""Rules of hosted services, each with its source: documentation of the service, or a public report with the words of the refusal."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from wethink_assets_tests.support.services.further_services import (
    DASHSCOPE,
    DASHSCOPE_OPEN,
    MOONSHOT,
    SILICONFLOW,
    SPARSE,
    TOGETHER,
)
from wethink_assets_tests.support.services.openai_services import (
    AZURE,
    AZURE_REASONING,
    OPENAI_REASONING,
    OPENAI_SERVICE,
    SAMPLING,
    efforts,
)
from wethink_assets_tests.support.services.rules import Body, Refused, Rules, asked_schema, schema_keys, texts_of


def one_of_temperature_and_top_p(body: Body) -> None:
    """Sources: docs.claude.com/en/api/messages ("not both"); words of github.com/BerriAI/litellm/issues/15097 (Claude 4.5 and later)."""
    if "temperature" in body and "top_p" in body:
        raise Refused(
            400,
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
            "invalid_request_error",
        )


def claude_thinking(body: Body) -> None:
    """Budget of a thought. Source: docs.claude.com/en/docs/build-with-claude/extended-thinking: at least 1,024, below max_tokens, temperature 1."""
    thinking = body.get("thinking")
    if not thinking or thinking.get("type") == "disabled":
        return
    budget = thinking.get("budget_tokens", 0)
    if budget < 1024:
        raise Refused(
            400,
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
            "invalid_request_error",
        )
    if budget >= (body.get("max_tokens") or body.get("max_completion_tokens") or 0):
        raise Refused(400, "`max_tokens` must be greater than `thinking.budget_tokens`.", "invalid_request_error")
    if body.get("temperature", 1) != 1:
        raise Refused(400, "`temperature` may only be set to 1 when thinking is enabled.", "invalid_request_error")


def fenced(text: str, thought: str, body: Body) -> dict[str, Any]:
    """JSON in fences, as models write it that nothing holds to a schema."""
    return {"role": "assistant", "content": f"Here it is:\n```json\n{text}\n```" if text.startswith("{") else text}


# What is ignored and what counts: docs.claude.com/en/api/openai-sdk. Headers: docs.claude.com/en/api/rate-limits#response-headers.
ANTHROPIC = Rules(
    model="claude-sonnet-4-5",
    checks=(one_of_temperature_and_top_p, claude_thinking),
    message=fenced,
    spent=Refused(
        400,
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
        "invalid_request_error",
    ),
    moderated=Refused(400, "Output blocked by content filtering policy", "invalid_request_error"),
    too_many=lambda seconds: Refused(
        429,
        "This request would exceed your organization's rate limit of 50 requests per minute.",
        "rate_limit_error",
        "rate_limit_error",
        headers={"retry-after": f"{max(1, round(seconds))}"},
    ),
    limits=lambda limit, unit, remaining, reset: {
        f"anthropic-ratelimit-{unit}-limit": limit,
        f"anthropic-ratelimit-{unit}-remaining": str(remaining),
        f"anthropic-ratelimit-{unit}-reset": _moment(reset),
    },
)


def _moment(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def gemini_error(refused: Refused) -> Any:
    """A list of one error. Source: github.com/Vali-98/ChatterUI/issues/227 and the bodies of 429 in public reports."""
    status = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
    error = {"code": refused.status, "message": refused.message, "status": status.get(refused.status, "UNKNOWN")}
    return [{"error": {**error, **refused.details}}]


def _gemini_quota(metric: str, seconds: float | None) -> Mapping[str, Any]:
    violation = {"quotaMetric": "generativelanguage.googleapis.com/generate_content_requests", "quotaId": metric}
    details: list[dict[str, Any]] = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]},
        {"@type": "type.googleapis.com/google.rpc.Help", "links": []},
    ]
    if seconds is not None:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{seconds:.3f}s"})
    return {"details": details}


def _gemini_unknown(name: str, body: Body) -> Refused:
    fault = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
    violation = {"description": fault}
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
    return Refused(400, fault, details={"details": details})


def named_choices(body: Body) -> None:
    """Enumerations hold strings. Source: github.com/BrokkAi/bifrost/issues/25 (`enum` is a repeated string)."""
    for path, keyword, choices in schema_keys(asked_schema(body)):
        if keyword == "enum" and not all(isinstance(choice, str) for choice in choices):
            raise Refused(
                400, f"Invalid value at 'generation_config.response_schema.{'.'.join(path)}.enum[0]' (TYPE_STRING)"
            )


GEMINI_TAKES = SAMPLING - {"presence_penalty", "frequency_penalty"} | {
    "max_tokens",
    "max_completion_tokens",
    "response_format",
    "reasoning_effort",
    "extra_body",
    "tools",
    "tool_choice",
}
GEMINI_QUOTA = "You exceeded your current quota, please check your plan and billing details."
# Path and efforts: ai.google.dev/gemini-api/docs/openai. No seed there: discuss.ai.google.dev/t/openai-compatibility-not-fully-implemented/95991.
GEMINI = Rules(
    model="gemini-2.5-flash",
    path="/v1beta/openai/chat/completions",
    url="/v1beta/openai",
    takes=GEMINI_TAKES,
    unknown=_gemini_unknown,
    checks=(efforts("none", "minimal", "low", "medium", "high"), named_choices),
    error=gemini_error,
    message=lambda text, thought, body: {"role": "assistant", "content": text},
    spent=Refused(429, GEMINI_QUOTA, details=_gemini_quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", None)),
    quota_spent=Refused(
        429, GEMINI_QUOTA, details=_gemini_quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", 31.0)
    ),
    moderated=Refused(
        400,
        "The prompt was blocked: PROHIBITED_CONTENT",
        details={"details": [{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}]},
    ),
    too_many=lambda seconds: Refused(
        429,
        f"{GEMINI_QUOTA} Please retry in {seconds:.3f}s.",
        details=_gemini_quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", seconds),
    ),
    limits=None,
)


def deepseek_format(body: Body) -> None:
    """Only text and json_object.

    Sources: api-docs.deepseek.com/guides/json_mode; words of github.com/llm-exe/llm-exe/issues/662 and browserbase/stagehand/issues/1204.
    """
    wanted = (body.get("response_format") or {}).get("type", "text")
    if wanted not in ("text", "json_object"):
        raise Refused(400, "This response_format type is unavailable now", "invalid_request_error")
    if wanted == "json_object" and "json" not in texts_of(body).lower():
        raise Refused(
            400,
            "Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'.",
            "invalid_request_error",
        )
    if not 1 <= body.get("max_tokens", 1) <= 8192:
        raise Refused(
            400, "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", "invalid_request_error"
        )


def _hit_and_miss(usage: dict[str, Any], cached: int) -> None:
    # Source: api-docs.deepseek.com/guides/kv_cache.
    usage["prompt_cache_hit_tokens"] = cached
    usage["prompt_cache_miss_tokens"] = usage["prompt_tokens"] - cached


# Thinking: api-docs.deepseek.com/guides/thinking_mode ({"thinking": {"type": "enabled"}}); errors: api-docs.deepseek.com/quick_start/error_codes.
DEEPSEEK = Rules(
    model="deepseek-chat",
    checks=(deepseek_format,),
    thinks=lambda body: body.get("thinking", {}).get("type") == "enabled",
    spent=Refused(402, "Insufficient Balance", "invalid_request_error", "unknown_error"),
    moderated=Refused(400, "Content Exists Risk", "invalid_request_error"),
    cached=_hit_and_miss,
    limits=None,
)


def mistral_error(refused: Refused) -> Any:
    """Sources: github.com/editor-code-assistant/eca/issues/231 (422), docs.mistral.ai."""
    if refused.status == 422:
        return {
            "object": "error",
            "message": {"detail": refused.details["detail"]},
            "type": refused.kind,
            "param": None,
            "code": None,
        }
    if refused.status == 401:
        return {"detail": "Unauthorized"}
    return {"object": "error", "message": refused.message, "type": refused.kind, "param": None, "code": refused.code}


def _mistral_unknown(name: str, body: Body) -> Refused:
    fault = {
        "type": "extra_forbidden",
        "loc": ["body", name],
        "msg": "Extra inputs are not permitted",
        "input": body[name],
    }
    return Refused(422, "Extra inputs are not permitted", details={"detail": [fault]})


def greedy_wants_whole_top_p(body: Body) -> None:
    """Source: api.mistral.ai refuses greedy sampling with another top_p: "top_p must be 1 when using greedy sampling."."""
    if body.get("temperature") == 0 and body.get("top_p", 1) != 1:
        raise Refused(400, "top_p must be 1 when using greedy sampling.", "3054")


def mistral_roles(body: Body) -> None:
    """Roles are system, user, assistant and tool. Source: docs.mistral.ai/api (messages)."""
    if any(message["role"] == "developer" for message in body["messages"]):
        fault = {
            "type": "literal_error",
            "loc": ["body", "messages", 0, "role"],
            "msg": "Input should be 'system'",
            "input": "developer",
        }
        raise Refused(422, "Input should be 'system'", details={"detail": [fault]})


def thinking_parts(text: str, thought: str, body: Body) -> dict[str, Any]:
    """Content as a list of parts. Source: docs.mistral.ai/capabilities/reasoning."""
    if not thought:
        return {"role": "assistant", "content": text, "tool_calls": None}
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": thought}]}
    return {"role": "assistant", "content": [thinking, {"type": "text", "text": text}], "tool_calls": None}


# Efforts: docs.mistral.ai/capabilities/reasoning/adjustable.
# Parameters: docs.mistral.ai/api/endpoint/chat (random_seed, prompt_mode; no max_completion_tokens).
MISTRAL = Rules(
    model="magistral-medium-latest",
    takes=SAMPLING
    | {
        "max_tokens",
        "random_seed",
        "response_format",
        "tools",
        "tool_choice",
        "prompt_mode",
        "safe_prompt",
        "prediction",
    }
    | {"parallel_tool_calls", "metadata", "reasoning_effort"},
    unknown=_mistral_unknown,
    checks=(greedy_wants_whole_top_p, mistral_roles, efforts("none", "high")),
    error=mistral_error,
    message=thinking_parts,
    thinks=lambda body: body.get("reasoning_effort", "high") == "high",
    finish_reasons={"length": "length"},
    spent=Refused(
        402, "You have exceeded your spend limit. Please check your billing details.", "1910", "payment_required"
    ),
    moderated=Refused(403, "The request was blocked by the moderation guardrail", "3051", "guardrail_error"),
    too_many=lambda seconds: Refused(429, "Requests rate limit exceeded", "1300", "rate_limited"),
    limits=lambda limit, unit, remaining, reset: {
        {"requests": "x-ratelimit-limit-req-minute", "tokens": "x-ratelimit-limit-tokens-minute"}[unit]: limit,
        {"requests": "x-ratelimit-remaining-req-minute", "tokens": "x-ratelimit-remaining-tokens-minute"}[unit]: str(
            remaining
        ),
    },
)


def openrouter_error(refused: Refused) -> Any:
    """Source: openrouter.ai/docs/api-reference/errors: the status as code, and metadata."""
    error = {"message": refused.message, "code": refused.status}
    return {"error": {**error, **({"metadata": refused.details} if refused.details else {})}, "user_id": "user_1"}


def openrouter_message(text: str, thought: str, body: Body) -> dict[str, Any]:
    """Source: openrouter.ai/docs/use-cases/reasoning-tokens: `reasoning` and `reasoning_details`."""
    details = [{"type": "reasoning.text", "text": thought, "format": "unknown", "index": 0}]
    thinking = {"reasoning": thought, "reasoning_details": details} if thought else {"reasoning": None}
    return {"role": "assistant", "content": text, "refusal": None, **thinking}


OPENROUTER = Rules(
    model="qwen/qwen2.5-vl-72b-instruct",
    path="/api/v1/chat/completions",
    url="/api/v1",
    checks=(),
    error=openrouter_error,
    message=openrouter_message,
    thinks=lambda body: bool(body.get("reasoning", {}).get("enabled") or body.get("reasoning", {}).get("effort")),
    spent=Refused(
        402,
        "This request requires more credits, or fewer max_tokens. You requested up to 512 tokens, but can only afford 12. "
        "To increase, visit https://openrouter.ai/settings/credits and upgrade to a paid account",
    ),
    moderated=Refused(
        403,
        'Input was flagged for "violence"',
        details={"reasons": ["violence"], "flagged_input": "a red square", "provider_name": "OpenAI"},
    ),
    too_many=lambda seconds: Refused(
        429,
        "Rate limit exceeded: free-models-per-min. ",
        details={
            "headers": {"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": _millis(seconds)}
        },
        headers={"X-RateLimit-Reset": _millis(seconds)},
    ),
    limits=None,
    error_in_200=lambda message: {
        "error": {"message": message, "code": 502, "metadata": {"provider_name": "Together"}}
    },
)


def _millis(seconds: float) -> str:
    return str(round((time.time() + seconds) * 1000))


HOSTED: Mapping[str, Rules] = {
    "openai": OPENAI_SERVICE,
    "openai-reasoning": OPENAI_REASONING,
    "azure": AZURE,
    "azure-reasoning": AZURE_REASONING,
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "deepseek": DEEPSEEK,
    "mistral": MISTRAL,
    "openrouter": OPENROUTER,
    "together": TOGETHER,
    "dashscope": DASHSCOPE,
    "dashscope-open": DASHSCOPE_OPEN,
    "siliconflow": SILICONFLOW,
    "moonshot": MOONSHOT,
    "sparse": SPARSE,
}
