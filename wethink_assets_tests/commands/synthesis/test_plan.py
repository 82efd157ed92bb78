"""`wethink plan` says what is not registered, and writes nothing."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets_tests.support.sources import drawings, tar_of, write_files


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "wethink.toml").write_text(
        '[store]\nurl = "store"\n[sources.coco]\nlocation = "coco"\n[sources.ai2d]\nlocation = "nowhere"\n'
    )
    write_files(tmp_path / "coco", {**drawings(12), "notes.txt": b"?", "more.tar": tar_of(drawings(2, first=20))})
    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


def invoke(*words: str) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return done.stdout


def unregistered() -> dict[str, tuple[int, int]]:
    listed = json.loads(invoke("plan", "--json"))["unregistered"]
    return {one["source"]: (one["files"], one["archives"]) for one in listed if not one["fault"]}


def test_files_that_no_batch_has_are_counted_and_nothing_is_written(project: Path) -> None:
    shown = invoke("plan")
    assert "coco: 12 files and 1 archive are in no batch yet: `wethink run` and `wethink register`" in shown
    assert "ai2d: what is not registered is not known" in shown and "nowhere" in shown
    assert "nothing is missing" not in shown
    assert not any(path.is_file() for path in (project / "store").rglob("*"))


def test_after_registration_only_what_is_new_is_named(project: Path) -> None:
    write_files(project / "nowhere", drawings(1, first=40))
    assert unregistered() == {"coco": (12, 1), "ai2d": (1, 0)}
    invoke("register")
    assert unregistered() == {}
    write_files(project / "coco", drawings(1, first=50))
    assert unregistered() == {"coco": (1, 0)}
    assert "coco: 1 file is in no batch yet" in invoke("plan")
