"""Runs that this process executes itself, as runs of the code location: the UI can then execute them again, and their log says where they ran."""

import json
from typing import Any

import dagster as dg

from wethink_assets.defs.resources import NOT_RETRIED
from wethink_assets.defs.runs.liveness import this_process

LOCATION = "wethink"  # as in workspace.yaml and in [tool.dg] of pyproject.toml
REPOSITORY = "__repository__"  # Dagster's name for the definitions of a module


def origin_of(job: str) -> Any:
    """The place of a job in the code location.

    Dagster exports no constructor of it, but reads what it wrote with any later release: this is how it stores the origin of a run.
    """
    location = {"__class__": "RegisteredRepositoryLocationOrigin", "location_name": LOCATION}
    repository = {
        "__class__": "ExternalRepositoryOrigin",
        "repository_location_origin": location,
        "repository_name": REPOSITORY,
    }
    origin = {"__class__": "ExternalPipelineOrigin", "external_repository_origin": repository, "pipeline_name": job}
    return dg.deserialize_value(json.dumps(origin))


def runs_of_this_process(instance: dg.DagsterInstance) -> dg.DagsterInstance:
    """The instance, which gives each run that `execute_in_process` creates on it the origin of its job, and notes this process as its own.

    Without an origin the UI refuses to execute a run again (dagster issue 19458), and `execute_in_process` takes none. The daemon leaves such a
    run to whoever started it: it retries none.
    """
    create = instance.create_run_for_job

    def create_run_for_job(job_def: dg.JobDefinition, **given: Any) -> dg.DagsterRun:
        given["tags"] = {**NOT_RETRIED, **(given.get("tags") or {})}
        run = create(job_def=job_def, **{"remote_job_origin": origin_of(job_def.name), **given})
        this_process().announce(instance, run)
        return run

    instance.create_run_for_job = create_run_for_job  # type: ignore[method-assign, assignment]
    return instance
