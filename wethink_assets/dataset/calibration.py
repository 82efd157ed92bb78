"""Calibration of the configured judge and of the rules: on the labelled suite, on sample scenes, and on rows of the newest version."""

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.dataset.versions.catalog import list_versions
from wethink_assets.dataset.versions.files import scan_file
from wethink_assets.identity import digest_of
from wethink_assets.kinds import KINDS, LETTERS, graded_by
from wethink_assets.models.registry import Models
from wethink_assets.rewards.calibration.catalog import (
    FOLDER,
    Calibration,
    FindingRecord,
    digest_of_inputs,
    keep_calibration,
)
from wethink_assets.rewards.calibration.measures import (
    Finding,
    Thresholds,
    calibrate_judge,
    calibrate_rules,
    equivalence_suite,
)
from wethink_assets.rewards.calibration.rows import JudgedRow, sample_rows
from wethink_assets.rewards.equivalence.answers import option_letter
from wethink_assets.rewards.judge import Judge
from wethink_assets.storage.records import require_writable
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.judge import configured_judge
from wethink_assets.synthesis.prompt_packs import prompt_hashes

LOGIC_VERSION = "2"
SECOND_TEMPERATURE = 0.8
"""Of the judge's own model as a second judge, where no other is configured."""


def calibrate(settings: Settings, store: Store, models: Models) -> Calibration:
    """Calibrate rules and judge, keep the record below `calibrations/`, and return it.

    The rules are held against the labelled suite; the judge against rows drawn from the sample scenes, whose truth is known, and, where the
    store has a version, against the rules on rows of the newest one.

    Raises `StoreUnreachable` or `StoreError` before anything is asked where the store takes no writes, and `ModelError` when a judge's checkpoint is
    missing. A judge that fails on calls is not an error: it is what is measured.
    """
    began = time.monotonic()
    require_writable(store, FOLDER)
    rewards = settings.rewards
    rows = sample_rows(rewards.calibration_rows, settings.pipeline.seed)
    version, real = version_rows(store, rewards.calibration_rows)
    described = {**models.describe("judge"), "prompt": prompt_hashes(settings, ["judge"])["judge"]}
    second, second_judge = _second_judge(settings, models)
    inputs = {
        "logic": LOGIC_VERSION,
        "suite": digest_of(list(equivalence_suite())),
        "judge": described,
        "second": second,
        "settings": rewards.model_dump(),
        "seed": settings.pipeline.seed,
        "version": version,
    }
    findings = calibrate_rules(equivalence_suite(), rewards.rule_error)
    judge = configured_judge(settings, models)
    thresholds = Thresholds(
        rewards.judge_agreement, rewards.judge_consistency, rewards.judge_fooled, rewards.judge_failed
    )
    findings += judge.run(
        calibrate_judge(
            judge,
            rows,
            against_rules=real,
            second=(second["name"], second_judge),
            bare=configured_judge(settings, models, screens=False),
            thresholds=thresholds,
        )
    )
    calibration = Calibration(
        digest=digest_of_inputs(inputs),
        created=datetime.now(UTC),
        seconds=round(time.monotonic() - began, 1),
        suite=str(inputs["suite"]),
        judge=described,
        second=second,
        rows=len(rows),
        findings=tuple(_record(line, version if real else "") for line in findings),
    )
    keep_calibration(store, calibration)
    return calibration


def _record(line: Finding, version: str) -> FindingRecord:
    if version and line.check.startswith("judge and rules"):
        line = replace(line, group=f"{line.group} rows of {version}")
    return FindingRecord(**asdict(line), within=line.within)


def _second_judge(settings: Settings, models: Models) -> tuple[dict[str, Any], Judge]:
    """The second judge with its description: another role's model, else the judge's own at another temperature."""
    role = settings.rewards.second_judge
    if role:
        described = models.describe(role)
        return {**described, "name": f"{described['model']} ({role})"}, configured_judge(settings, models, role=role)
    described = {**models.describe("judge"), "temperature": SECOND_TEMPERATURE}
    name = f"{described['model']}, sampled at {SECOND_TEMPERATURE}"
    return {**described, "name": name}, configured_judge(settings, models, temperature=SECOND_TEMPERATURE)


def version_rows(store: Store, count: int) -> tuple[str, list[JudgedRow]]:
    """The newest version with rows of it to hold the judge against the rules on: the true answer, and answers of like questions.

    Its rows have no known truth but their answer, so a candidate's grade is left at 0 but for that. Empty where the store has no version.
    """
    versions = list_versions(store)
    if not versions:
        return "", []
    newest = max(versions, key=lambda summary: summary.created).version
    kinds = graded_by("rule")
    frame = (
        scan_file(store, newest, "rows.parquet")
        .filter(pl.col("kind").is_in(kinds))
        .select("kind", "question", "options", "answer", "category")
        .head(20 * count)
        .collect()
    )
    answers: dict[tuple[str, str], list[str]] = {}
    for row in frame.iter_rows(named=True):
        answers.setdefault((row["kind"], row["category"]), []).append(row["answer"])
    rows = []
    for kind in kinds:
        for row in frame.filter(pl.col("kind") == kind).head(count // len(kinds)).iter_rows(named=True):
            judged = _judged(row, answers[kind, row["category"]])
            rows += [judged] if judged else []
    return newest, rows


def _judged(row: Mapping[str, Any], others: list[str]) -> JudgedRow | None:
    options = tuple(row["options"] or ())
    truth = row["answer"]
    if KINDS[row["kind"]].has_options:
        letter = option_letter(truth, options)
        if letter is None:
            return None
        truth = options[LETTERS.index(letter)]
        wrong = [option for option in options if option != truth][:2]
    else:
        wrong = list(dict.fromkeys(other for other in others if other != truth))[:2]
    candidates = ((truth, 1.0), *((option, 0.0) for option in wrong))
    return JudgedRow(row["kind"], row["question"], truth, candidates, wrong[0] if wrong else "", (), options)
