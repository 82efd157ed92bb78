"""A disk that is full ends a training with a sentence, wherever it happens, and the training goes on once there is room."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.trainers.checkpoints import newest_whole
from wethink_assets.training.trainers.guards import unwritten
from wethink_assets_tests.support.project import ROOT
from wethink_assets_tests.support.training_outcomes import curves
from wethink_assets_tests.training.conftest import Plan


@pytest.fixture
def disk(home: Path) -> Iterator[Path]:
    """The working folder of trainings as a disk of its own, in memory."""
    folder = home / "work" / "training"
    folder.mkdir(parents=True)
    if shutil.which("mount") is None or _mount("size=64m", folder).returncode:
        pytest.skip("this user may not mount a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def _mount(options: str, folder: Path) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True)


def trained(planned: TrainingPlan) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "wethink_assets.training.runs.process", str(planned.work_folder / "plan.json")]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.mark.slow
@pytest.mark.parametrize("room", [1_000, 700_000, 2_000_000])
def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(plan: Plan, disk: Path, room: int) -> None:
    planned = plan(steps=6, save_steps=2)
    planned.write()
    usage = shutil.disk_usage(disk)
    filler = disk / "filler"
    filler.write_bytes(bytes(usage.free - room - room % 4096))
    ended = trained(planned)
    assert ended.returncode == 1
    told = ended.stderr.strip().splitlines()[-1]
    assert f"the working folder {planned.work_folder} cannot be written: the disk is full" in told, ended.stderr
    assert "Traceback" not in ended.stderr
    filler.unlink()
    newest = newest_whole(planned.work_folder / "grpo")
    again = trained(planned)
    assert again.returncode == 0, again.stderr
    assert newest is None or "resumed after step" in again.stderr
    assert json.loads((planned.work_folder / "outcome.json").read_text()) == {"digest": planned.digest}
    assert curves(planned)["step"].to_list() == [1, 2, 3, 4, 5, 6]


def test_what_does_not_come_from_the_disk_is_not_taken_for_it(tmp_path: Path) -> None:
    assert unwritten(ValueError("no"), tmp_path) is None
    assert unwritten(RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos"), tmp_path) is None
    assert list(tmp_path.iterdir()) == []
