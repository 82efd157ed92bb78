"""The code location loads in seconds, says what is wrong with a configuration, and has the asset graph of the design."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from wethink_assets.config import Settings
from wethink_assets.definitions import definitions_of
from wethink_assets_tests.support.code_location import load_code_location
from wethink_assets_tests.support.project import Project, make_project

SNAPSHOT = Path(__file__).parent / "asset_specs.json"
REFRESH = (
    "WETHINK_REFRESH_SNAPSHOT"  # WETHINK_REFRESH_SNAPSHOT=1 python -m pytest wethink_assets_tests/defs -k snapshot
)


@pytest.fixture
def embedded_project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project", None)


def test_the_code_location_loads_in_little_more_than_dagster_and_without_heavy_packages(
    embedded_project: Project,
) -> None:
    done = load_code_location(embedded_project)
    assert done.returncode == 0, done.stderr
    times, _, heavy = done.stdout.strip().partition(" ")
    assert heavy == "[]"
    assert float(times) < 4


def test_a_wrong_setting_is_told_when_the_code_location_loads(embedded_project: Project) -> None:
    path = embedded_project.home / "wethink.toml"
    path.write_text(path.read_text().replace("batch_size", "batch_sise"))
    done = load_code_location(embedded_project)
    assert done.returncode != 0
    assert f"{path}:2: unknown setting pipeline.batch_sise; allowed here: " in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", [["dagster", "definitions", "validate"], ["dagster_dg_cli.cli", "check", "defs"]])
def test_the_definitions_are_valid_to_dagsters_own_tools(command: list[str], embedded_project: Project) -> None:
    root = Path(__file__).parents[2]
    environment = {**embedded_project.environment, "WETHINK_CONFIG": str(root / "wethink.toml")}
    program = Path(sys.executable).parent / ("dagster" if command[0] == "dagster" else "dg")
    done = subprocess.run(
        [program, *command[1:]], cwd=root, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def snapshot_of(definitions: dg.Definitions) -> dict[str, Any]:
    graph = definitions.resolve_asset_graph()
    told = {}
    for spec in definitions.resolve_all_asset_specs():
        node = graph.get(spec.key)
        told[spec.key.to_user_string()] = {
            "description": spec.description,
            "group": spec.group_name,
            "kinds": sorted(spec.kinds),
            "owners": sorted(spec.owners),
            "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            "partitions": spec.partitions_def.name
            if isinstance(spec.partitions_def, dg.DynamicPartitionsDefinition)
            else None,
            "has_code_version": spec.code_version is not None,
            "automation": spec.automation_condition is not None,
            "pools": sorted(node.pools or []),
            "checks": sorted(key.name for key in node.check_keys),
            "materializable": node.is_materializable,
            "observable": node.is_observable,
            "tags": {name: value for name, value in spec.tags.items() if not name.startswith("dagster/kind/")},
            "metadata": {
                name: str(getattr(value, "value", value)) for name, value in spec.metadata.items() if "/" not in name
            },
        }
    return dict(sorted(told.items()))


def test_snapshot_of_all_asset_specs() -> None:
    told = snapshot_of(definitions_of(Settings.model_validate({"pipeline": {"prompt_pack": "embedded"}})))
    if os.environ.get(REFRESH):
        SNAPSHOT.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert told == json.loads(SNAPSHOT.read_text(encoding="utf-8")), (
        f"if that is meant: {REFRESH}=1 and look at the diff"
    )


def test_a_stage_waits_for_the_pool_of_its_models() -> None:
    endpoint = {"provider": "endpoint", "url": "http://127.0.0.1:1/v1", "model": "m"}
    remote = dict.fromkeys(("describer", "reasoner", "adjudicator", "judge"), endpoint)
    for roles, pool in (({}, "gpu"), (remote, "endpoint"), ({**remote, "judge": {}}, "gpu")):
        graph = definitions_of(Settings.model_validate({"roles": roles})).resolve_asset_graph()
        assert graph.get(dg.AssetKey("answers")).pools == {pool}
        assert not graph.get(dg.AssetKey("images")).pools


def test_a_changed_prompt_changes_the_code_version_of_the_stages_that_use_it_and_of_what_tells_so(
    project: Project,
) -> None:
    def versions() -> dict[str, str | None]:
        specs = definitions_of(project.settings).resolve_all_asset_specs()
        return {spec.key.to_user_string(): spec.code_version for spec in specs}

    before = versions()
    (project.home / "pack" / "screen.md").write_text("screen\n<!-- user -->\n{{ question }}?\n")
    after = versions()
    assert {name for name in before if before[name] != after[name]} == {"questions", "staleness"}
    assert before["dataset"] is None


def test_a_nineteenth_source_is_there_after_a_reload(project: Project) -> None:
    keys = {spec.key for spec in definitions_of(project.settings).resolve_all_asset_specs()}
    path = project.home / "wethink.toml"
    path.write_text(
        path.read_text()
        + '[sources.medical]\nlocation = "images/coco"\nlicence = "CC-BY-4.0"\ntitle = "Medical figures"\n'
    )
    specs = {spec.key: spec for spec in definitions_of(project.settings).resolve_all_asset_specs()}
    assert set(specs) - keys == {dg.AssetKey(["source", "medical"])}
    assert "Medical figures" in (specs[dg.AssetKey(["source", "medical"])].description or "")
    assert dg.AssetKey(["source", "medical"]) in {dep.asset_key for dep in specs[dg.AssetKey("image_batches")].deps}


def test_the_launchpad_of_a_cut_shows_every_field_with_what_is_configured(project: Project) -> None:
    path = project.home / "wethink.toml"
    path.write_text(path.read_text() + '[cut]\nkinds = ["MC"]\nmax_rows = 500\n')
    filled = dg.validate_run_config(definitions_of(project.settings).resolve_job_def("cut"), {})
    assert filled is not None and filled["ops"]["decide"]["config"] == {
        "sources": [],
        "licences": [],
        "kinds": ["MC"],
        "max_rows": 500,
        "max_rows_per_source": 0,
        "max_rows_per_template": 0,
        "conflicting_answers": "drop",
        "seed": 0,
        "min_new_rows": 0,
    }


def test_a_source_without_a_location_says_so_and_fails_nothing(project: Project) -> None:
    definitions = definitions_of(project.settings)
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    assert (
        "Not configured" in (specs["source/vg"].description or "")
        and "wethink/not_configured" in specs["source/vg"].tags
    )
    assert "wethink/not_configured" not in specs["source/coco"].tags
    with dg.DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_job_def("observe").execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(["source", "vg"])]
        )
        assert result.success
        record = instance.get_latest_data_version_record(dg.AssetKey(["source", "vg"]), is_source=True)
        assert record is not None and record.asset_observation is not None
        assert record.asset_observation.metadata["state"].value == "not configured"
