"""`wethink jobs`: what is open, what services say of it, cancellation, and what a takedown means for it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from wethink_assets.cli import app
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.batch_project import batch_project
from wethink_assets_tests.support.batch_rounds import scripted
from wethink_assets_tests.support.project import Project
from wethink_assets_tests.support.services import served_as
from wethink_assets_tests.support.services.batches import BatchDouble

Wethink = Callable[..., Result]


@pytest.fixture
def service() -> Iterator[BatchDouble]:
    with served_as(BatchDouble, "vllm", scripted) as service:
        yield service


@pytest.fixture
def project(tmp_path: Path, service: BatchDouble) -> Project:
    return batch_project(tmp_path / "project", service)


@pytest.fixture
def wethink(project: Project) -> Wethink:
    def run(*arguments: str) -> Result:
        environment = {name: project.environment[name] for name in ("WETHINK_CONFIG", "DAGSTER_HOME")}
        return CliRunner().invoke(app, list(arguments), env=environment)

    return run


def opened(wethink: Wethink, service: BatchDouble) -> dict[str, object]:
    """The one job that a run leaves open."""
    service.batch_faults.waits = True
    assert wethink("run").exit_code == 3
    [job] = json.loads(wethink("jobs", "--json").stdout)
    return dict(job)


def test_without_any_it_says_so(wethink: Wethink) -> None:
    assert wethink("jobs").stdout.strip() == "no batch job is open"
    assert json.loads(wethink("jobs", "--json").stdout) == []
    refused = wethink("jobs", "--cancel")
    assert refused.exit_code == 1 and "--cancel needs a JOB, or --all" in str(refused.exception)


@pytest.mark.slow
def test_an_open_job_is_listed_cancelled_and_gone_on_with(wethink: Wethink, service: BatchDouble) -> None:
    job = opened(wethink, service)
    assert (job["stage"], job["batch"], job["calls"], job["state"]) == ("descriptions", "coco.000001", 2, "submitted")
    assert job["status"] in ("validating", "in_progress", "finalizing")
    assert job["id"] in wethink("jobs").stdout

    unknown = wethink("jobs", "nothing", "--cancel")
    assert unknown.exit_code == 1 and str(job["job"]) in str(unknown.exception)

    service.batch_faults.answers = 1
    cancelled = wethink("jobs", str(job["job"])[:20], "--cancel")
    assert cancelled.exit_code == 0 and "1 of 1 jobs are being cancelled" in cancelled.stdout
    stopped = wethink("run")
    assert stopped.exit_code == 1 and "was cancelled at its service after 1 of 2 calls" in stopped.output
    again = wethink("jobs", str(job["id"]), "--cancel")
    assert again.exit_code == 1, "it has ended, and is open no more"

    service.batch_faults.ends = "completed"
    last = wethink("run", "--wait", "--json")
    assert last.exit_code == 0 and json.loads(last.stdout)["rows"] == 2
    assert service.paid.total() == len(service.paid), "nothing was paid twice"


@pytest.mark.slow
def test_replies_about_an_erased_image_are_not_kept(wethink: Wethink, service: BatchDouble, project: Project) -> None:
    job = opened(wethink, service)
    store = Path(Store.open(project.settings.store_url).root)
    image = str(pl.read_parquet(next(store.glob("tables/images/*/*/results.parquet")))["image_id"][0])
    shown = wethink("retract", image, "--dry-run")
    assert "1 open batch jobs have calls about it" in shown.stdout and f"wethink jobs {job['job']}" in shown.stdout
    assert wethink("retract", image, "--erase", "--yes").exit_code == 0

    service.batch_faults.waits = False
    last = wethink("run", "--wait", "--json")
    assert last.exit_code == 0, last.output
    assert json.loads(last.stdout)["rows"] == 1
    items = pl.concat(pl.read_parquet(path, columns=["item"]) for path in store.glob("journal/**/part-*.parquet"))[
        "item"
    ]
    assert items.len() and not items.str.starts_with(image).any()
