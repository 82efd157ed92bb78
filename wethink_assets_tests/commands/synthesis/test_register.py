"""`wethink register` on configured folders."""

import json
import os
import subprocess
import sys
import unicodedata
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


HOSTILE = (
    "a\x1b[2J\x1b]0;title\x07.png",
    "b\nwethink: all is well.txt",
    "c\u202egnp.txt",
    "d\x9b31m.json",
    "caf\udce9.png",
)


def test_names_of_files_act_on_no_terminal(app: typer.Typer, tmp_path: Path) -> None:
    for name in HOSTILE:
        (tmp_path / "geoqa+" / name).write_bytes(b"?")
    result = CliRunner().invoke(app, ["geoqa+"])
    assert result.exit_code == 0
    shown = result.stdout.replace("\n", "")
    assert not [character for character in shown if unicodedata.category(character) in ("Cc", "Cf", "Cs")]
    assert "\nwethink" not in result.stdout
    for name in (r"a\x1b[2J\x1b]0;title\x07.png", r"c\u202egnp.txt", r"d\x9b31m.json", r"caf\udce9.png"):
        assert name in result.stdout, name
    found = json.loads(CliRunner().invoke(app, ["geoqa+", "--json"]).stdout)["registrations"][0]
    assert len(found["ignored_entries"]) == found["ignored"] == sum(found["ignored_by_kind"].values())
    names = {each["name"] for each in [*found["ignored_entries"], *found["refusals"]]}
    assert set(HOSTILE[:4]) <= names and r"caf\udce9.png" in names


def test_a_location_with_odd_characters_is_shown_plainly_in_the_error(tmp_path: Path) -> None:
    table = '[sources.coco]\nlocation = "nothing\\u001b[2J\\u202e"\n'
    (tmp_path / "wethink.toml").write_text(f'[store]\nurl = "store"\n{table}')
    command = [sys.executable, "-m", "wethink_assets.cli", "register"]
    environ = {**os.environ, "WETHINK_CONFIG": str(tmp_path / "wethink.toml")}
    ran = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert ran.returncode == 1 and r"has nothing named 'nothing\x1b[2J\u202e'" in ran.stderr
    assert "\x1b" not in ran.stderr and "Traceback" not in ran.stderr
