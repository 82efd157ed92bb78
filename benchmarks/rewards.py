"""Verdicts and speed of the rule rewards on one core, beside the graders of open-r1, EasyR1, verl and VLMEvalKit.

    python benchmarks/rewards.py [--seconds 3] [--every 6] [--cases FOLDER] [--environment FOLDER] [--json]

For each grader: cases right, false accepts and false rejects on the labelled suite (every sixth case of it, all of it with --every 1), the same on
peers' own tests, and answers a second on rows of MC and plain FIB (`support/reward_cases.py`), each response with a thought of 60 words. Answers
are given to each in the form that it reads.

Peers' tests are no part of this repository, nor of the packages. --cases names a folder with them: each `*.jsonl` in it has lines of `answer`,
`candidate`, `same` (1 or 0 as that suite itself expects; others are left out), `source`, and where there are, `question`, `options` and `tolerance`.

The peers are installed into an environment of their own, a temporary one unless --environment names a folder (`benchmarks/peers/answer_graders.py`
runs there and says which functions of theirs are called). What cannot be had is named, and then this benchmark fails. Exits with 1 too unless ours
has fewer false accepts than any and fewer false rejects than any on each set of cases, scores 150,000 MC and 80,000 plain FIB a second, and ten
times as many of both as the fastest peer that is as often right, or, where none is, as the one that is most often right.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers.reward_speed import rate
from support.environments import environment
from support.reward_cases import Case, boxed, fib_cases, mc_cases, plain

from wethink_assets.rewards import format_reward, hybrid_reward, rule_reward
from wethink_assets.rewards.calibration.measures import equivalence_suite
from wethink_assets.rewards.equivalence.answers import Allowed, accepts

PACKAGES = (
    "math-verify==0.9.0", "antlr4-python3-runtime==4.13.2", "mathruler==0.1.0", "pylatexenc==2.10", "sympy==1.14.0", "tqdm", "numpy", "pandas",
    "pillow", "validators", "sty", "huggingface_hub", "filelock", "packaging",
)  # fmt: skip
ALONE = ("verl==0.9.1", "ms-vlmeval==0.0.20")
"""Packages of which single modules are used, installed without what they depend on."""
OURS = "wethink"
LEAST = {"MC": 150_000, "plain FIB": 80_000}
TIMES_A_PEER = 10


@dataclass(frozen=True)
class Figures:
    """Verdicts of a grader on a set of cases."""

    cases: int
    right: int
    false_accepts: int
    false_rejects: int

    @classmethod
    def of(cls, verdicts: list[int], cases: list[Case]) -> "Figures":
        """Counted from what was accepted."""
        pairs = [(bool(accepted), bool(case["equal"])) for accepted, case in zip(verdicts, cases, strict=True)]
        accepts_, rejects = pairs.count((True, False)), pairs.count((False, True))
        return cls(len(pairs), len(pairs) - accepts_ - rejects, accepts_, rejects)

    def __str__(self) -> str:
        share = self.right / self.cases if self.cases else 0.0
        return f"{share:.1%} of {self.cases:,} right, {self.false_accepts} false accepts, {self.false_rejects} false rejects"


def ours(response: str, case: Case) -> float:
    """This project's, on a whole response."""
    return rule_reward(response, case["answer"], case["kind"], case.get("options"), question=case.get("question"))


def accepted(case: Case) -> int:
    """This project's verdict on an answer, with the tolerance that a case's own suite has."""
    allowed = Allowed(tolerance=case.get("tolerance") or 0.0)
    options = case.get("options") or ()
    return int(
        accepts(case["kind"], case["answer"], case["said"], options, question=case.get("question"), allowed=allowed)
    )


def cases_of(folder: Path) -> list[Case]:
    """Peers' test cases in a folder, those without an expectation left out."""
    cases = []
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if case.get("same") in (0, 1):
                kind = "MC" if case.get("options") else "FIB"
                made = {"kind": kind, "answer": str(case["answer"]), "said": str(case["candidate"])}
                more = {name: case[name] for name in ("question", "options", "tolerance") if case.get(name)}
                cases.append({**made, **more, "equal": bool(case["same"])})
    return cases


def peers(
    folder: Path, sets: dict[str, list[Case]], suites: dict[str, list[Case]], seconds: float
) -> dict[str, dict[str, Any]]:
    """What `peers/answer_graders.py` prints, by grader. Raises `RuntimeError` when it cannot be installed or run."""
    python = environment(folder, PACKAGES, alone=ALONE)

    def filled(cases: list[Case]) -> list[Case]:
        return [{**case, "plain": plain(case), "boxed": boxed(case)} for case in cases]

    file = folder / "cases.json"
    given = {"sets": sets, "suites": suites}
    file.write_text(
        json.dumps({of: {name: filled(cases) for name, cases in named.items()} for of, named in given.items()})
    )
    command = [str(python), str(Path(__file__).parent / "peers/answer_graders.py"), str(file), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True)
    results = [line.removeprefix("RESULT ") for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not results:
        raise RuntimeError(f"failed: {(done.stderr or done.stdout).strip()[-600:]}")
    by_grader: dict[str, dict[str, Any]] = json.loads(results[-1])
    return by_grader


def main() -> None:
    """Measure, print, and exit 1 where what is demanded is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="CPU seconds for each speed, at most")
    parser.add_argument(
        "--every", type=int, default=6, help="which case of the suite is tried: each sixth, unless told otherwise"
    )
    parser.add_argument("--cases", type=Path, help="folder with peers' own tests as jsonl")
    parser.add_argument("--environment", type=Path, help="folder for the peers' environment, which stays")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    suites = {"suite": [case for case in equivalence_suite() if case["said"].strip()][:: given.every]}
    if given.cases:
        suites["peers' tests"] = cases_of(given.cases)
    sets = {"MC": mc_cases(100_000), "plain FIB": fib_cases(100_000)}
    speeds = {
        OURS: {name: rate(ours, [(plain(case), case) for case in cases], given.seconds) for name, cases in sets.items()}
    }
    verdicts = {OURS: {name: Figures.of([accepted(case) for case in cases], cases) for name, cases in suites.items()}}
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name, result in peers(given.environment or Path(temporary), sets, suites, given.seconds).items():
            if "missing" in result:
                missing[name] = result["missing"]
                continue
            speeds[name] = result["speeds"]
            verdicts[name] = {of: Figures.of(result["verdicts"][of], cases) for of, cases in suites.items()}
    own = {"hybrid MC": _hybrid_speed(sets["MC"][:20_000]), "format": _format_speed(sets["MC"][:20_000])}
    shortfalls = [f"{name} cannot be had: {reason}" for name, reason in missing.items()] + demands(speeds, verdicts)
    if given.json:
        figures = {of: {name: vars(figure) for name, figure in named.items()} for of, named in verdicts.items()}
        print(json.dumps({"speeds": speeds, "own": own, "verdicts": figures, "shortfalls": shortfalls}, indent=1))
    else:
        _show(speeds, verdicts, own, shortfalls)
    sys.exit(1 if shortfalls else 0)


def demands(speeds: dict[str, dict[str, float]], verdicts: dict[str, dict[str, Figures]]) -> list[str]:
    """What is not reached, in words."""
    short = [
        f"{name}: {speeds[OURS][name]:,.0f} a second, demanded {least:,}"
        for name, least in LEAST.items()
        if speeds[OURS][name] < least
    ]
    others = [name for name in verdicts if name != OURS]
    for name in others:
        for of, own in verdicts[OURS].items():
            other = verdicts[name][of]
            for what in ("false_accepts", "false_rejects"):
                mine, theirs = getattr(own, what), getattr(other, what)
                if mine and mine >= theirs:
                    short.append(f"{of}: {mine} {what.replace('_', ' ')}, {name} has {theirs}")
    right = {name: verdicts[name]["suite"].right for name in others}
    if right:
        equal = [name for name in others if right[name] >= min(max(right.values()), verdicts[OURS]["suite"].right)]
        for of in LEAST:
            fastest = max(speeds[name][of] for name in equal)
            if speeds[OURS][of] < TIMES_A_PEER * fastest:
                short.append(f"{of}: {speeds[OURS][of]:,.0f} a second, a peer of equal accuracy {fastest:,.0f}")
    return short


def _hybrid_speed(cases: list[Case]) -> float:
    began = time.process_time()
    hybrid_reward(
        [plain(case) for case in cases],
        [case["answer"] for case in cases],
        ["MC"] * len(cases),
        options=[case["options"] for case in cases],
    )
    return len(cases) / (time.process_time() - began)


def _format_speed(cases: list[Case]) -> float:
    responses = [plain(case) for case in cases]
    began = time.process_time()
    for response in responses:
        format_reward(response)
    return len(responses) / (time.process_time() - began)


def _show(
    speeds: dict[str, dict[str, float]],
    verdicts: dict[str, dict[str, Figures]],
    own: dict[str, float],
    shortfalls: list[str],
) -> None:
    for name, named in verdicts.items():
        print(name)
        for of, figures in named.items():
            print(f"  {of}: {figures}")
        print("  " + ", ".join(f"{of}: {speed:,.0f} a second" for of, speed in speeds[name].items()))
    print(f"{OURS}: " + ", ".join(f"{of}: {speed:,.0f} a second" for of, speed in own.items()))
    for line in shortfalls:
        print(f"not reached: {line}")


if __name__ == "__main__":
    main()
