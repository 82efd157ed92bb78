"""Peer EasyR1: speed and accuracy of its reward functions. Run by `benchmarks/rewards.py`, in an environment that has mathruler.

    python easyr1_rewards.py CASES.json SECONDS

Its functions are no package, so they are written again here as they stand in examples/reward_function/{math,r1v}.py (commit b44b311b669b); the
grader that both call is the library mathruler. Prints one line `RESULT {...}`: by function and set of cases a second, and share graded rightly.
"""

import json
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mathruler.grader import extract_boxed_content, grade_answer
from reward_speed import rate

LONGEST = 5  # seconds for one case: sympy may never end


def math_accuracy(response: str, ground_truth: str) -> float:
    """`accuracy_reward` of math.py, on a response that `compute_score` has tidied."""
    response = re.sub(r"\s*(<|>|/)\s*", r"\1", response)
    answer = extract_boxed_content(response)
    return 1.0 if grade_answer(answer, ground_truth) else 0.0


def r1v_accuracy(response: str, ground_truth: str) -> float:
    """`accuracy_reward` of r1v.py."""
    try:
        content_match = re.search(r"<answer>(.*?)</answer>", response)
        given_answer = content_match.group(1).strip() if content_match else response.strip()
        if grade_answer(given_answer, ground_truth.strip()):
            return 1.0
    except Exception:  # as EasyR1 does
        return 0.0
    return 0.0


FUNCTIONS: dict[str, tuple[Callable[[str, str], float], str]] = {
    "math.py": (math_accuracy, "boxed"),
    "r1v.py": (r1v_accuracy, "plain"),
}


def right(reward: Callable[[str, str], float], response: str, case: dict[str, Any]) -> bool:
    """Whether a labelled case is graded rightly; one that takes longer than `LONGEST`, or raises, earned nothing."""

    def late(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST)
    try:
        accepted = reward(response, case["answer"]) == 1.0
    except Exception:
        accepted = False
    finally:
        signal.alarm(0)
    return accepted == bool(case["equal"])


def main() -> None:
    """Measure all functions over the cases of a file."""
    cases_file = json.loads(Path(sys.argv[1]).read_text())
    seconds = float(sys.argv[2])
    results: dict[str, dict[str, float]] = {}
    for name, (reward, form) in FUNCTIONS.items():
        results[name] = {}
        for label, cases in cases_file["sets"].items():
            pairs = [(case[form], case["answer"]) for case in cases]
            results[name][f"{label}/s"] = round(rate(reward, pairs, seconds))
        for kind in ("FIB", "MC"):
            suite = [case for case in cases_file["suite"] if case["kind"] == kind]
            share = sum(right(reward, case[form], case) for case in suite) / len(suite)
            results[name][f"suite {kind} right"] = round(share, 4)
    print("RESULT", json.dumps(results))


if __name__ == "__main__":
    main()
