"""Grades of a judge: the tiers there are, the JSON schema of its reply, and the tier that a reply gives."""

import json
from collections.abc import Mapping
from typing import Any

TIERS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The grades there are; what each means is written in the judge's prompt."""
GRADE_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"score": {"type": "number", "enum": [0, 0.25, 0.5, 0.75, 1]}, "reason": {"type": "string"}},
    "required": ["score", "reason"],
    "additionalProperties": False,
}
LONGEST_REPLY = 100_000
_ATTEMPTS = 8
_DECODER = json.JSONDecoder(strict=False)


def grade_of(reply: str) -> float | None:
    """The tier that a judge's reply gives, or None where it gives none, or one that does not exist.

    The first JSON object after the thought counts, whatever stands around it; its `score` must be a number, and a tier.

    Example:
        >>> grade_of('<think>half of it</think>{"score": 0.5, "reason": "half"}')
        0.5
        >>> grade_of('{"score": 7}') is None
        True
    """
    text = reply[:LONGEST_REPLY].rpartition("</think>")[2]
    start = -1
    for _ in range(_ATTEMPTS):
        start = text.find("{", start + 1)
        if start < 0:
            return None
        try:
            value, _ = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and "score" in value:
            score = value["score"]
            known = isinstance(score, (int, float)) and not isinstance(score, bool) and score in TIERS
            return float(score) if known else None
    return None
