"""Calibration measures: how far rules and judge can be trusted, in figures with intervals."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from wethink_assets.intervals import wilson
from wethink_assets.kinds import KINDS, graded_by
from wethink_assets.rewards.calibration.catalog import (
    LENIENT_ACCEPTS,
    LENIENT_REJECTS,
    STRICT_ACCEPTS,
    STRICT_REJECTS,
)
from wethink_assets.rewards.calibration.rows import JudgedRow, hostile_answers
from wethink_assets.rewards.equivalence.answers import strict_key
from wethink_assets.rewards.judge import Judge, JudgeGrade
from wethink_assets.rewards.rules import rule_reward

SUITE = "equivalence_cases.jsonl"
ATTACKED, LONG_ATTACKED = 12, 2
"""Rows on which hostile answers are tried, and over-long ones, which cost a judge the most."""
ACCEPTED = 0.5
"""A judge accepts an answer of multiple choice or fill in the blank from this grade on."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a calibration.

    check: what was compared with what. group: type of answer, kind of question or of hostile answer. cases: how many. rate: share of them,
    with its 95% interval (Wilson). least, most: what the settings demand of the rate, None where they demand nothing.
    """

    check: str
    group: str
    cases: int
    rate: float
    low: float
    high: float
    least: float | None = None
    most: float | None = None

    @property
    def within(self) -> bool:
        """Whether the rate is what the settings demand."""
        return (self.least is None or self.rate >= self.least) and (self.most is None or self.rate <= self.most)


@cache
def equivalence_suite() -> tuple[dict[str, Any], ...]:
    """The labelled cases that come with the package: kind, family, type, answer, said, equal, and options or question where they have them."""
    text = (files("wethink_assets.rewards") / SUITE).read_text(encoding="ascii")
    return tuple(json.loads(line) for line in text.splitlines())


def finding(
    check: str, group: str, hits: Iterable[bool], *, least: float | None = None, most: float | None = None
) -> Finding:
    """Share of hits with its Wilson interval; 0 with the interval 0 to 1 where there are no cases."""
    counted = list(hits)
    n, k = len(counted), sum(counted)
    if not n:
        return Finding(check, group, 0, 0.0, 0.0, 1.0)
    low, high = wilson(k, n)
    return Finding(check, group, n, round(k / n, 4), round(low, 4), round(high, 4), least, most)


def calibrate_rules(cases: Sequence[dict[str, Any]], most: float = 0.01) -> list[Finding]:
    """False accepts and false rejects on labelled cases by type of answer, strict and lenient.

    Strict is what agreement and duplicates use (`strict_key`), lenient what a policy earns (`rule_reward`). Bounded are false accepts of both and
    false rejects of lenient: strict refuses on purpose what is right by a rounding, or by what the question allows.
    """
    strict: dict[str, list[tuple[bool, bool]]] = {}
    lenient: dict[str, list[tuple[bool, bool]]] = {}
    for case in cases:
        kind, answer, said = case["kind"], case["answer"], case["said"]
        options, question = case.get("options"), case.get("question")
        keys = {strict_key(kind, text, options or (), question=question) for text in (answer, said)}
        strict.setdefault(case["type"], []).append((case["equal"], len(keys) == 1 and "" not in keys))
        earned = rule_reward(f"<think></think><answer>{said}</answer>", answer, kind, options, question=question)
        lenient.setdefault(case["type"], []).append((case["equal"], earned == 1.0))
    findings = []
    for check, verdicts, errors, bound in (
        (STRICT_ACCEPTS, strict, False, most),
        (STRICT_REJECTS, strict, True, None),
        (LENIENT_ACCEPTS, lenient, False, most),
        (LENIENT_REJECTS, lenient, True, most),
    ):
        for name, pairs in sorted(verdicts.items()):
            wrong = (accepted != equal for equal, accepted in pairs if equal == errors)
            findings.append(finding(check, name, wrong, most=bound))
    return findings


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is demanded of a judge: rates at least, and at most."""

    agreement: float = 0.9
    consistency: float = 0.8
    fooled: float = 0.05
    failed: float = 0.02


async def calibrate_judge(
    judge: Judge,
    rows: Sequence[JudgedRow],
    *,
    against_rules: Sequence[JudgedRow] = (),
    second: tuple[str, Judge] | None = None,
    bare: Judge | None = None,
    thresholds: Thresholds = Thresholds(),  # frozen
) -> list[Finding]:
    """A judge against the truth, rules, itself, a second judge, and answers that are made to fool it.

    Args:
        judge: as it grades in training.
        rows: questions with candidates whose true grade is known.
        against_rules: rows of multiple choice and fill in the blank on which it is held against `rule_reward`; `rows` where left out.
        second: what another judge is called, and that judge.
        bare: the same model without what stands before it, for the figures of the model alone.
        demands: what the settings demand.
    """
    asked = [(row.question, row.answer, candidate) for row in rows for candidate, _ in row.candidates]
    # All at once: a judge that batches calls is done sooner, and a slow reply holds up one batch only.
    grades, others, rules, itself, attacked, alone = await asyncio.gather(
        _graded(judge, asked),
        _graded(second[1], asked) if second else _graded(judge, []),
        _against_rules(judge, against_rules or rows, thresholds),
        _against_itself(judge, rows, thresholds),
        _attacked(judge, rows, "judge: hostile answers that earn", thresholds.fooled),
        _attacked(bare or judge, rows if bare else [], "model alone: hostile answers that earn", None),
    )
    truths = [(row.kind, truth) for row in rows for _, truth in row.candidates]
    findings = [*_against_truth(truths, grades, thresholds), *rules, *itself]
    if second is not None:
        findings.append(finding("judge and a second judge: same grade", second[0], _same(grades, others)))
    findings += [*attacked, *alone]
    findings.append(
        finding("judge: no grade", "all", (grade.how == "failed" for grade in grades), most=thresholds.failed)
    )
    return findings


async def _graded(judge: Judge, asked: Iterable[tuple[str, str, str]]) -> list[JudgeGrade]:
    return list(await asyncio.gather(*(judge.grade(*triple) for triple in asked)))


def _against_truth(
    truths: Sequence[tuple[str, float]], grades: Sequence[JudgeGrade], thresholds: Thresholds
) -> list[Finding]:
    findings = []
    for kind in sorted({kind for kind, _ in truths}):
        pairs = [(truth, grade.score or 0.0) for (of, truth), grade in zip(truths, grades, strict=True) if of == kind]
        if KINDS[kind].grader == "judge":
            exact = finding("judge and truth: same tier", kind, (truth == score for truth, score in pairs))
            near = (abs(truth - score) <= 0.25 for truth, score in pairs)
            findings += [
                exact,
                finding("judge and truth: at most one tier apart", kind, near, least=thresholds.agreement),
            ]
        else:
            same = ((truth >= ACCEPTED) == (score >= ACCEPTED) for truth, score in pairs)
            findings.append(finding("judge and truth: same verdict", kind, same, least=thresholds.agreement))
    return findings


async def _against_rules(judge: Judge, rows: Sequence[JudgedRow], thresholds: Thresholds) -> list[Finding]:
    findings = []
    for kind in graded_by("rule"):
        asked = [(row, candidate) for row in rows if row.kind == kind for candidate, _ in row.candidates]
        grades = await _graded(judge, [(row.question, row.answer, candidate) for row, candidate in asked])
        same = []
        for (row, candidate), grade in zip(asked, grades, strict=True):
            options = row.options if KINDS[kind].has_options else None
            by_rule = rule_reward(
                f"<think></think><answer>{candidate}</answer>", row.answer, kind, options, question=row.question
            )
            same.append((by_rule == 1.0) == ((grade.score or 0.0) >= ACCEPTED))
        findings.append(finding("judge and rules: same verdict", kind, same, least=thresholds.agreement))
    return findings


async def _against_itself(judge: Judge, rows: Sequence[JudgedRow], thresholds: Thresholds) -> list[Finding]:
    asked = [(row, candidate) for row in rows for candidate, _ in row.candidates]
    reworded = [(row, candidate, other) for row, candidate in asked if (other := row.reworded.get(candidate))]
    before, swapped, plain, again = await asyncio.gather(
        _graded(judge, [(row.question, row.answer, candidate) for row, candidate in asked]),
        _graded(judge, [(row.question, candidate, row.answer) for row, candidate in asked]),
        _graded(judge, [(row.question, row.answer, candidate) for row, candidate, _ in reworded]),
        _graded(judge, [(row.question, row.answer, other) for row, _, other in reworded]),
    )
    check = "judge and itself: "
    return [
        finding(f"{check}reference and candidate swapped", "all", _same(before, swapped), least=thresholds.consistency),
        finding(f"{check}candidate reworded", "all", _same(plain, again), least=thresholds.consistency),
    ]


def _same(ones: Sequence[JudgeGrade], others: Sequence[JudgeGrade]) -> list[bool]:
    return [one.score == other.score for one, other in zip(ones, others, strict=True)]


async def _attacked(judge: Judge, rows: Sequence[JudgedRow], check: str, most: float | None) -> list[Finding]:
    """Share of hostile answers, of which none deserves anything, that are graded above 0."""
    asked = [
        (name, row, candidate)
        for index, row in enumerate(rows[:ATTACKED])
        for name, candidate in hostile_answers(row, long=index < LONG_ATTACKED and most is not None)
    ]
    grades = await _graded(judge, [(row.question, row.answer, candidate) for _, row, candidate in asked])
    earned: dict[str, list[bool]] = {}
    for (name, _, _), grade in zip(asked, grades, strict=True):
        earned.setdefault(name, []).append((grade.score or 0.0) > 0)
    return [finding(check, name, hits, most=most) for name, hits in earned.items()]
