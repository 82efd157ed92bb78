"""Answers a second that the rule rewards score on one core, and how many rightly, beside the reward functions of EasyR1 and open-r1.

    python benchmarks/rewards.py [--seconds 3] [--json]

Accuracy is that on the labelled suite (`wethink_assets/rewards/equivalence_cases.jsonl`; peers on every sixth case, and ours there once more);
speed is that on rows of MC and plain FIB (`support/reward_cases.py`), each response with a thought of 60 words. The peers' functions are no
packages, so what they call is called here:
- open-r1: its `accuracy_reward` (src/open_r1/rewards.py) is `parse` and `verify` of math-verify in a certain configuration, time limits on.
  It reads LaTeX in `\\boxed{}` only and is given answers in that form; as other forms they would all be wrong.
- EasyR1: its `accuracy_reward` is `mathruler.grader.grade_answer` on what stands in `\\boxed{}` (examples/reward_function/math.py) or in `<answer>`
  (r1v.py); each is given answers in its form. mathruler is installed into an environment of its own, a temporary one unless --environment names
  a folder (`benchmarks/peers/easyr1_rewards.py` runs there). What cannot be installed is named, and then this benchmark fails.
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from peers.reward_speed import rate
from support.environments import environment
from support.reward_cases import Case, boxed, fib_cases, mc_cases, plain

from wethink_assets.rewards import format_reward, hybrid_reward, rule_reward
from wethink_assets.rewards.calibration.measures import equivalence_suite
from wethink_assets.rewards.equivalence.algebra import warm_up

MATHRULER = ("mathruler==0.1.0", "pylatexenc==2.11", "sympy==1.14.0", "tqdm")
Reward = Callable[[str, Case], float]
OURS = "wethink"


def ours(response: str, case: Case) -> float:
    """This project's."""
    return rule_reward(response, case["answer"], case["kind"], case.get("options"), question=case.get("question"))


def open_r1() -> Reward:
    """open-r1's accuracy reward, as its call sequence of math-verify."""
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import LatexExtractionConfig, parse, verify

    for name in ("math_verify", "latex2sympy2_extended"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    normalization = NormalizationConfig(
        nits=False, malformed_operators=False, basic_latex=True, equations=True, boxed="all", units=True
    )
    config = LatexExtractionConfig(
        normalization_config=normalization, boxed_match_priority=0, try_extract_without_anchor=False
    )

    def reward(response: str, case: Case) -> float:
        gold = parse(f"${case['answer']}$", extraction_mode="first_match")
        if not gold:
            return 0.0
        answer = parse(response, extraction_config=[config], extraction_mode="first_match")
        return float(verify(gold, answer))

    return reward


def easy_r1(
    folder: Path, sets: dict[str, list[Case]], suite: list[Case], seconds: float
) -> dict[str, dict[str, float]]:
    """EasyR1's reward functions on the same cases, by function. Raises `RuntimeError` when they cannot be installed or run."""
    python = environment(folder, MATHRULER)

    def responses(cases: list[Case]) -> list[Case]:
        kept = ("kind", "answer", "equal")
        return [
            {**{k: case[k] for k in kept if k in case}, "plain": plain(case), "boxed": boxed(case)} for case in cases
        ]

    file = folder / "cases.json"
    file.write_text(
        json.dumps({"sets": {name: responses(cases) for name, cases in sets.items()}, "suite": responses(suite)})
    )
    command = [str(python), str(Path(__file__).parent / "peers/easyr1_rewards.py"), str(file), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True)
    results = [line.removeprefix("RESULT ") for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not results:
        raise RuntimeError(f"failed: {(done.stderr or done.stdout).strip()[-600:]}")
    by_function: dict[str, dict[str, float]] = json.loads(results[-1])
    return {f"EasyR1 ({name})": figures for name, figures in by_function.items()}


def accuracy(reward: Reward, cases: list[Case], form: Callable[[Case], str]) -> float:
    """Share of labelled cases that a reward grades rightly."""
    return sum((reward(form(case), case) == 1.0) == case["equal"] for case in cases) / len(cases)


def main() -> None:
    """Measure, print, and exit 1 where less than 20,000 cases a second or twice a peer is reached, or a peer is more accurate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="CPU seconds for each figure, at most")
    parser.add_argument("--environment", type=Path, help="folder for the peers' environment, which stays")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    warm_up()
    suite = [case for case in equivalence_suite() if case["said"].strip()]
    sets = {"MC": mc_cases(100_000), "plain FIB": fib_cases(100_000)}
    results = {
        OURS: figures(ours, plain, sets, suite, given.seconds),
        "open-r1 (math-verify)": figures(open_r1(), boxed, sets, suite[::6], given.seconds),
    }
    results[OURS] |= {f"{name}, peers' cases": value for name, value in shares_right(ours, plain, suite[::6]).items()}
    with tempfile.TemporaryDirectory() as temporary:
        results |= easy_r1(given.environment or Path(temporary), sets, suite[::6], given.seconds)
    batch = sets["MC"][:20_000]
    began = time.process_time()
    hybrid_reward(
        [plain(case) for case in batch],
        [case["answer"] for case in batch],
        ["MC"] * len(batch),
        options=[case["options"] for case in batch],
    )
    results[OURS]["hybrid MC/s"] = round(len(batch) / (time.process_time() - began))
    began = time.process_time()
    for case in batch:
        format_reward(plain(case))
    results[OURS]["format/s"] = round(len(batch) / (time.process_time() - began))
    if given.json:
        print(json.dumps(results, indent=1))
    else:
        for name, row in results.items():
            print(f"{name:24}", "  ".join(f"{label}: {value:,}" for label, value in row.items()))
    sys.exit(0 if _reached(results) else 1)


def figures(
    reward: Reward, form: Callable[[Case], str], sets: dict[str, list[Case]], suite: list[Case], seconds: float
) -> dict[str, float]:
    """Speed on each set of cases, and share of the suite's that are graded rightly."""
    speeds = {
        f"{label}/s": round(rate(reward, [(form(case), case) for case in cases], seconds))
        for label, cases in sets.items()
    }
    return speeds | shares_right(reward, form, suite)


def shares_right(reward: Reward, form: Callable[[Case], str], suite: list[Case]) -> dict[str, float]:
    """Share of labelled cases that are graded rightly, by kind."""
    shares = {}
    for kind in ("FIB", "MC"):
        shares[f"suite {kind} right"] = round(
            accuracy(reward, [case for case in suite if case["kind"] == kind], form), 4
        )
    return shares


def _reached(results: dict[str, dict[str, float]]) -> bool:
    own = results[OURS]
    fast = min(own["MC/s"], own["plain FIB/s"]) >= 20_000
    others = [figures for name, figures in results.items() if name != OURS]
    twice = all(own[label] >= 2 * other[label] for other in others for label in ("MC/s", "plain FIB/s"))
    right = all(
        own[f"{label}, peers' cases"] >= other[label]
        for other in others
        for label in ("suite FIB right", "suite MC right")
    )
    return fast and twice and right


if __name__ == "__main__":
    main()
