"""The audit of the locks: what is found fails until somebody has looked at it, and an advisory service that is out of reach fails nothing."""

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from wethink_assets_tests.support.http_servers import threaded

ROOT = Path(__file__).parent.parent
DELIVERY = ROOT / ".venv-delivery/bin/pip-audit"
needs_delivery = pytest.mark.skipif(not DELIVERY.exists(), reason="no .venv-delivery: `make setup-delivery`")
TODAY = date(2026, 11, 28)


@cache
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "locks/audit.py")
    assert spec and spec.loader
    module = sys.modules["audit"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entry(id: str = "CVE-2026-1", package: str = "pillow", until: date = TODAY) -> Any:
    return audit().Triage(id, package, "We never call what is faulty.", until)


def test_a_finding_is_open_until_somebody_looked_at_it_and_again_when_its_time_has_come() -> None:
    finding = audit().Finding("Pillow", "12.0", ("GHSA-a", "CVE-2026-1"), ("12.1",))
    left = audit().open_findings
    assert left([finding], [entry()], TODAY) == []
    ((_, advice),) = left([finding], [], TODAY)
    assert "mended in 12.1" in advice and "advisories.toml" in advice
    ((_, advice),) = left([finding], [entry(until=TODAY - timedelta(1))], TODAY)
    assert "looked at again by 2026-11-27" in advice
    assert left([finding], [entry(package="other")], TODAY) and left([finding], [entry(id="CVE-2026-11")], TODAY)


@pytest.mark.parametrize(
    "table",
    [
        'id = "CVE-1"\npackage = "a"\nreason = "It is never called here."',
        'id = "CVE-1"\npackage = "a"\nreason = "ok"\nuntil = 2027-01-01',
        'id = "CVE-1"\npackage = "a"\nreason = "It is never called here."\nuntil = "soon"',
        'id = "CVE-1"\npackage = "a"\nreason = "It is never called here."\nuntil = 2099-01-01',
        'id = "CVE-1"\npackage = "a"\nreason = "It is never called here."\nuntil = 2027-01-01\nlock = "cpu"',
    ],
)
def test_an_entry_says_why_and_until_when(table: str, tmp_path: Path) -> None:
    path = tmp_path / "advisories.toml"
    path.write_text(f"[[advisory]]\n{table}\n")
    with pytest.raises(SystemExit, match="advisory 1"):
        audit().triaged(path)


def test_the_file_of_the_project_is_right_and_nothing_in_it_is_overdue() -> None:
    entries = audit().triaged(ROOT / "locks/advisories.toml")
    assert [one.id for one in entries if one.until < date.today()] == []


def test_every_pin_of_a_lock_is_asked_about() -> None:
    for lock in (ROOT / "locks").glob("*.lock"):
        lines = [line for line in lock.read_text().splitlines() if re.match(r"[A-Za-z0-9]", line)]
        assert len(audit().PIN.findall(lock.read_text())) == len(lines), lock


@contextmanager
def advisories(faults: Mapping[str, list[dict[str, Any]]], deaf_after: int = 10**6) -> Iterator[tuple[str, list[str]]]:
    """A stand-in of OSV's API, which knows of these faults by package; after so many questions it hangs up."""
    questions: list[str] = []
    known = {"jinja2": [fault("PYSEC-2014-8", "jinja2", "2.7.2")]}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = asked["package"]["name"].lower()
            questions.append(name)
            if len(questions) > deaf_after:
                return self.connection.close()
            body = json.dumps(
                {"vulns": faults.get(name, known.get(name, []) if asked["version"] == "2.4" else [])}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with threaded(Handler) as url:
        yield f"{url}/v1/query", questions


def fault(id: str, package: str, fixed: str) -> dict[str, Any]:
    """A fault in OSV's form."""
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]
    return {
        "id": id,
        "aliases": ["CVE-2026-1"],
        "summary": "It is faulty.",
        "affected": [{"package": {"name": package, "ecosystem": "PyPI"}, "ranges": ranges}],
        "published": "2026-01-01T00:00:00Z",
    }


def run(tmp_path: Path, service: str, *arguments: str, triage: str = "") -> "subprocess.CompletedProcess[str]":
    (tmp_path / "advisories.toml").write_text(triage)
    command = [sys.executable, str(ROOT / "locks/audit.py"), "consumer-datasets", "--service", service]
    command += ["--triage", str(tmp_path / "advisories.toml"), "--sbom", str(tmp_path / "sbom"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@needs_delivery
@pytest.mark.slow
def test_pip_audit_asks_about_each_package_and_what_it_finds_fails_until_it_is_triaged(tmp_path: Path) -> None:
    pins = audit().PIN.findall((ROOT / "locks/consumer-datasets.lock").read_text())
    with advisories({"pyarrow": [fault("GHSA-1", "pyarrow", "99.0")]}) as (service, questions):
        done = run(tmp_path, service)
        assert done.returncode == 1 and "CVE-2026-1 GHSA-1: mended in 99.0" in done.stdout, done
        assert set(questions) == {audit()._normal(name) for name, _, _ in pins} | {"jinja2"}
        accepted = '[[advisory]]\nid = "CVE-2026-1"\npackage = "pyarrow"\nreason = "We read our own files alone."\n'
        until = date.today() + timedelta(30)
        assert run(tmp_path, service, triage=f"{accepted}until = {until}\n").returncode == 0
        late = run(tmp_path, service, triage=f"{accepted}until = 2026-01-01\n")
        assert late.returncode == 1 and "looked at again by 2026-01-01" in late.stdout
    bill = json.loads((tmp_path / "sbom/consumer-datasets.cdx.json").read_text())
    assert {(one["name"], one["version"]) for one in bill["components"]} == {
        (name, version) for name, version, _ in pins
    }
    assert bill["bomFormat"] == "CycloneDX"


@needs_delivery
@pytest.mark.slow
def test_a_service_out_of_reach_is_told_and_fails_nothing(tmp_path: Path) -> None:
    gone = run(tmp_path, "http://127.0.0.1:9/v1/query")
    assert (
        gone.returncode == 0
        and "NOT AUDITED" in gone.stderr
        and (tmp_path / "sbom/consumer-datasets.cdx.json").exists()
    )
    assert run(tmp_path, "http://127.0.0.1:9/v1/query", "--require").returncode == 1
    with advisories({}, deaf_after=5) as (service, _):  # it goes away in the middle
        broken = run(tmp_path, service)
        assert broken.returncode == 0 and "NOT AUDITED" in broken.stderr and "known faults" not in broken.stdout, broken


def test_what_answers_must_know_a_fault_that_everybody_knows() -> None:
    with advisories({}) as (service, _):
        assert audit().unreached(service) == ""
    with advisories({"jinja2": []}) as (service, _):
        assert "knows no fault" in audit().unreached(service)
    assert "refused" in audit().unreached("http://127.0.0.1:9/v1/query")
