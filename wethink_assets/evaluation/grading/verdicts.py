"""Verdict on one reply, with how it was reached: by rule, by the judge where the rule cannot tell, or by VLMEvalKit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

LOGIC_VERSION = "2"
"""Of the rules of all forms that ship; part of a score's settings."""
RULE, JUDGE, UNDECIDED, FAILED = "rule", "judge", "undecided", "judge failed"
VLMEVALKIT: Literal["vlmevalkit"] = "vlmevalkit"


class JudgeFailed(Exception):
    """The judge could not be asked, or gave nothing that can be used."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one reply.

    hit: what the form's headline adds up: 0 or 1, of MM-Vet a grade between them; extracted: what the reply was taken to answer; how: `rule`,
    `judge`, `undecided` (no rule fits and no judge can be asked), `judge failed` or `vlmevalkit`.
    """

    hit: float
    extracted: str
    how: str


AskJudge = Callable[..., Awaitable[Any]]
"""`await ask(prompt, question=..., reply=..., ...)`: what the judge says; None where it cannot be asked that; raises `JudgeFailed`."""


def verdict_of(right: bool, extracted: object, how: str) -> Verdict:
    """Right or wrong, with what was extracted (None: nothing)."""
    return Verdict(float(right), "" if extracted is None else str(extracted), how)
