"""Peers of the rule rewards: speed and verdicts of their graders. Run by `benchmarks/rewards.py`, in an environment that has them.

    python answer_graders.py CASES.json SECONDS

- open-r1: its `accuracy_reward` (src/open_r1/rewards.py) is `parse` and `verify` of math-verify in a certain configuration.
- EasyR1: its `accuracy_reward` is `grade_answer` of mathruler on what stands in `\\boxed{}` (examples/reward_function/math.py) or in
  `<answer>` (r1v.py).
- verl: `prime_math.compute_score`, and `math_reward.compute_score`, which is the `is_equiv` of lm-evaluation-harness.
- VLMEvalKit: `can_infer` for choices; for other answers `relaxed_correctness` (ChartQA) or equality after `process_answer` (TextVQA).

Of verl and VLMEvalKit only these modules are loaded: the packages around them import torch, ray and every model. Prints one line `RESULT {...}`:
by grader and set of cases a second, and by suite the verdict on each case (1 accepted, 0 not).
"""

import importlib
import importlib.util
import json
import logging
import re
import signal
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reward_speed import rate

Case = dict[str, Any]
Grader = Callable[[str, Case], bool]
LONGEST = 3
"""Seconds for one case: sympy may never end."""


def bare(*names: str) -> None:
    """Packages of which modules can be imported without what the packages themselves import."""
    for name in (name for name in names if name not in sys.modules):
        parent, _, child = name.rpartition(".")
        module = types.ModuleType(name)
        spec = None if parent else importlib.util.find_spec(name)
        folders = (
            list(spec.submodule_search_locations or ()) if spec else [f"{sys.modules[parent].__path__[0]}/{child}"]
        )
        module.__path__ = folders
        sys.modules[name] = module


def open_r1() -> Grader:
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

    def grade(response: str, case: Case) -> bool:
        gold = parse(f"${case['answer']}$", extraction_mode="first_match")
        if not gold:
            return False
        return bool(verify(gold, parse(response, extraction_config=[config], extraction_mode="first_match")))

    return grade


def easy_r1_math() -> Grader:
    """`accuracy_reward` of EasyR1's math.py, on a response that its `compute_score` has tidied."""
    from mathruler.grader import extract_boxed_content, grade_answer

    def grade(response: str, case: Case) -> bool:
        response = re.sub(r"\s*(<|>|/)\s*", r"\1", response)
        return bool(grade_answer(extract_boxed_content(response), case["answer"]))

    return grade


def easy_r1_r1v() -> Grader:
    """`accuracy_reward` of EasyR1's r1v.py."""
    from mathruler.grader import grade_answer

    def grade(response: str, case: Case) -> bool:
        match = re.search(r"<answer>(.*?)</answer>", response)
        given = match.group(1).strip() if match else response.strip()
        return bool(grade_answer(given, case["answer"].strip()))

    return grade


def verl_prime() -> Grader:
    """`compute_score` of verl's prime_math."""
    bare("verl", "verl.utils", "verl.utils.reward_score")
    metric = types.ModuleType("verl.utils.metric")  # a name in annotations, whose module imports torch
    metric.__dict__["Metric"] = object
    sys.modules["verl.utils.metric"] = metric
    module = importlib.import_module("verl.utils.reward_score.prime_math")
    return lambda response, case: bool(module.compute_score(response, case["answer"])[0])


def verl_math() -> Grader:
    """`compute_score` of verl's math_reward."""
    bare("verl", "verl.utils", "verl.utils.reward_score")
    module = importlib.import_module("verl.utils.reward_score.math_reward")
    return lambda response, case: module.compute_score(response, case["answer"]) == 1.0


def vlmevalkit(rule: str) -> Grader:
    """VLMEvalKit's rules: `can_infer` for choices, else the rule named."""
    bare("vlmeval", "vlmeval.utils", "vlmeval.dataset", "vlmeval.dataset.utils")
    matching = importlib.import_module("vlmeval.utils.matching_util")
    vqa = importlib.import_module("vlmeval.dataset.utils.vqa_eval")

    def grade(said: str, case: Case) -> bool:
        if case["kind"] == "MC":
            options = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", case["options"], strict=False))
            gold = next((letter for letter, text in options.items() if text == case["answer"]), case["answer"])
            return bool(matching.can_infer(said, dict(options)) == gold)
        if rule == "ChartQA":
            return bool(vqa.relaxed_correctness(case["answer"], said))
        return bool(vqa.process_answer(said.lower()) == vqa.process_answer(case["answer"].lower()))

    return grade


GRADERS: dict[str, tuple[Callable[[], Grader], str]] = {
    "math-verify (open-r1)": (open_r1, "boxed"),
    "mathruler (EasyR1, math.py)": (easy_r1_math, "boxed"),
    "mathruler (EasyR1, r1v.py)": (easy_r1_r1v, "plain"),
    "verl, prime_math": (verl_prime, "boxed"),
    "verl, math_reward": (verl_math, "boxed"),
    "VLMEvalKit, ChartQA": (lambda: vlmevalkit("ChartQA"), "said"),
    "VLMEvalKit, TextVQA": (lambda: vlmevalkit("TextVQA"), "said"),
}
"""Graders, each with the form of an answer that it reads."""


def verdict(grade: Grader, said: str, case: Case) -> int:
    """Whether a grader accepts a case; one that takes longer than `LONGEST`, or raises, accepts nothing."""

    def late(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST)
    try:
        return int(grade(said, case))
    except Exception:
        return 0
    finally:
        signal.alarm(0)


def main() -> None:
    """Measure all graders over the cases of a file."""
    given = json.loads(Path(sys.argv[1]).read_text())
    seconds = float(sys.argv[2])
    results: dict[str, Any] = {}
    for name, (made, form) in GRADERS.items():
        try:
            grade = made()
        except Exception as error:
            results[name] = {"missing": f"{type(error).__name__}: {error}"}
            continue
        speeds = {
            label: rate(
                lambda said, case, grade=grade: float(verdict(grade, said, case)),
                [(c[form], c) for c in cases],
                seconds,
            )
            for label, cases in given["sets"].items()
        }
        verdicts = {
            label: [verdict(grade, case[form], case) for case in cases] for label, cases in given["suites"].items()
        }
        results[name] = {"speeds": speeds, "verdicts": verdicts}
    print("RESULT", json.dumps(results))


if __name__ == "__main__":
    main()
