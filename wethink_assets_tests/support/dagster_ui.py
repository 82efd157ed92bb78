"""The Dagster UI's server and daemon on a project, spoken to as the UI does: by GraphQL."""

import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wethink_assets_tests.support.project import Project

SELECTOR = {"repositoryLocationName": "wethink", "repositoryName": "__repository__"}
LAUNCH = """
mutation Launch($executionParams: ExecutionParams!) {
  launchPipelineExecution(executionParams: $executionParams) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on InvalidSubsetError { message }
  }
}"""
REEXECUTE = """
mutation Again($reexecutionParams: ReexecutionParams!) {
  launchRunReexecution(reexecutionParams: $reexecutionParams) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}"""
BACKFILL = """
mutation Backfill($backfillParams: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $backfillParams) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""
RUN = """
query Run($id: ID!) {
  runOrError(runId: $id) {
    ... on Run {
      status
      tags { key value }
      eventConnection(limit: 1000) { events {
        __typename
        ... on ExecutionStepFailureEvent { stepKey error { message causes { message } } }
        ... on RunFailureEvent { message }
      } }
    }
  }
}"""
FINISHED = ("SUCCESS", "FAILURE", "CANCELED")


class Ui:
    """A running server; `url` is its address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Answer to a GraphQL query; its errors fail the test."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def launch(
        self,
        job: str,
        assets: list[str],
        partition: str | None = None,
        config: Any = None,
        tags: dict[str, str] | None = None,
    ) -> str:
        """Launch a run as the UI's buttons and launchpad do; returns its id."""
        of_run = {**(tags or {}), **({} if partition is None else {"dagster/partition": partition})}
        keys = [{"path": asset.split("/")} for asset in assets]
        selection = {"assetSelection": keys, "assetCheckSelection": None} if assets else {}
        parameters = {
            "mode": "default",
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in of_run.items()]},
            "runConfigData": json.dumps(config or {}),
            "selector": {**SELECTOR, "jobName": job, **selection},
        }
        told = self.ask(LAUNCH, executionParams=parameters)["launchPipelineExecution"]
        assert told["__typename"] == "LaunchRunSuccess", told
        run_id: str = told["run"]["runId"]
        return run_id

    def reexecute(self, run_id: str, strategy: str = "ALL_STEPS") -> str:
        """Execute a run again, as its button does; returns the id of the new run."""
        told = self.ask(REEXECUTE, reexecutionParams={"parentRunId": run_id, "strategy": strategy})
        answer = told["launchRunReexecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        again: str = answer["run"]["runId"]
        return again

    def backfill(self, assets: list[str], partitions: list[str]) -> str:
        """Launch a backfill of assets over partitions; returns its id."""
        keys = [{"path": asset.split("/")} for asset in assets]
        told = self.ask(BACKFILL, backfillParams={"assetSelection": keys, "partitionNames": partitions, "tags": []})
        answer = told["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        backfill_id: str = answer["backfillId"]
        return backfill_id

    def run(self, run_id: str) -> dict[str, Any]:
        """A run with status, tags and events."""
        found: dict[str, Any] = self.ask(RUN, id=run_id)["runOrError"]
        return found

    def finished(self, run_id: str, within: float = 300) -> dict[str, Any]:
        """The run once it is over."""
        return waited(lambda: run if (run := self.run(run_id))["status"] in FINISHED else None, within, f"run {run_id}")

    def page(self, path: str) -> int:
        """Status of a page of the UI."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=60) as response:
            return int(response.status)


def waited(what: Any, within: float, name: str) -> Any:
    """First true value of `what()`; fails the test when there is none in time."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        value = what()
        if value:
            return value
        time.sleep(0.5)
    raise AssertionError(f"{name}: not within {within} s")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def dagster_ui(project: Project) -> Iterator[Ui]:
    """`dagster dev` on the project, as `make ui` starts it, on a free port."""
    port = free_port()
    process = project.start("dagster", "dev", "-h", "127.0.0.1", "-p", str(port))
    ui = Ui(f"http://127.0.0.1:{port}")

    def is_up() -> bool:
        assert process.poll() is None, (project.home / "process.log").read_text()[-3000:]
        try:
            found = ui.ask("{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return [entry["loadStatus"] for entry in found["workspaceOrError"]["locationEntries"]] == ["LOADED"]

    try:
        waited(is_up, 300, "the UI")
        yield ui
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except Exception:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
