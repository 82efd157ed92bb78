"""Claims of `crash.py`: calls made again, and how soon a killed run works again, from the endpoint's log and the moments of kills and starts."""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

SAFE = 5.0  # seconds after which a finished call is never made again
IN_FLIGHT = 1.0  # seconds that a call of a killed run may still take to reach the log
PROMPT = 60.0  # seconds within which the next run works


@dataclass
class CallLog:
    """The endpoint's log: (unix time, call) of each finished call."""

    path: Path

    def calls(self) -> list[tuple[float, str]]:
        """All of them, oldest first."""
        if not self.path.exists():
            return []
        calls = [json.loads(line) for line in self.path.read_text().splitlines()]
        return sorted((call["finished"], call["call"]) for call in calls)

    def size(self) -> int:
        """Its bytes so far."""
        return self.path.stat().st_size if self.path.exists() else 0


def repeated(calls: list[tuple[float, str]], kills: list[float]) -> dict[str, int]:
    """Calls that finished and were made again later, by how long they had finished when the next kill came."""
    counts = {"long before": 0, "just before": 0, "without a kill": 0}
    times: dict[str, list[float]] = {}
    for when, call in calls:
        times.setdefault(call, []).append(when)
    for whens in times.values():
        for finished, again in pairwise(whens):
            kill = next((kill for kill in kills if kill >= finished - IN_FLIGHT), again)
            if kill >= again:
                counts["without a kill"] += 1
            else:
                counts["long before" if finished < kill - SAFE else "just before"] += 1
    return counts


def first_calls(calls: list[tuple[float, str]], starts: list[float], kills: list[float]) -> list[float]:
    """Seconds from each start to the first call, of runs that lived to make one; from the kill before it where there was one."""
    waits = []
    for start, end in zip(starts, [*starts[1:], float("inf")], strict=True):
        made = [when for when, _ in calls if start + IN_FLIGHT < when < end]
        if made:
            waits.append(made[0] - max((kill for kill in kills if start - 1 <= kill <= start), default=start))
    return waits


def claims(figures: dict[str, Any], kills: int) -> dict[str, bool]:
    """What is claimed, and whether it held."""
    return {
        f"{kills} kills": figures["kills"] == kills,
        "every run left alone ended well": not figures["runs that failed"],
        "tables and rows as without kills": not figures["that differ"] and figures["rows in versions"] > 0,
        "no call repeated that finished > 5 s before a kill": not figures["repeated, finished > 5 s before a kill"],
        "no call repeated without a kill": not figures["repeated without a kill"],
        "the next run worked within 60 s": 0 < figures["next run's first call, worst s"] <= PROMPT,
    }
