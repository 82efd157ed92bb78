"""Rules of hosted services, each with its source: documentation of the service, or a public report with the words of the refusal."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from wethink_assets_tests.support.services.rules import (
    Body,
    Refused,
    Rules,
    asked_schema,
    openai_error,
    schema_keys,
    texts_of,
)

SAMPLING = frozenset(("temperature", "top_p", "stop", "stream", "n", "presence_penalty", "frequency_penalty"))
OPENAI = SAMPLING | {
    "max_tokens",
    "max_completion_tokens",
    "seed",
    "response_format",
    "reasoning_effort",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "user",
    "metadata",
    "store",
    "service_tier",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "verbosity",
    "prediction",
    "modalities",
}

# Keywords that strict mode takes; anything else "is not permitted". Source: platform.openai.com/docs/guides/structured-outputs
# (supported schemas), and for lengths and counts the refusals of gpt-4o-2024-08-06 and of Azure, whose documentation lists them as unsupported.
STRICT = frozenset(
    (
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "const",
        "anyOf",
        "$ref",
        "$defs",
        "description",
        "title",
    )
)


def strict_schema(body: Body) -> None:
    """OpenAI's strict mode: closed objects, all properties required, no keyword beyond `STRICT`."""
    schema = asked_schema(body)
    if schema is None:
        return
    if not body["response_format"]["json_schema"].get("name"):
        raise Refused(400, "Missing required parameter: 'response_format.json_schema.name'.")
    if schema.get("type") != "object":
        raise _schema_fault("schema must be a JSON Schema of 'type: \"object\"'")
    for path, keyword, _ in schema_keys(schema):
        if keyword not in STRICT:
            raise _schema_fault(f"In context={path!r}, '{keyword}' is not permitted.")
    if sorted(schema.get("required", ())) != sorted(schema["properties"]):
        raise _schema_fault(
            "'required' is required to be supplied and to be an array including every key in properties"
        )
    if schema.get("additionalProperties") is not False:
        raise _schema_fault("In context=(), 'additionalProperties' is required to be supplied and to be false.")


def _schema_fault(fault: str) -> Refused:
    message = f"Invalid schema for response_format 'reply': {fault}"
    return Refused(400, message, param="response_format")


def json_in_prompt(body: Body) -> None:
    """JSON mode wants the word in the prompt. Source: platform.openai.com/docs/guides/structured-outputs#json-mode."""
    wanted = (body.get("response_format") or {}).get("type")
    if wanted == "json_object" and "json" not in texts_of(body).lower():
        raise Refused(
            400,
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
            param="messages",
        )


def reasoning_parameters(body: Body) -> None:
    """Parameters of reasoning models.

    Sources: platform.openai.com/docs/guides/reasoning; learn.microsoft.com/azure/ai-services/openai/how-to/reasoning (not supported: temperature,
    top_p, penalties, logprobs, logit_bias, max_tokens); words of github.com/aandrew-me/tgpt/issues/333.
    """
    if "max_tokens" in body:
        raise Refused(
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "unsupported_parameter",
            param="max_tokens",
        )
    if body.get("temperature", 1) != 1:
        raise Refused(
            400,
            f"Unsupported value: 'temperature' does not support {body['temperature']} with this model. "
            "Only the default (1) value is supported.",
            "unsupported_value",
            param="temperature",
        )
    for name in ("top_p", "presence_penalty", "frequency_penalty", "logprobs", "logit_bias"):
        if name in body:
            raise Refused(
                400,
                f"Unsupported parameter: '{name}' is not supported with this model.",
                "unsupported_parameter",
                param=name,
            )


def efforts(*known: str) -> Any:
    """A check that `reasoning_effort` is one of these."""

    def check(body: Body) -> None:
        if "reasoning_effort" in body and body["reasoning_effort"] not in known:
            supported = ", ".join(repr(each) for each in known)
            raise Refused(
                400,
                f"Unsupported value: 'reasoning_effort' does not support '{body['reasoning_effort']}' with this model. "
                f"Supported values are: {supported}.",
                "unsupported_value",
                param="reasoning_effort",
            )

    return check


def no_effort(body: Body) -> None:
    """Models that do not reason refuse `reasoning_effort`. Source: OpenAI's refusal of it with gpt-4o."""
    if "reasoning_effort" in body:
        raise Refused(400, "Unrecognized request argument supplied: reasoning_effort", param=None)


def hidden_thought(text: str, thought: str, body: Body) -> dict[str, Any]:
    """A message whose thought is not shown, with OpenAI's fields."""
    return {"role": "assistant", "content": text, "refusal": None, "annotations": []}


# Source: platform.openai.com/docs/guides/error-codes: "You exceeded your current quota".
OPENAI_SPENT = Refused(
    429,
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
    "read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
    "insufficient_quota",
    "insufficient_quota",
)
OPENAI_SERVICE = Rules(
    model="gpt-4o",
    takes=OPENAI,
    checks=(strict_schema, json_in_prompt, no_effort),
    message=hidden_thought,
    spent=OPENAI_SPENT,
    moderated=Refused(
        400,
        "Your input image may contain content that is not allowed by our safety system.",
        "content_policy_violation",
        "image_generation_user_error",
    ),
    too_many=lambda seconds: Refused(
        429,
        f"Rate limit reached for gpt-4o in organization org-1 on requests per min (RPM): Limit 3, Used 3, Requested 1. "
        f"Please try again in {seconds:.3f}s.",
        "rate_limit_exceeded",
        "requests",
    ),
)


def azure_error(refused: Refused) -> Any:
    """Errors of Azure, with the status in them. Source: learn.microsoft.com/azure/ai-services/openai/concepts/content-filter."""
    if refused.status in (401, 404, 429) and not refused.details:
        return {"error": {"code": str(refused.code or refused.status), "message": refused.message}}
    return {"error": {**openai_error(refused)["error"], "status": refused.status}}


AZURE_MODERATED = Refused(
    400,
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your "
    "prompt and retry.",
    "content_filter",
    "invalid_request_error",
    "prompt",
    {
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"violence": {"filtered": True, "severity": "medium"}},
        }
    },
)
# Paths, header and version: learn.microsoft.com/azure/ai-services/openai/reference (POST {endpoint}/openai/deployments/{deployment-id}/...).
AZURE = replace(
    OPENAI_SERVICE,
    model="my-gpt-4o",
    path="/openai/deployments/{model}/chat/completions?api-version=2024-10-21",
    url="",
    key_header="api-key",
    key_prefix="",
    error=azure_error,
    moderated=AZURE_MODERATED,
    too_many=lambda seconds: Refused(
        429,
        "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded call rate "
        f"limit of your current OpenAI S0 pricing tier. Please retry after {seconds:.0f} seconds.",
        "429",
        headers={"retry-after": f"{max(1, round(seconds))}", "retry-after-ms": f"{seconds * 1000:.0f}"},
    ),
)


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


# Sources: docs.together.ai/docs/json-mode, docs.together.ai/docs/error-codes (402: payment), docs.together.ai/docs/rate-limits (headers).
TOGETHER = Rules(
    model="Qwen/Qwen2.5-VL-72B-Instruct",
    checks=(json_in_prompt,),
    spent=Refused(
        402, "Credit limit exceeded, please navigate to https://api.together.ai/settings/billing", "credit_limit"
    ),
    moderated=Refused(422, "The request was flagged by the safety model", "flagged"),
    finish_reasons={"stop": "eos"},
    limits=lambda limit, unit, remaining, reset: {
        **(
            {"x-ratelimit-limit": limit, "x-ratelimit-remaining": str(remaining), "x-ratelimit-reset": f"{reset:.0f}"}
            if unit == "requests"
            else {}
        ),
        **({"x-tokenlimit-limit": limit, "x-tokenlimit-remaining": str(remaining)} if unit == "tokens" else {}),
    },
)


def called_tool(text: str, thought: str, body: Body) -> dict[str, Any]:
    """A tool that is called where JSON was asked for, as some gateways turn a schema into a tool."""
    if not text.startswith("{"):
        return {"role": "assistant", "content": text}
    call = {"id": "call_1", "type": "function", "function": {"name": "reply", "arguments": text}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


# No service in particular: neither seed nor response_format, and a tool called in place of JSON.
SPARSE = Rules(
    model="sparse",
    takes=SAMPLING | {"max_tokens"},
    role={"dialect": "plain", "omit": ["seed"], "schema_mode": "none"},
    message=called_tool,
)

HOSTED: Mapping[str, Rules] = {
    "openai": OPENAI_SERVICE,
    "openai-reasoning": replace(
        OPENAI_SERVICE,
        model="o4-mini",
        checks=(
            strict_schema,
            json_in_prompt,
            reasoning_parameters,
            efforts("none", "minimal", "low", "medium", "high"),
        ),
    ),
    "azure": AZURE,
    "azure-reasoning": replace(
        AZURE,
        model="my-o4-mini",
        checks=(strict_schema, json_in_prompt, reasoning_parameters, efforts("low", "medium", "high")),
    ),
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "deepseek": DEEPSEEK,
    "mistral": MISTRAL,
    "openrouter": OPENROUTER,
    "together": TOGETHER,
    "sparse": SPARSE,
}
