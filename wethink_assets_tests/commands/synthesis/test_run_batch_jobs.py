"""`wethink run` with roles in mode `batch`: it ends while it waits, says for what, and `--wait` goes on to the version."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from wethink_assets.cli import app
from wethink_assets_tests.support.batch_project import batch_project
from wethink_assets_tests.support.batch_rounds import scripted
from wethink_assets_tests.support.services import served_as
from wethink_assets_tests.support.services.batches import BatchDouble


@pytest.mark.slow
def test_a_run_ends_with_3_while_it_waits_and_with_wait_grows_the_version(tmp_path: Path) -> None:
    with served_as(BatchDouble, "vllm", scripted) as service:
        project = batch_project(tmp_path / "project", service)

        def run(*options: str) -> Result:
            environment = {name: project.environment[name] for name in ("WETHINK_CONFIG", "DAGSTER_HOME")}
            return CliRunner().invoke(app, ["run", "--json", *options], env=environment)

        first = run()
        assert first.exit_code == 3, first.stderr
        assert json.loads(first.stdout)["waiting"] == {
            "batches": {"coco.000001": "descriptions"},
            "jobs": 1,
            "calls": 2,
        }
        told = "coco.000001 (descriptions) waits for 1 batch job with 2 calls; wethink run resumes when one has ended"
        assert told in first.stderr
        last = run("--wait")
        assert last.exit_code == 0, last.stderr
        outcome = json.loads(last.stdout)
        assert outcome["version"] == "v0001" and outcome["rows"] == 2 and not outcome["waiting"]
        assert outcome["batches"] == ["coco.000001"] and not outcome["left"]
        assert service.paid.total() == len(service.paid), "nothing was paid twice"
