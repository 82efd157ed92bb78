"""A plan has the command that starts its run, and a digest that goes by all that counts."""

import json
from typing import Any

from wethink_assets.training.runs.plan import TrainingPlan, command_of
from wethink_assets_tests.training.conftest import Plan


def test_what_a_run_is_started_with(plan: Plan) -> None:
    def planned(**changed: Any) -> TrainingPlan:
        return plan(model="policy", **changed)  # of the package: nothing needs to be built

    plain = planned()
    assert command_of(plain, "python")[:3] == ["python", "-m", "wethink_assets.training.runs.process"]
    several = command_of(planned(launcher={"processes": 2}), "python")
    assert several[:5] == ["python", "-m", "accelerate.commands.launch", "--num_processes", "2"]
    own = command_of(planned(launcher={"machines": 2, "processes": 2, "command": ["srun", "python"]}), "python")
    assert own[:4] == ["srun", "python", "-m", "wethink_assets.training.runs.process"]
    assert plain.digest == planned(threads=2, save_steps=4, in_main_run=True).digest
    assert plain.digest != planned(seed=1).digest != planned(format_weight=0.5).digest
    path = plain.write()
    assert path.stat().st_mode & 0o077 == 0 and json.loads(path.read_text())["key"] == "v0001.tiny"
