"""The judge that ships: within the bounds that the settings demand, and not to be talked into a grade, even with nothing before it."""

from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.dataset.calibration import calibrate
from wethink_assets.models.registry import Models
from wethink_assets.storage.store import Store


def test_a_store_that_takes_no_writes_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    settings = Settings.model_validate({"folder": str(tmp_path), "pipeline": {"prompt_pack": "embedded"}})
    store = Store.open(settings.store_url)
    store.publish("calibrations", b"a file in the place of the folder")
    with Models(settings) as models, pytest.raises(OSError, match="calibrations"):
        calibrate(settings, store, models)
    store.delete("calibrations")


@pytest.mark.slow
def test_the_embedded_judge_is_within_its_bounds(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {
            "folder": str(tmp_path),
            "pipeline": {"prompt_pack": "embedded", "seed": 11},
            "rewards": {"calibration_rows": 12},
        }
    )
    with Models(settings) as models:
        calibration = calibrate(settings, Store.open(settings.store_url), models)
    assert [line for line in calibration.findings if not line.within] == []
    earned = {line.group: line.rate for line in calibration.findings if line.check.startswith("model alone")}
    assert set(earned) >= {"empty", "echo", "flattery", "instruction", "many answers at once"}
    assert all(rate <= 0.1 for rate in earned.values()), earned
