"""`wethink register` on configured folders."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from wethink_assets.commands.synthesis.register import register
from wethink_assets.errors import SourceError
from wethink_assets_tests.support.sources import drawings, tar_of, write_files

CONFIG = """
[store]
url = "store"
[pipeline]
batch_size = 4
[sources.coco]
location = "coco"
[sources."geoqa+"]
location = "geoqa+"
[sources.shots]
title = "Screenshots"
licence = "CC0-1.0"
location = "shots.tar"
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    (tmp_path / "wethink.toml").write_text(CONFIG)
    write_files(tmp_path / "coco", drawings(5))
    write_files(tmp_path / "geoqa+", {**drawings(3, first=10), "notes.txt": b"?"})
    write_files(tmp_path, {"shots.tar": tar_of({**drawings(2, first=20), "../out.png": b"x"})})
    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
    app = typer.Typer()
    app.command()(register)
    return app


def test_all_configured_sources_are_registered(app: typer.Typer) -> None:
    told = json.loads(CliRunner().invoke(app, ["--json"]).stdout)
    assert told["failures"] == []
    found = {one["source"]: one for one in told["registrations"]}
    assert found["coco"]["batches"] == ["coco.000001", "coco.000002"]
    assert (found["geoqa+"]["files"], found["geoqa+"]["ignored"]) == (3, 2)
    assert found["shots"]["refusals"][0]["reason"] == "unsafe_path"
    again = json.loads(CliRunner().invoke(app, ["--json"]).stdout)
    assert [one["new"] for one in again["registrations"]] == [0, 0, 0]


def test_people_get_a_table_and_each_refusal(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    assert "geoqa+" in result.stdout and "4 new batches; 16 sources not configured" in result.stdout
    assert "refused in shots: shots.tar::../out.png: unsafe_path" in result.stdout


def test_one_source_may_be_named(app: typer.Typer) -> None:
    told = json.loads(CliRunner().invoke(app, ["geoqa+", "--json"]).stdout)
    assert [one["source"] for one in told["registrations"]] == ["geoqa+"]


def test_a_source_that_fails_does_not_stop_the_others(app: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "coco").rename(tmp_path / "elsewhere")
    result = CliRunner().invoke(app, ["--json"])
    assert isinstance(result.exception, SourceError) and "coco" in str(result.exception)
    told = json.loads(result.stdout)
    assert len(told["registrations"]) == 2 and len(told["failures"]) == 1


def test_an_unknown_source_is_refused(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["cocoa"])
    assert isinstance(result.exception, SourceError) and "there is no source 'cocoa'" in str(result.exception)
