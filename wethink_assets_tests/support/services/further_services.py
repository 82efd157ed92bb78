"""Rules of further hosted services, each with its source, and of none in particular."""

from dataclasses import replace
from typing import Any

from wethink_assets_tests.support.services.openai_services import SAMPLING, efforts, json_in_prompt
from wethink_assets_tests.support.services.rules import Body, Refused, Rules


def reasoning_content(text: str, thought: str, body: Body) -> dict[str, Any]:
    """The thought beside the content."""
    return {"role": "assistant", "content": text, **({"reasoning_content": thought} if thought else {})}


def text_or_object(body: Body) -> None:
    """No schemas: most models of the service have JSON objects alone. Source: help.aliyun.com/en/model-studio/json-mode."""
    wanted = (body.get("response_format") or {}).get("type", "text")
    if wanted not in ("text", "json_object"):
        raise Refused(400, f"'response_format.type' {wanted} is not supported by this model", "invalid_parameter_error")


def no_thought_at_once(body: Body) -> None:
    """Thoughts are streamed alone. Source: words of github.com/infiniflow/ragflow/issues/8972 (the open models of Qwen3)."""
    if body.get("enable_thinking", True):
        raise Refused(
            400, "parameter.enable_thinking must be set to false for non-streaming calls", "invalid_parameter_error"
        )


# help.aliyun.com/en/model-studio/deep-thinking.
DASHSCOPE = Rules(
    model="qwen3-vl-plus",
    path="/compatible-mode/v1/chat/completions",
    url="/compatible-mode/v1",
    checks=(text_or_object, json_in_prompt),
    message=reasoning_content,
    thinks=lambda body: bool(body.get("enable_thinking", False)),
    spent=Refused(400, "Access denied, please make sure your account is in good standing.", "Arrearage", "Arrearage"),
    moderated=Refused(400, "Input data may contain inappropriate content.", "data_inspection_failed"),
    limits=None,
)

# docs.siliconflow.cn/docs/api/chat-completions-post: enable_thinking, thinking_budget; response_format is text or json_object.
SILICONFLOW = Rules(
    model="Qwen/Qwen3-VL-32B-Thinking",
    checks=(text_or_object, json_in_prompt),
    error=lambda refused: {"code": 20015, "message": refused.message, "data": None},
    message=reasoning_content,
    thinks=lambda body: bool(body.get("enable_thinking", False)),
    spent=Refused(403, "Sorry, your account balance is insufficient"),
    limits=None,
)


# Its open models, Qwen3 among them, which think unless told otherwise.
DASHSCOPE_OPEN = replace(
    DASHSCOPE,
    model="qwen3-32b",
    role={"dialect": "dashscope", "thinking": "off"},
    checks=(*DASHSCOPE.checks, no_thought_at_once),
)


def fixed_sampling(body: Body) -> None:
    """Sampling is the service's. Source: java.agentscope.io/v2/en/integration/model/kimi (temperature and top_p are fixed by the platform)."""
    for name in ("temperature", "top_p"):
        if name in body:
            raise Refused(400, f"invalid {name}: only 1 is allowed for this model")


# platform.kimi.ai/docs/api/models-overview: thinking.type; max_completion_tokens.
MOONSHOT = Rules(
    model="kimi-k2.5",
    takes=SAMPLING
    | {"max_tokens", "max_completion_tokens", "response_format", "thinking", "reasoning_effort", "tools"},
    checks=(fixed_sampling, json_in_prompt, efforts("low", "high", "max")),
    message=reasoning_content,
    thinks=lambda body: body.get("thinking", {}).get("type", "enabled") == "enabled",
    spent=Refused(
        429,
        "Your account is suspended, please check your plan and billing details",
        "exceeded_current_quota_error",
        "exceeded_current_quota_error",
    ),
    moderated=Refused(
        400, "The request was rejected because it was considered high risk", "content_filter", "content_filter"
    ),
    limits=None,
)


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
