"""What becomes of one piece of work: a row, or a rejection with its reason?"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

from wethink_assets.models.faults import CallFailed
from wethink_assets.synthesis.texts import whole_text


class Rejected(Exception):
    """An item that does not go on: `reason` is a code that is counted, `detail` is for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(slots=True)
class Outcome:
    """What became of one piece of work: rows of the results table, and rejections."""

    results: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, str]] = field(default_factory=list)


async def settled(stage: str, item: str, work: Awaitable[dict[str, Any]]) -> Outcome:
    """Outcome of the work on one item: its row, or its rejection."""
    try:
        return Outcome(results=[await work])
    except Rejected as fate:
        reason, detail = fate.reason, fate.detail
    except CallFailed as error:
        reason, detail = "endpoint_error", str(error)
    return Outcome(rejected=[{"item": item, "stage": stage, "reason": reason, "detail": whole_text(detail)[:500]}])
