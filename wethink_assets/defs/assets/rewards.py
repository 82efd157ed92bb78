"""`reward_calibration`: how far the rules and the judge can be trusted, and the check that warns when they cannot."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import polars as pl

from wethink_assets.config import Settings
from wethink_assets.dataset.calibration import LOGIC_VERSION, calibrate
from wethink_assets.defs.assets.roles import role_key
from wethink_assets.defs.graph import MODEL_TEAM, MODELS
from wethink_assets.defs.metadata.previews import sample_table
from wethink_assets.defs.stages.publication import fitting
from wethink_assets.models.registry import Models
from wethink_assets.rewards.calibration.catalog import FOLDER, Calibration, FindingRecord, newest_calibration
from wethink_assets.storage.store import Store


def calibration_asset() -> tuple[dg.AssetsDefinition, dg.AssetChecksDefinition]:
    """The asset and its check."""

    @dg.asset(
        deps=[role_key("judge")],
        code_version=LOGIC_VERSION,
        group_name=MODELS,
        kinds={"json"},
        owners=MODEL_TEAM,
    )
    def reward_calibration(
        settings: dg.ResourceParam[Settings], store: dg.ResourceParam[Store], models: dg.ResourceParam[Models]
    ) -> dg.MaterializeResult[None]:
        """Rules on the labelled suite; the judge against truth, rules, itself, a second judge and hostile answers."""
        calibration = calibrate(settings, store, models)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(calibration.digest), metadata=fitting(calibration_metadata(store, calibration))
        )

    @dg.asset_check(asset=reward_calibration, blocking=False)
    def within_bounds(
        settings: dg.ResourceParam[Settings], store: dg.ResourceParam[Store], models: dg.ResourceParam[Models]
    ) -> dg.AssetCheckResult:
        """Rules and judge are within the bounds of `[rewards]`."""
        return bounds_result(newest_calibration(store, *models.identity("judge")))

    return reward_calibration, within_bounds


def calibration_metadata(store: Store, calibration: Calibration) -> dict[str, Any]:
    """A calibration as metadata: judge, figures and the record's place."""
    return {
        "judge": str(calibration.judge["model"]),
        "second judge": str(calibration.second["name"]),
        "out of bounds": len(calibration.out_of_bounds),
        "questions": calibration.rows,
        "wall seconds": calibration.seconds,
        "calibration": findings_table(calibration.findings),
        "location": store.link(f"{FOLDER}/{calibration.digest}.json"),
    }


def findings_table(findings: Sequence[FindingRecord]) -> dg.TableMetadataValue:
    """Findings as a table: rate with interval, and what is demanded."""
    rows = [
        {
            "check": line.check,
            "group": line.group,
            "cases": str(line.cases),
            "rate": f"{line.rate:.1%}",
            "95% interval": f"{line.low:.1%} to {line.high:.1%}",
            "demanded": line.bound,
            "within": "yes" if line.within else "no",
        }
        for line in findings
    ]
    return sample_table(pl.DataFrame(rows), len(rows))


def bounds_result(calibration: Calibration | None) -> dg.AssetCheckResult:
    """The check's outcome: a warning that names what is out of bounds."""
    if calibration is None:
        message, outside = "the judge's model was never calibrated", []
    else:
        outside = calibration.out_of_bounds
        message = "; ".join(f"{line.check} ({line.group}): {line.rate:.1%}, demanded {line.bound}" for line in outside)
    passed = calibration is not None and not outside
    return dg.AssetCheckResult(
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description="rules and judge are within their bounds" if passed else message,
        metadata={"out of bounds": len(outside)},
    )
