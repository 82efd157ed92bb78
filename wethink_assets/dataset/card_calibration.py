"""What a version's card says of the calibration of its judge."""

from wethink_assets.dataset.manifest import Manifest
from wethink_assets.rewards.calibrations import Calibration, newest_calibration
from wethink_assets.storage.store import Store

TITLE = "## Calibration of the rewards"


def calibration_section(store: Store, manifest: Manifest) -> str:
    """The newest calibration of each judge's model that made the version, as Markdown; says so where there is none."""
    judges = {
        (
            str(used.identity.get("model_id") or used.identity.get("model") or ""),
            str(used.identity.get("revision") or ""),
        )
        for used in manifest.models
        if used.name == "judge"
    }
    parts = [TITLE, ""]
    for model, revision in sorted(judges):
        calibration = newest_calibration(store, model, revision)
        parts += (
            _told(calibration)
            if calibration
            else [f"Judge {model} was not calibrated; `wethink calibrate` does it.", ""]
        )
    return "\n".join(parts)


def _told(calibration: Calibration) -> list[str]:
    outside = len(calibration.out_of_bounds)
    return [
        f"Judge {calibration.judge['model']}, {calibration.created:%Y-%m-%d %H:%M} UTC, record `{calibration.digest[:16]}`; "
        f"second judge: {calibration.second['name']}. "
        + ("All within bounds." if not outside else f"**{outside} lines are out of bounds.**"),
        "",
        "| check | group | cases | rate | 95% interval | demanded | within |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {line.check} | {line.group} | {line.cases} | {line.rate:.1%} | {line.low:.1%} to {line.high:.1%} | {line.bound} | "
            f"{'yes' if line.within else '**no**'} |"
            for line in calibration.findings
        ),
        "",
    ]
