"""Trackers get a run's steps where they are installed, and are refused with their remedy where they are not."""

from importlib.util import find_spec

import pytest

from wethink_assets.config import RecipeSettings
from wethink_assets.errors import TrainingError
from wethink_assets.training.runs.process import execute
from wethink_assets.training.runs.progress import ProgressReporter
from wethink_assets.training.runs.trackers import require_trackers
from wethink_assets_tests.training.conftest import Plan


def test_a_tracker_whose_package_is_missing_is_refused() -> None:
    require_trackers(RecipeSettings())
    for name in ("trackio", "wandb", "tensorboard"):
        if find_spec(name) is None:
            with pytest.raises(TrainingError, match=rf"`report_to` names {name}, which .* lacks: `pip install {name}`"):
                require_trackers(RecipeSettings.model_validate({"report_to": [name]}))


def test_trackers_change_no_digest(plan: Plan) -> None:
    assert plan(model="policy").digest == plan(model="policy", report_to=["tensorboard"]).digest


@pytest.mark.slow
def test_tensorboard_has_the_steps_of_a_run(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    monkeypatch.delenv("TENSORBOARD_LOGGING_DIR", raising=False)
    planned = plan(report_to=["tensorboard"], steps=3)
    assert execute(planned, ProgressReporter()) is not None
    [folder] = (path for path in (planned.work_folder.parents[1] / "trackers" / "tensorboard").glob("*/grpo"))
    assert folder.parent.name == planned.key
    events = accumulator.EventAccumulator(str(folder)).Reload()
    assert [event.step for event in events.Scalars("train/reward")] == [1, 2, 3]
