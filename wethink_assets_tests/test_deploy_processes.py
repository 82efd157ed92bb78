"""The processes of deploy/compose.yaml, started here as it starts them: a batch is materialized, and all end when they are told to."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest
import yaml

from wethink_assets_tests.support.dagster_ui import Ui, free_port, waited
from wethink_assets_tests.support.postgres_server import OWNER, PostgresServer
from wethink_assets_tests.support.project import Project
from wethink_assets_tests.support.s3_server import KEY, SECRET, S3Server

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
LOADED = "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"


class Deployment:
    """Services of the file on this machine: what is a host, a port or a folder of a container is one of here, and nothing else is changed."""

    def __init__(self, folder: Path, postgres: PostgresServer, s3: S3Server) -> None:
        self.folder, self.web, self.grpc = folder, free_port(), free_port()
        url = postgres.url(postgres.new_database())
        login = re.escape("postgresql://wethink:${POSTGRES_PASSWORD:?set it in .env}@postgres:5432/dagster")
        assert OWNER == "wethink"
        self.changes = (
            (login, url),
            (r"\$\{AWS_ACCESS_KEY_ID:[^}]*\}", KEY),
            (r"\$\{AWS_SECRET_ACCESS_KEY:[^}]*\}", SECRET),
            ("http://seaweedfs:8333", s3.endpoint),
            ("/var/lib/dagster", str(folder / "home")),
            ("/etc/wethink", str(folder / "etc")),
            ('"/images/', f'"{folder}/images/'),
            ("host: code", "host: localhost"),
            (r"\b0\.0\.0\.0\b", "127.0.0.1"),
            (r"\b4000\b", str(self.grpc)),
            (r"\b3000\b", str(self.web)),
        )
        for name in ("home", "etc", "tmp"):
            (folder / name).mkdir(parents=True)
        for name, target in (("dagster.yaml", "home"), ("workspace.yaml", "etc"), ("wethink.toml", "etc")):
            (folder / target / name).write_text(self.here((DEPLOY / name).read_text()))
        self.services = yaml.safe_load(self.here((DEPLOY / "compose.yaml").read_text()))["services"]
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def here(self, text: str) -> str:
        for pattern, value in self.changes:
            text = re.sub(pattern, lambda _, value=value: value, text)  # type: ignore[misc]
        return text

    def environment(self, service: str) -> dict[str, str]:
        """What the image sets, then what the file does."""
        lines = re.findall(r"^(?:ENV|   ) ([A-Z_]+)=(\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
        image = {name: self.here(value) for name, value in lines if name != "PATH"}
        image |= {"HOME": str(self.folder / "tmp"), "XDG_CACHE_HOME": str(self.folder / "tmp"), "OMP_NUM_THREADS": "1"}
        kept = {name: os.environ[name] for name in ("LANG", "PYTHONPATH", "TMPDIR") if name in os.environ}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {
            **kept,
            **image,
            **self.services[service]["environment"],
            "PATH": path,
            "WETHINK_SYNC": "0",
            "WETHINK_GROWTH__AUTOMATIC": "false",
        }

    def start(self, service: str) -> None:
        with (self.folder / f"{service}.log").open("wb") as log:
            self.processes[service] = subprocess.Popen(
                self.services[service]["command"], env=self.environment(service), cwd=self.folder / "home",
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def run(self, service: str, command: list[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            env=self.environment(service),
            cwd=self.folder / "home",
            capture_output=True,
            text=True,
            timeout=150,
        )

    def healthy(self, service: str) -> bool:
        """As Compose asks."""
        assert self.processes[service].poll() is None, (self.folder / f"{service}.log").read_text()[-3000:]
        return self.run(service, self.services[service]["healthcheck"]["test"][1:]).returncode == 0

    def stop(self) -> dict[str, int]:
        """End all as Compose does, and say how each ended."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(60) for name, process in self.processes.items()}

    def kill(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)


@pytest.mark.slow
def test_the_processes_of_compose_materialize_a_batch(tmp_path: Path, postgres: PostgresServer, s3: S3Server) -> None:
    deployment = Deployment(tmp_path / "host", postgres, s3)
    Project(deployment.folder).add_images("coco", 2, seed=1)
    try:
        made = deployment.run("bucket", deployment.services["bucket"]["command"])
        assert made.returncode == 0, made.stderr
        deployment.start("code")
        waited(lambda: deployment.healthy("code"), 180, "the code server")
        deployment.start("webserver")
        deployment.start("daemon")
        told = deployment.run("code", ["wethink", "register"])
        assert told.returncode == 0, told.stderr
        ui = Ui(f"http://127.0.0.1:{deployment.web}")

        def loaded() -> bool:
            try:
                entries = ui.ask(LOADED)["workspaceOrError"]["locationEntries"]
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                return False
            return [entry["loadStatus"] for entry in entries] == ["LOADED"]

        waited(loaded, 180, "the web server")
        run = ui.finished(ui.launch("__ASSET_JOB", ["images"], "coco.000001"), 240)
        assert run["status"] == "SUCCESS", run
        assert deployment.healthy("webserver") and deployment.healthy("daemon")
        assert not list((deployment.folder / "home").rglob("*.db")), "Dagster's databases are in PostgreSQL"
        told = deployment.run("code", ["wethink", "plan", "--json"])
        assert told.returncode == 0, told.stderr
        codes = deployment.stop()
        assert set(codes.values()) <= {0, -signal.SIGTERM, 128 + signal.SIGTERM}, codes
    finally:
        deployment.kill()
