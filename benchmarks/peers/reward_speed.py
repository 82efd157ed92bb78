"""Speed of a reward function: responses a second on one core. Run in the environments of ours and of peers alike, so it imports neither."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Case = TypeVar("Case")


def rate(reward: Callable[[str, Case], float], pairs: Sequence[tuple[str, Case]], seconds: float) -> float:
    """Cases a second on one core: CPU time of this process, each case a new response."""
    for response, case in pairs[:20]:
        reward(response, case)
    began, done = time.process_time(), 0
    while done < len(pairs) and time.process_time() - began < seconds:
        for response, case in pairs[done : done + 50]:
            reward(response, case)
        done += 50
    return min(done, len(pairs)) / (time.process_time() - began)
