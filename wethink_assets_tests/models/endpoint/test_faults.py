"""Meanings of documented error bodies: spent balances and quotas, moderation, refused keys, limits and the waits that they ask for."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.models.endpoint.faults import service_fault
from wethink_assets_tests.support import services as support
from wethink_assets_tests.support.services.hosted import HOSTED
from wethink_assets_tests.support.services.local import LOCAL
from wethink_assets_tests.support.services.rules import Rules

SERVICES = {**HOSTED, **LOCAL}


def body(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


def google(message: str, *quotas: str, retry: str = "") -> list[Any]:
    violations = [{"quotaId": quota, "quotaDimensions": {"model": "gemini-2.5-flash"}} for quota in quotas]
    details: list[dict[str, Any]] = [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations}]
    if retry:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry})
    return [{"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details}}]


BODIES = json.loads(Path(support.__file__).with_name("error_bodies.json").read_text())
"""Bodies as services document them, or as their users report them, each with what it means."""


@pytest.mark.parametrize("case", BODIES, ids=[f"{number} {case['meaning']}" for number, case in enumerate(BODIES)])
def test_every_form_is_understood(case: dict[str, Any]) -> None:
    text = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    assert service_fault(case["status"], {}, text).meaning == case["meaning"]


@pytest.mark.parametrize("rules", SERVICES.values(), ids=SERVICES)
def test_each_service_is_understood(rules: Rules) -> None:
    def meaning(refused: Any) -> tuple[str, float | None]:
        fault = service_fault(refused.status, refused.headers, json.dumps(rules.error(refused)))
        return fault.meaning, fault.delay

    assert meaning(rules.spent)[0] == "spent" and meaning(rules.moderated)[0] == "moderated"
    assert rules.quota_spent is None or meaning(rules.quota_spent)[0] == "spent"
    kind, delay = meaning(rules.too_many(31.4))
    assert kind == "limited" and (delay is None or 30.9 < delay < 31.6)


TWO_LIMITS = {
    "x-ratelimit-remaining-requests": "0",
    "x-ratelimit-reset-requests": "1m2s",
    "x-ratelimit-remaining-tokens": "9",
    "x-ratelimit-reset-tokens": "5m",
}


@pytest.mark.parametrize(
    ("headers", "content", "delay"),
    [
        ({"Retry-After": "20"}, {}, 20.0),
        ({"retry-after": "20", "retry-after-ms": "1500"}, {}, 1.5),
        (TWO_LIMITS, {}, 62.0),
        ({}, google("Quota", "PerMinute", retry="34.5s"), 34.5),
        ({}, body("Please try again in 20ms."), 0.02),
        ({}, body("Please try again in 6m0s. Contact us."), 360.0),
        ({}, body("Please retry after 26 seconds. Please contact Azure support service."), 26.0),
        ({}, body("Rate limit of 50 per 86400s exceeded. Please wait 76000 seconds before retrying."), 76000.0),
        ({}, body("Try again in 1 minute"), 60.0),
        ({}, body("No slot is free. Expected available in 59 seconds."), 59.0),
        ({}, body("请求过于频繁，请 5 分钟后再试"), 300.0),
        ({}, body("Rate limit reached on requests per day (RPD). Try again in 7m12s, or add a payment method."), 432.0),
        ({}, body("Provider returned error", metadata={"retry_after_seconds": 17}), 17.0),
        ({}, body("Too many requests"), None),
        ({"Retry-After": "soon"}, {}, None),
        ({"Retry-After": "inf"}, {}, None),
    ],
)
def test_the_wait_that_a_refusal_asks_for(headers: dict[str, str], content: Any, delay: float | None) -> None:
    told = service_fault(429, headers, json.dumps(content)).delay
    if told is None or delay is None:
        assert told is delay
    else:
        assert told == pytest.approx(delay)


def test_the_time_of_day_that_a_refusal_names_is_waited_for() -> None:
    at = datetime.now(UTC) + timedelta(seconds=40)
    anthropic = {"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": at.isoformat()}
    openrouter = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(round(1000 * at.timestamp()))}
    for headers, content in ((anthropic, {}), ({}, body("Rate limit exceeded", metadata={"headers": openrouter}))):
        told = service_fault(429, headers, json.dumps(content)).delay
        assert told is not None and 20 < told <= 40.01, "it comes nearer while the test runs"


@pytest.mark.parametrize(
    "text", ["", "<html>no</html>", "[" * 10_000, '{"error": ' * 500, "null", "7", '"words"', "{}"]
)
def test_no_body_is_too_strange(text: str) -> None:
    assert service_fault(500, {}, text).meaning == "broken"
    assert service_fault(400, {}, text).meaning == "request"
