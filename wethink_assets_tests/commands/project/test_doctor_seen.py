"""What `wethink doctor --all` looks at: each subject is there, a fault among them is a finding with advice, and no secret is shown."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.commands.project import machine
from wethink_assets.defs.runs.instance import project_instance
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.project import Project, make_project
from wethink_assets_tests.support.s3_server import S3Server, free_port


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = make_project(tmp_path / "project", None, images=1)
    monkeypatch.setenv("DAGSTER_HOME", str(made.home))
    monkeypatch.setenv("WETHINK_CONFIG", str(made.home / "wethink.toml"))
    return made


def doctor() -> tuple[int, dict[str, list[str]], list[str]]:
    """Exit status, what was seen by subject, and the findings."""
    done = CliRunner().invoke(app, ["doctor", "--all", "--json"])
    told = json.loads(done.stdout)
    seen: dict[str, list[str]] = {}
    for one in told["seen"]:
        seen.setdefault(one["subject"], []).append(one["what"])
    assert all(one["advice"] for one in told["findings"])
    return done.exit_code, seen, [one["what"] for one in told["findings"]]


class Answers(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        assert "Authorization" not in self.headers
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Answers,), {}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_sound_project_has_every_subject_and_no_finding(project: Project) -> None:
    code, seen, findings = doctor()
    assert (code, findings) == (0, [])
    assert set(seen) == {"versions", "GPU", "store", "space", "database", "daemon", "pool"}
    assert "dagster 1.13" in seen["versions"][0] and seen["database"] == ["SQLite"]
    assert seen["pool"] == ["endpoint: 0 of 4 taken, 0 steps wait", "gpu: 0 of 1 taken, 0 steps wait"]
    assert len(seen["space"]) == 3 and seen["daemon"] == ["never ran"]
    assert CliRunner().invoke(app, ["doctor"]).stdout == "all is well\n"


def test_services_behind_roles_are_timed_and_those_that_are_down_are_found(
    tmp_path: Path, service: ThreadingHTTPServer
) -> None:
    good, closed = f"http://127.0.0.1:{service.server_port}/v1", free_port()
    down = f"http://me:s3cret@127.0.0.1:{closed}/v1"
    project = make_project(tmp_path / "project", good, images=1)
    role = {"provider": "endpoint", "model": "m"}
    project.configure([], {"describer": {**role, "url": good}, "judge": {**role, "url": down}}, "standard")
    for status in (200, 401, 404, 501):
        service.RequestHandlerClass.status = status  # type: ignore[attr-defined]
        answering, failing = list(machine.look_at_endpoints(project.settings))
        assert answering.what.startswith(f"{good} (describer): answers in ") and not answering.advice
        assert failing.what.startswith(f"http://***@127.0.0.1:{closed}/v1 (judge): does not answer (")
        assert failing.advice == "start it, or correct the url of [roles.judge]" and "s3cret" not in repr(failing)
    service.RequestHandlerClass.status = 503  # type: ignore[attr-defined]
    assert next(iter(machine.look_at_endpoints(project.settings))).what.endswith("(describer): answers with 503")


def test_a_full_disk_and_a_closed_pool_are_found(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LEAST_SPACE", 2**70)
    with project_instance() as instance:
        instance.event_log_storage.set_concurrency_slots("endpoint", 0)
    code, _, findings = doctor()
    assert code == 1 and len(findings) == 4
    assert any(what.startswith("space: store in ") for what in findings)
    assert "pool: endpoint: 0 of 0 taken, 0 steps wait" in findings


def test_rights_on_a_store_are_tried_and_nothing_is_left(store: Store) -> None:
    store.publish("here", b"1")
    (seen,) = machine.look_at_store(store)
    assert not seen.advice and store.names("") == ["here"]


def test_a_store_that_refuses_writes_is_found(s3: S3Server) -> None:
    (seen,) = machine.look_at_store(Store.open(f"s3://{s3.bucket}/seen", **{**s3.options, "secret": "wrong"}))
    assert seen.what.startswith("the store cannot be written: ") and seen.advice == "check [store] and its rights"
