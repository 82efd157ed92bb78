"""For all tests: a store on a disk and on a real S3 server, a PostgreSQL server, and the order in which long files run."""

import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from wethink_assets.storage import first_contact
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.postgres_project import in_postgres
from wethink_assets_tests.support.postgres_server import PostgresServer, postgres_server
from wethink_assets_tests.support.project import make_project
from wethink_assets_tests.support.s3_server import S3Server, s3_server

TESTS = Path(__file__).parent
LONGEST_FIRST = (
    "models/servers/test_servers_pretrained.py",
    "test_full_run.py",
    "test_strange_paths.py",
    "test_tutorials.py",
    "evaluation/vlmevalkit/test_scoring.py",
    "rewards/equivalence/test_comparison_pools.py",
    "synthesis/calls/test_replies_fuzzed.py",
    "defs/automation/test_nightly_daemon.py",
    "defs/test_defs_ui.py",
    "models/servers/test_servers_vllm.py",
    "commands/training/test_train.py",
    "evaluation/test_evaluation.py",
    "models/dialects/test_services_llamacpp.py",
    "commands/training/test_calibrate.py",
    "benchmarks/test_crash.py",
    "synthesis/test_synthesis_non_replies.py",
    "commands/synthesis/test_budget.py",
    "training/trainers/test_vllm.py",
    "training/trainers/test_checkpoints.py",
    "commands/training/test_study.py",
    "dataset/test_calibration.py",
    "commands/synthesis/test_run.py",
    "defs/automation/test_sensors.py",
    "dataset/lineage/test_version.py",
    "models/servers/test_leases_restart.py",
    "storage/test_access_faults.py",
    "dataset/versions/test_verification.py",
    "defs/runs/test_driver.py",
    "storage/journal/test_journal_in_use.py",
    "defs/stages/test_assets_failing.py",
    "stages/test_spec_plugin.py",
    "models/endpoint/test_client_faults.py",
    "dataset/takedown/test_erasure.py",
    "storage/test_store_paths.py",
    "defs/runs/test_liveness.py",
    "models/servers/test_servers.py",
    "defs/runs/test_driver_budgets.py",
    "test_earlier_store.py",
    "models/servers/test_supervisor_killed.py",
    "synthesis/service_check/test_check.py",
)
"""Files whose slow tests take a minute, then those whose default tests take half a minute: begun first, so that none runs on alone in the end."""


def pytest_configure() -> None:
    """No store of a test outlives a power cut, but for those of `storage/test_power_cuts.py`: nothing waits for the disk.

    Heed SIGINT also where a shell's `&` had it ignored: Dagster has SIGTERM treated alike, and all processes started later would inherit that."""
    os.environ.setdefault("WETHINK_SYNC", "0")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def asked_by_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that another test ran in this process changes nothing: services are asked at first contact by commands alone."""
    monkeypatch.setattr(first_contact, "_at_once", False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, each as a whole; `make test` and `make test-slow` hand files out in this order."""
    order = {TESTS / name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path, len(order)))


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A running S3 server, one for the whole session."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL server, one for the whole session."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_tables(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with Dagster's tables and nothing in them, for others to be copies of (`new_database("TEMPLATE ...")`)."""
    from wethink_assets.defs.runs.instance import project_instance  # Dagster, which most tests do without

    name = postgres.new_database()
    with pytest.MonkeyPatch.context() as patch:
        in_postgres(make_project(tmp_path_factory.mktemp("tables"), None, images=1), postgres.url(name), patch)
        with project_instance():
            pass
    return name


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store, once on this disk and once on S3."""
    if request.param == "local":
        return Store.open(str(tmp_path / "store"))
    server = request.getfixturevalue("s3")
    return Store.open(f"s3://{server.bucket}/{uuid.uuid4().hex}", **server.options)
