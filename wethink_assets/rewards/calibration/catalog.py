"""Calibration records in the store, and the newest one of a judge's model.

`calibrations/<digest>.json`; the digest is of everything that a calibration depends on (suite, judge, prompt, sampling, code), so that the same
judge calibrated again replaces its own record, and a record is never another judge's.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from wethink_assets.storage.store import Store

FOLDER = "calibrations"
SCHEMA_VERSION = 1
STRICT_ACCEPTS, STRICT_REJECTS = "rules, strict: false accepts", "rules, strict: false rejects"
LENIENT_ACCEPTS, LENIENT_REJECTS = "rules, lenient: false accepts", "rules, lenient: false rejects"
BY_TYPE = (STRICT_ACCEPTS, STRICT_REJECTS, LENIENT_ACCEPTS, LENIENT_REJECTS)
"""Checks of the rules, each of which has a line for every type of answer."""


class FindingRecord(BaseModel):
    """One line of a calibration as kept; fields as those of `calibration.Finding`, with whether it is within its bounds."""

    model_config = ConfigDict(frozen=True)

    check: str
    group: str
    cases: int
    rate: float
    low: float
    high: float
    least: float | None
    most: float | None
    within: bool

    @property
    def bound(self) -> str:
        """What is demanded, in words; empty where nothing is."""
        if self.least is not None:
            return f"at least {self.least:.0%}"
        return f"at most {self.most:.0%}" if self.most is not None else ""


class Calibration(BaseModel):
    """A calibration as kept. `judge` and `second` are what provenance keeps of a role; `judge` also has the prompt's sha256."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = SCHEMA_VERSION
    digest: str
    created: datetime
    seconds: float
    suite: str
    judge: dict[str, Any]
    second: dict[str, Any]
    rows: int
    findings: tuple[FindingRecord, ...]

    @property
    def out_of_bounds(self) -> list[FindingRecord]:
        """The lines that are not within their bounds."""
        return [line for line in self.findings if not line.within]

    @property
    def errors_by_type(self) -> list[tuple[str, list[str], bool]]:
        """Errors of the rules: each type of answer with its rates in words, in the order of `BY_TYPE`, and whether all are within their bounds."""
        types: dict[str, dict[str, FindingRecord]] = {}
        for line in self.findings:
            if line.check in BY_TYPE:
                types.setdefault(line.group, {})[line.check] = line
        return [
            (
                name,
                [f"{lines[check].rate:.1%} of {lines[check].cases}" if check in lines else "" for check in BY_TYPE],
                all(line.within for line in lines.values()),
            )
            for name, lines in sorted(types.items())
        ]

    @property
    def other_findings(self) -> list[FindingRecord]:
        """Lines that are not of the rules by type of answer."""
        return [line for line in self.findings if line.check not in BY_TYPE]


def digest_of_inputs(inputs: Mapping[str, Any]) -> str:
    """sha256 of what a calibration depends on."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()


def keep_calibration(store: "Store", calibration: Calibration) -> str:
    """Write a calibration whole; returns its path below the store's root."""
    from wethink_assets.storage.records import replace_record

    path = f"{FOLDER}/{calibration.digest}.json"
    replace_record(store, path, calibration)
    return path


def list_calibrations(store: "Store") -> list[Calibration]:
    """All calibrations that can be read, newest first; a file of another schema, or damaged, is passed over."""
    from wethink_assets.errors import StoreError
    from wethink_assets.storage.records import read_record

    calibrations = []
    for name in store.names(FOLDER):
        with suppress(StoreError):
            if (
                name.endswith(".json")
                and (calibration := read_record(store, f"{FOLDER}/{name}", Calibration)) is not None
            ):
                calibrations.append(calibration)
    return sorted(calibrations, key=lambda calibration: calibration.created, reverse=True)


def newest_calibration(store: "Store", model: str, revision: str) -> Calibration | None:
    """The newest calibration of a judge's model, or None where it was never calibrated."""
    return next(
        (
            calibration
            for calibration in list_calibrations(store)
            if (calibration.judge.get("model"), calibration.judge.get("revision")) == (model, revision)
        ),
        None,
    )
