"""`wethink calibrate` with the embedded judge on a few questions."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from wethink_assets.cli import app

CONFIG = """
[store]
url = "{store}"
[pipeline]
prompt_pack = "embedded"
[roles.judge]
provider = "embedded"
model = "{model}"
max_tokens = 96  # one that was never trained to judge rambles on
[rewards]
calibration_rows = 6
{bounds}
"""


LOOSE = {
    "judge_agreement": 0.0,
    "judge_consistency": 0.0,
    "judge_fooled": 1.0,
    "judge_failed": 1.0,
    "rule_error": 1.0,
}


@pytest.fixture
def calibrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command within bounds that take everything, or with one of them changed."""

    def calibrate(*options: str, model: str = "reasoner", **bounds: float) -> Result:
        lines = "\n".join(f"{name} = {bound}" for name, bound in {**LOOSE, **bounds}.items())
        (tmp_path / "wethink.toml").write_text(CONFIG.format(store=tmp_path / "store", model=model, bounds=lines))
        return CliRunner().invoke(app, ["calibrate", *options])

    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
    return calibrate


@pytest.mark.slow
def test_the_record_is_kept(calibrated: Callable[..., Result], tmp_path: Path) -> None:
    done = calibrated("--json")
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    kept = tmp_path / "store" / "calibrations" / f"{record['digest']}.json"
    assert json.loads(kept.read_text())["findings"] == record["findings"]


@pytest.mark.slow
def test_a_figure_out_of_its_bounds_is_an_exit_code(calibrated: Callable[..., Result]) -> None:
    done = calibrated(model="describer", judge_agreement=1.0)  # it was never trained to judge
    assert done.exit_code == 1 and "judge embedded/describer" in done.stdout.replace("\n", " ")
