"""Rules of OpenAI and of Azure, and checks that other services share with them; each with its source."""

import re
from dataclasses import replace
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


def efforts_of_model(body: Body) -> None:
    """Efforts by model: "none" from gpt-5.1 on, "minimal" at gpt-5 alone. Source: platform.openai.com/docs/guides/reasoning."""
    model = str(body.get("model", ""))
    least = "none" if re.search(r"gpt-5\.\d", model) else "minimal" if "gpt-5" in model else ""
    efforts(*filter(None, (least, "low", "medium", "high")))(body)


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
OPENAI_REASONING = replace(
    OPENAI_SERVICE,
    model="o4-mini",
    checks=(
        strict_schema,
        reasoning_parameters,
        efforts_of_model,
    ),
)
AZURE_REASONING = replace(
    AZURE,
    model="my-o4-mini",
    checks=(strict_schema, json_in_prompt, reasoning_parameters, efforts_of_model),
)
