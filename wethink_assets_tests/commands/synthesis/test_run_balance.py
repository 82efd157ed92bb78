"""`wethink run` when a service's balance runs out in mid-batch: its words come first, nothing is rejected, and the next run pays nothing twice."""

import json
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from wethink_assets.cli import app
from wethink_assets.storage.journal.journal import journaled_calls
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.project import make_project
from wethink_assets_tests.support.service_project import plain_role, write_settings
from wethink_assets_tests.support.services import Faults, served

ROLES = ("describer", "reasoner", "adjudicator", "judge")


@pytest.mark.slow
def test_a_balance_that_runs_out_stops_the_run_and_the_next_goes_on(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", None, sources=("coco",), images=3)
    store = Store.open(str(project.home / "data"))

    def run() -> Result:
        environment = {name: project.environment[name] for name in ("WETHINK_CONFIG", "DAGSTER_HOME")}
        return CliRunner().invoke(app, ["run", "--json"], env=environment)

    with served("openrouter", faults=Faults(balance_for=7)) as service:
        source = '[sources.coco]\nlocation = "images/coco"'
        write_settings(project.home / "wethink.toml", plain_role(service), ROLES, source)
        done = run()
        assert done.exit_code == 1 and json.loads(done.stdout)["batches"] == []
        told = "\n".join([line for line in done.stderr.splitlines() if line.strip()][:5])
        assert "requires more credits" in told and "the balance or quota of the key is spent" in told
        assert store.names("tables") == ["images"], "the stage has no table, so no rejection"
        paid = journaled_calls(store, "descriptions", "coco.000001").height
        assert paid > 0 and len(service.refusals) <= 6
        service.faults = Faults()
        refused = len(service.refusals)
        run()
        bodies = Counter(json.dumps(body, sort_keys=True) for body in service.requests)
    assert "descriptions" in store.names("tables")
    assert sum(count - 1 for count in bodies.values()) <= refused, "only what was refused was asked again"
