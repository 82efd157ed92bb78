"""Faults of a service: the meaning of a response that is no completion, by its status, the codes in its body and its words.

Statuses alone do not tell: a spent balance comes as 400 (Anthropic, DashScope), 402 (DeepSeek, OpenRouter, Together), 403 (SiliconFlow, Ark, a limit
of an OpenRouter key), 412 (Fireworks) and 429 (OpenAI, Moonshot, xAI, Z.ai, Gemini's quota of a day); a moderated request as 400 (OpenAI, Azure,
Moonshot, DeepSeek), 403 (OpenRouter, xAI) and 451; and either as a 200 with an error in its body (OpenRouter, LM Studio, MiniMax). So codes count
first, then words. What a service repeats of the request (`input`, `flagged_input`) is never looked at.

Sources: the error pages of these services, and bodies that users of them report in public.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from wethink_assets.models.endpoint.rate_limits import duration, quotas_in, seconds_until

Meaning = Literal["spent", "moderated", "key", "limited", "overloaded", "broken", "setup", "request"]
"""Balance or quota spent; moderation; the key is refused; too many requests for now; too busy; broken; wrong URL or model; this request."""

MOST_CHARACTERS = 200_000  # of a body that are looked at
MOST_WORDS = 2_000
DEEPEST = 7

_CODE_KEYS = frozenset(
    [
        "code",
        "type",
        "status",
        "reason",
        "error_code",
        "error_type",
        "status_code",
        "errorcode",
        "quotaid",
        "quotametric",
        "limit_source",
        "blockreason",
        "block_reason",
        "finishreason",
        "native_finish_reason",
        "__type",
    ]
)
_WORD_KEYS = frozenset(
    ["message", "msg", "detail", "details", "error", "errors", "description", "status_msg", "error_msg", "raw", "title"]
)
_NOT_OURS = frozenset(["input", "flagged_input", "prompt", "messages", "ctx", "url", "previous_errors"])


def _any(*patterns: str) -> "re.Pattern[str]":
    return re.compile("|".join(patterns))


_SPENT_CODE = _any(
    r"insufficient_?(user_?|account_?)?(quota|balance|credit|fund)",
    r"exceeded_?current_?quota",
    r"credits?_?(limit|exhausted|depleted)",
    r"billing_?(error|hard_limit|not_active|insufficient)",
    r"arrearage|overdue|prepaid|payment_?required|budget_?exceeded|spend(ing)?_?limit|allowance_exhausted|quota_user_daily",
    r"not_?enough_?(balance|credit)|(out_of|no)_?credit|balance_?(insufficient|exhausted)",
    r"(monthly|usage|account|set)_?limit_?(reached|exceeded)|not_?purchased|pre_consume_(token_)?quota",
    r"openrouter_(credits|key_limit)",
)
_SPENT_WORDS = _any(
    r"insufficient (account |api |wallet |prepaid |user )?(balance|credit|fund|quota)",
    r"credit balance|balance (is )?(too low|insufficient|not enough)",
    r"(balance|credits?|quota|free (tier|trial|allocation)|package|subscription|(coding|token) plan)\b[^.]{0,40}"
    r"\b(exhausted|depleted|used up|run out|expired|insufficient)",
    r"(out of|used all|used up|exhausted|r[au]n out of|exceeded your|not have (enough|sufficient)|n[o't]{1,2} have any)\b[^.]{0,40}"
    r"\b(credits?|balance|funds|quota|free allocation|budget)\b",
    r"(no|not enough|negative) (remaining |available )?(credits?|balance|funds)( (left|remaining|available|on)|\b(?! were))",
    r"requires? (more|at least [^.]{1,20}) credits|exceeded your (current quota|monthly)|key limit exceeded",
    r"(spend|spending|billing hard|billing|credit|budget|usage|monthly)[ -](hard )?(limits?|cap)\b[^.]{0,40}\b(reached|exceeded)",
    r"(reached|exceeded|hit)\b[^.]{0,60}\b(spend|spending|billing|usage|monthly|weekly|inference)[a-z ]{0,12} (limits?|cap|quota)|free usage limit",
    r"account is not active|in good standing|overdue|arrears|past invoices|budget has been exceeded|payment required",
    r"exceeded ?\w*budget|max budget|trial key[^.]{0,60}limited to|payment method|free tier of|out of call volume quota",
    r"please (recharge|top up)|purchase (more )?credits|check your (plan|billing)|resource package",
    r"余额不足|余额已|欠费|请充值|额度不足|额度已|额度用尽|剩余额度|用量上限|使用上限",
)
_PER_MINUTE = _any(r"(per|/)[ _-]?(min(ute)?|sec(ond)?)\b", r"per_?(minute|second)", r"\b([rt]pm|rps|qps)\b|concurren")
_PER_DAY = _any(r"per[ _-]?(day|month|week)|perday|daily|monthly|\b[rt]pd\b", r"今日|每日|每周|每月")
_NEVER = re.compile(r"\blimit: 0\b")
_MODERATED_CODE = _any(
    r"content_?(filter|policy|moderation)|moderation|sensitive|data_?inspection|responsibleaipolicy|prohibited_?content|guardrail",
    r"image_?safety|blocklist|safety_check|censor|unsafe|^(safety|spii|recitation)$|policy_violation|risk_control",
)
_MODERATED_WORDS = _any(
    r"\bflagged\b|\bmoderation\b|content (management )?polic|content filter|filtering policy|safety (system|filter|check|polic)",
    r"(violat|contrary)[^.]{0,40}(usage polic|our polic|safety polic|community guideline|terms of (service|use))|usage guidelines",
    r"(inappropriate|sensitive|unsafe|harmful|prohibited|explicit|disallowed) (content|input|image|material|information)",
    r"content exists risk|considered high risk|prohibited_content|not allowed by our|acceptable use policy|safety reasons",
    r"sensitive words?|\b(input|output) (new_)?sensitive|(content|input) audit|内容安全",
    r"(prompt|input|image|response|output|content) (was|has been|is|were) (blocked|filtered)",
    r"blocked (by|due to|for) (the |our |safety|content|prohibited)|censor|guardrail",
    r"敏感|不安全|违规|不当内容|审核",
)
_ACCOUNT = _any(
    r"(access|account|your resource|organi[sz]ation|project|key|team)\b[^.]{0,40}\b(terminated|suspended|deactivated|disabled|locked|banned)",
    r"(account|your resource|organi[sz]ation|project|key|team)\b[^.]{0,40}\b(revoked|blocked|restricted)",
    r"账[户号][^。]{0,12}(锁定|冻结|封禁|禁用|停用)|login fail|location is not supported",
    r"(invalid|incorrect) api[ -]?key|api[ _-]?key (is )?(not valid|invalid|expired|required|missing)",
)
_KEY_CODE = _any(
    r"invalid_?api_?key|api_?key_?invalid|authentication|unauthenticated|incorrect_api_key|account_deactivated"
)
_LIMITED_CODE = _any(r"rate_?limit|too_?many_?requests|throttl")
_LIMITED_WORDS = _any(
    r"rate[ _-]?limit|too[ _-]many[ _-]requests|throttl|(tokens?|requests?) per min|\b(qps|rps|rpm|tpm)\b"
)
_OVERLOADED_WORDS = _any(
    r"overloaded|capacity|high demand|temporarily unavailable|model is (currently )?loading|try again later"
)
_TOO_LARGE = re.compile(
    r"request too large|(input|output|tokens)[^.]{0,40}must be reduced"
)  # for the limit: no wait helps
# A server that says 500 of what it never can do: llama.cpp of an image where it has no projector, Ollama likewise.
_UNABLE_WORDS = _any(
    r"\b(not|un)[ -]?supported\b|does(n't| not) support",
    r"missing data required for image|mmproj",
    r"failed to (initialize samplers|parse (the )?(grammar|json ?schema)|(load|decode|process) (the )?(image|input))",
    r"exceed\w* (the )?(available |model'?s? )?context|context (size|length|window) (was |is )?exceeded",
)
_ECHO = re.compile(r"input_value=.*?(?=, input_type=|$)")  # what pydantic repeats of the request
_WAIT_WORDS = re.compile(
    r"\b(?:try again|retry(?:ing)?|wait|available(?: again)?|reset(?:s|ting)?)\b[^.\d]{0,30}?"
    r"((?:\d+(?:\.\d+)?\s*(?:milliseconds?|millis|ms|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|[smhd])\b\s*(?:and\s*)?"
    r"|\d+(?:\.\d+)?(?:ms|[smhd]))+)"
)
_WAIT_CHINESE = re.compile(r"(\d+(?:\.\d+)?)\s*(秒|分钟|小时)[之以]?后")
_CHINESE_UNITS = {"秒": "s", "分钟": "m", "小时": "h"}
_STATUS: Mapping[int, Meaning] = {
    401: "key",
    402: "spent",
    403: "key",
    407: "key",
    404: "setup",
    405: "setup",
    408: "broken",
    409: "broken",
    424: "broken",  # text-generation-inference: generation failed
    425: "broken",
    429: "limited",
    451: "moderated",
    498: "overloaded",  # Groq: no capacity for flexible requests
    503: "overloaded",
    529: "overloaded",  # Anthropic
    **dict.fromkeys((301, 302, 303, 307, 308), "setup"),
}


@dataclass(frozen=True, slots=True)
class ServiceFault:
    """What a response that is no completion means, the service's words, and the seconds that it asks to wait."""

    meaning: Meaning
    words: str
    delay: float | None = None


@dataclass(slots=True)
class _Body:
    """What is of interest in the body of an error, in lower case but for the messages."""

    codes: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    status: int = 0
    delay: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    flagged: bool = False


def service_fault(status: int, headers: Mapping[str, str], text: str) -> ServiceFault:
    """Read a response with a status other than 200, or one with 200 that holds no completion.

    >>> service_fault(429, {}, '{"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}').meaning
    'spent'
    >>> service_fault(429, {}, '{"error": {"message": "Rate limit reached on tokens per min. Please try again in 1.2s."}}').delay
    1.2
    """
    body = _read(text)
    words = " ".join(dict.fromkeys(body.messages))[:MOST_WORDS] or re.sub(r"\s+", " ", text[:MOST_WORDS]).strip()
    status = status if status != 200 else body.status or 200
    delay = _delay(headers, body, words) if status == 200 or status == 429 or status >= 500 else None
    return ServiceFault(_meaning(status, body, words.lower(), delay), words, delay)


def _meaning(status: int, body: _Body, words: str, delay: float | None) -> Meaning:
    codes = " ".join(body.codes)
    words = _ECHO.sub("", words)
    if body.flagged or status == 451:
        return "moderated"
    if "resource_exhausted" in codes:  # Google says «check your plan and billing details» of a minute's limit, too
        lasting = _PER_DAY.search(codes + words) or _NEVER.search(words)
        return "spent" if lasting or (delay is None and _SPENT_WORDS.search(words)) else "limited"
    if status == 402 or any(_SPENT_CODE.search(code) for code in body.codes):
        return "spent"
    if any(_MODERATED_CODE.search(code) for code in body.codes):
        return "moderated"
    if status == 429 and _TOO_LARGE.search(words):
        return "request"
    rated = any(_LIMITED_CODE.search(code) for code in body.codes)
    if status == 429 and (_PER_MINUTE.search(words) or (rated and delay is not None)):
        return "limited"  # whatever it advises to pay for
    if status != 422 and _SPENT_WORDS.search(words):
        return "spent"
    if _ACCOUNT.search(words) or any(_KEY_CODE.search(code) for code in body.codes):
        return "key"
    if status in (400, 403, 406, 422, 200) and _MODERATED_WORDS.search(words):
        return "moderated"
    if status == 429 and delay is None and _PER_DAY.search(words):
        return "spent"
    if status == 200:
        limited, busy = _LIMITED_WORDS.search(codes + words), _OVERLOADED_WORDS.search(codes + words)
        return "limited" if limited else "overloaded" if busy else "broken"
    if rated and status in (400, 403):  # AWS; older APIs of Google
        return "limited"
    if status in (500, 501) and _UNABLE_WORDS.search(words):
        return "request"
    return _STATUS.get(status, "broken" if status >= 500 else "request")


def _read(text: str) -> _Body:
    body = _Body()
    try:
        content = json.loads(text[:MOST_CHARACTERS])
    except (ValueError, RecursionError):
        return body
    for found in _nodes(content, 0):
        for name, value in found.items():
            key = name.lower()
            if key in _CODE_KEYS and isinstance(value, (str, int)) and not isinstance(value, bool):
                _take_code(body, str(value))
            elif key in _WORD_KEYS and isinstance(value, str) and value.strip():
                body.messages.append(value.strip())
            elif key == "retrydelay" and isinstance(value, str):
                body.delay = _longest(body.delay, duration(value))
            elif key in ("retry_after_seconds", "retry_after", "estimated_time") and isinstance(
                value, (int, float, str)
            ):
                body.delay = _longest(body.delay, seconds_until(str(value)))
            elif key == "headers" and isinstance(value, dict):
                body.headers |= {str(header): str(told) for header, told in value.items()}
            elif key in ("flagged_input", "blockreason", "block_reason") or (
                key == "reasons" and "flagged_input" in found
            ):
                body.flagged = body.flagged or bool(value)
    return body


def _take_code(body: _Body, code: str) -> None:
    if code.isdigit() and 400 <= int(code) <= 599:
        body.status = body.status or int(code)
    elif len(code) <= 200:
        body.codes.append(re.sub(r"[\s.-]+", "_", code.strip()).lower())


def _nodes(node: Any, depth: int) -> Iterator[dict[str, Any]]:
    """All objects of a body, also those in texts that are JSON themselves, but for what repeats the request."""
    if depth > DEEPEST:
        return
    if isinstance(node, dict):
        yield node
        for name, value in node.items():
            if str(name).lower() not in _NOT_OURS:
                yield from _nodes(value, depth + 1)
    elif isinstance(node, list):
        for each in node[:50]:
            yield from _nodes(each, depth + 1)
    elif isinstance(node, str) and node.lstrip()[:1] in ("{", "["):
        try:
            yield from _nodes(json.loads(node), depth + 1)
        except (ValueError, RecursionError):
            return


def _delay(headers: Mapping[str, str], body: _Body, words: str) -> float | None:
    """Seconds that a service asks to wait: by `Retry-After`, else by its body, else by limits that nothing remains of, else by its words."""
    for told in (headers, body.headers):
        delay = _retry_after({name.lower(): value for name, value in told.items()})
        if delay is not None:
            return delay
    if body.delay is not None:
        return body.delay
    quotas = _quotas(headers, body.headers)
    spent = [quota.reset for quota in quotas if not quota.remaining and quota.reset is not None]
    if spent:
        return max(spent)
    match = _WAIT_WORDS.search(words.lower())
    if match:
        return duration(match[1].replace("and", " "))
    chinese = _WAIT_CHINESE.search(words)
    return duration(chinese[1] + _CHINESE_UNITS[chinese[2]]) if chinese else None


def _quotas(*headers: Mapping[str, str]) -> Iterable[Any]:
    return [quota for each in headers for quota in quotas_in(each).values()]


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        milliseconds = float(headers.get("retry-after-ms", ""))
        if 0 <= milliseconds < float("inf"):
            return milliseconds / 1000
    except ValueError:
        pass
    return seconds_until(headers["retry-after"]) if "retry-after" in headers else None


def _longest(known: float | None, told: float | None) -> float | None:
    return told if known is None else known if told is None else max(known, told)
