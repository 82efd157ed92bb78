"""A stage whose declaration lacks or contradicts something is refused by name, with all that is wrong with it."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.definitions import definitions_of
from wethink_assets.errors import ConfigError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.stages.output import StageOutput, rejections
from wethink_assets.stages.schemas import ANSWERS
from wethink_assets.stages.spec import Stage, every
from wethink_assets_tests.support.code_location import load_code_location
from wethink_assets_tests.support.plugged_stage import name_plugin
from wethink_assets_tests.support.project import make_project
from wethink_assets_tests.support.registered import registered

WHOLE = Stage(
    name="second_look",
    description="All answers.",
    reads=("answers",),
    run=lambda answers, work: StageOutput(answers, rejections([])),
    item="slot",
    expected=every("slot"),
    schema=ANSWERS,
    logic_version="1",
)
HALF_DONE = """
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.stages.spec import Stage, every

STAGES.register(
    "half_done", Stage(name="half_done", description="...", reads=("answers",), item="slot", expected=every("slot"), logic_version="1")
)
"""


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"schema": pl.Schema()}, "its declaration lacks schema"),
        ({"logic_version": "", "description": ""}, "its declaration lacks description, logic_version"),
        ({"run": Stage().run, "expected": Stage().expected}, "its declaration lacks run, expected"),
        ({"name": "Second look"}, "it is named 'Second look'; a stage is registered by its name"),
        ({"schema": pl.Schema({"slot": pl.String})}, "its schema has no column image_id, schema_version"),
        (
            {"item": "image_answer"},
            "its items are 'image_answer'; what follows from images is known by image_id or slot",
        ),
        ({"prompts": ("judge", "muse")}, "unknown prompt muse; known: describe, refine"),
        ({"prompts": ("judge",), "settings": {"kinds": ("question",)}}, "prompts that it does not use: question"),
        ({"settings": {"kinds": ()}}, "settings that count but no prompts"),
        ({"provides": "questions"}, "it provides 'questions', which it does not read"),
    ],
)
def test_each_fault_of_a_declaration_is_named(changes: dict[str, object], fault: str) -> None:
    with pytest.raises(ConfigError) as refused:
        STAGES.register("second_look", replace(WHOLE, **changes))  # type: ignore[arg-type]
    assert str(refused.value).startswith("stage 'second_look': ") and fault in str(refused.value)
    assert "second_look" not in STAGES


def test_a_setting_that_the_pipeline_does_not_have_is_refused_when_the_code_location_loads() -> None:
    stage = replace(WHOLE, prompts=("judge",), settings={"zeal": ("judge",)})
    with (
        registered(STAGES, stage.name, stage),
        pytest.raises(ConfigError, match="'second_look': unknown setting zeal; those"),
    ):
        definitions_of(Settings())


def test_a_declaration_that_lacks_something_is_refused_when_the_code_location_loads_and_by_commands(
    tmp_path: Path,
) -> None:
    project = make_project(tmp_path / "project", None)
    name_plugin(project, "half_done", HALF_DONE)
    done = project.wethink("plan", check=False)
    assert done.returncode == 1 and done.stderr.endswith("stage 'half_done': its declaration lacks run, schema\n")
    loaded = load_code_location(project)
    assert loaded.returncode != 0 and "stage 'half_done': its declaration lacks run, schema" in loaded.stderr
