"""Rules of a service: what it takes, how it refuses and in which form it replies. Entries are in `hosted` and `local`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Refused(Exception):
    """A request that a service refuses: status, message, and what its form of errors has beside them."""

    status: int
    message: str
    code: Any = None
    kind: str = "invalid_request_error"
    param: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def openai_error(refused: Refused) -> Any:
    """Errors in OpenAI's form. Source: platform.openai.com/docs/guides/error-codes, and the bodies that the API sends."""
    return {
        "error": {
            "message": refused.message,
            "type": refused.kind,
            "param": refused.param,
            "code": refused.code,
            **refused.details,
        }
    }


def openai_limits(limit: str, unit: str, remaining: int, reset: float) -> dict[str, str]:
    """Headers of OpenAI that tell a limit. Source: platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers."""
    return {
        f"x-ratelimit-limit-{unit}": limit,
        f"x-ratelimit-remaining-{unit}": str(remaining),
        f"x-ratelimit-reset-{unit}": f"{reset:.3f}s" if reset >= 1 else f"{reset * 1000:.0f}ms",
    }


def cached_in_details(usage: dict[str, Any], cached: int) -> None:
    """Cached tokens where OpenAI tells them: `prompt_tokens_details.cached_tokens`."""
    usage["prompt_tokens_details"] = {"cached_tokens": cached}


@dataclass(frozen=True)
class Rules:
    """One service.

    Args:
        model: one that it serves.
        path: where conversations are posted, below the server's root; `{model}` is the model's name.
        url: base URL for a role, below the server's root.
        role: further settings of a role that asks it.
        key_header: header of the key; `key_prefix` stands before the key. An empty header: it asks for none.
        takes: parameters that it knows; None: it ignores unknown ones.
        unknown: how it refuses a parameter that it does not know.
        checks: each raises `Refused` for a request that breaks one of its rules.
        any_model: whether it answers under any model name.
        error: body of a refusal.
        spent: refusal of a request when the balance is spent; `quota_spent`: when a daily quota is, where that differs.
        moderated: refusal of a request that moderation holds back.
        too_many: refusal of a request above a limit, given the seconds until one would pass.
        limits: headers that tell a limit; None: it tells none.
        message: the message of a reply, given text, thought and request.
        thinks: whether a request makes it think.
        finish_reasons: its words for `stop` and `length`.
        cached: puts cached tokens into usage.
        error_in_200: body with status 200 that is none, given the message.
    """

    model: str
    path: str = "/v1/chat/completions"
    url: str = "/v1"
    role: Mapping[str, Any] = field(default_factory=dict)
    key_header: str = "Authorization"
    key_prefix: str = "Bearer "
    takes: frozenset[str] | None = None
    unknown: Callable[[str, Body], Refused] = lambda name, body: Refused(
        400, f"Unrecognized request argument supplied: {name}"
    )
    checks: tuple[Callable[[Body], None], ...] = ()
    any_model: bool = False
    error: Callable[[Refused], Any] = openai_error
    spent: Refused = Refused(402, "Insufficient balance")
    quota_spent: Refused | None = None
    moderated: Refused = Refused(400, "The request was rejected by moderation", "content_filter")
    too_many: Callable[[float], Refused] = lambda seconds: Refused(
        429,
        f"Rate limit reached. Please try again in {seconds:.1f}s.",
        "rate_limit_exceeded",
        headers={"Retry-After": f"{seconds:.2f}"},
    )
    limits: Callable[[str, str, int, float], dict[str, str]] | None = openai_limits
    message: Callable[[str, str, Body], dict[str, Any]] = lambda text, thought, body: {
        "role": "assistant",
        "content": text,
        **({"reasoning_content": thought} if thought else {}),
    }
    thinks: Callable[[Body], bool] = lambda body: False
    finish_reasons: Mapping[str, str] = field(default_factory=dict)
    cached: Callable[[dict[str, Any], int], None] = cached_in_details
    error_in_200: Callable[[str], Any] = lambda message: {"error": {"message": message, "code": 502}}


def parts_of(body: Body) -> Iterator[Mapping[str, Any]]:
    """Content parts of all messages; a content that is a string counts as one text."""
    for message in body["messages"]:
        content = message["content"]
        yield from [{"type": "text", "text": content}] if isinstance(content, str) else content


def texts_of(body: Body) -> str:
    """All texts of a request, in order."""
    return "\n".join(part["text"] for part in parts_of(body) if part["type"] == "text")


def schema_keys(schema: Any) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """Keywords of a JSON schema, each with the path to it and its value; names of properties are none."""
    if not isinstance(schema, Mapping):
        return
    for key, value in schema.items():
        yield (), key, value
        inner: list[tuple[tuple[str, ...], Any]]
        if key in ("properties", "$defs"):
            inner = [((key, name), each) for name, each in value.items()]
        elif key in ("anyOf", "allOf", "oneOf"):
            inner = [((key, str(number)), each) for number, each in enumerate(value)]
        else:
            inner = [((key,), value)] if key in ("items", "additionalProperties", "not") else []
        for path, each in inner:
            for below, keyword, bound in schema_keys(each):
                yield (*path, *below), keyword, bound


def asked_schema(body: Body) -> Mapping[str, Any] | None:
    """The schema of `response_format`: OpenAI's form, or beside the type, as llama.cpp and TGI have it."""
    wanted = body.get("response_format") or {}
    inner = wanted.get("json_schema") or {}
    return inner.get("schema") or wanted.get("schema") or wanted.get("value")
