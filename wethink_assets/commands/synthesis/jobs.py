"""`wethink jobs`: the batch jobs that services work on, how far they are, and their cancellation."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from wethink_assets.models.endpoint.batch_api import ServiceJob
    from wethink_assets.storage.store import Store
    from wethink_assets.synthesis.batch_jobs.records import JobRecord


def jobs(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="JOB...", help="Jobs by name, by a prefix of it or by the service's id; all if none."),
    ] = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Have their services stop them; calls answered by then stay paid and used.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="With --cancel and no JOB: cancel all open jobs.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Show what the store knows; ask no service.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """List the open batch jobs of roles with `mode = "batch"`: stage, batch, calls, and what their services say of them.

    Jobs are made, resumed and settled by `wethink run` and by the sensor `batch_jobs`. After --cancel the next run takes in what was
    answered, says that the job was cancelled, and the one after that asks for the rest.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.errors import ConfigError
    from wethink_assets.models.endpoint.batch_api import ServiceJob
    from wethink_assets.storage.store import Store
    from wethink_assets.synthesis.batch_jobs.polling import job_states

    if cancel and (offline or not (names or everything)):
        raise ConfigError(
            "--cancel asks the services, so it cannot be --offline" if offline else "--cancel needs a JOB, or --all"
        )
    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    chosen = _chosen(store, names or [])
    submitted = [job for job in chosen if job.state == "submitted"]
    states = {} if offline else job_states(settings, submitted, cancel)
    rows = [_row(job, states.get(job.name)) for job in chosen]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    else:
        _show(rows)
    failed = [state for state in states.values() if not isinstance(state, ServiceJob)]
    for message in dict.fromkeys(failed):
        typer.echo(f"wethink: {message}", err=True)
    if cancel and not as_json:
        typer.echo(f"{len(states) - len(failed)} of {len(chosen)} jobs are being cancelled or have ended")
    if failed:
        raise typer.Exit(1)


def _chosen(store: "Store", names: list[str]) -> list["JobRecord"]:
    """Open jobs that go by these names, all where there are none. Raises `ConfigError` for a name that none or several bear."""
    from wethink_assets.errors import ConfigError
    from wethink_assets.synthesis.batch_jobs.records import open_jobs

    known = sorted((job for job in open_jobs(store) if job.state != "ended"), key=lambda job: (job.prepared, job.name))
    chosen = []
    for name in names:
        matches = [job for job in known if name in (job.name, job.job_id)]
        matches = matches or [job for job in known if job.name.startswith(name)]
        if len(matches) != 1:
            candidates = ", ".join(job.name for job in (matches or known)[:5]) or "none is open"
            raise ConfigError(f"{len(matches)} open batch jobs go by the name {name!r}; open: {candidates}")
        chosen += matches
    return list({job.name: job for job in chosen}.values()) if names else known


def _row(job: "JobRecord", state: "ServiceJob | str | None") -> dict[str, Any]:
    from wethink_assets.models.endpoint.batch_api import ServiceJob

    return {
        "job": job.name,
        "id": job.job_id,
        "stage": job.stage,
        "batch": job.batch,
        "role": job.role,
        "model": job.model,
        "service": job.url,
        "calls": job.calls,
        "state": job.state,
        "status": state.status if isinstance(state, ServiceJob) else "",
        "prepared": job.prepared.isoformat(timespec="seconds"),
        "hours": round((datetime.now(UTC) - job.prepared).total_seconds() / 3600, 2),
        "budget": job.budget,
    }


def _show(rows: list[dict[str, Any]]) -> None:
    from wethink_assets.commands.terminal import table

    if not rows:
        typer.echo("no batch job is open")
        return
    calls = sum(row["calls"] for row in rows)
    shown = [
        [
            row["job"],
            row["id"] or "-",
            f"{row['calls']:,}",
            row["status"] or row["state"],
            f"{row['hours']:.1f}",
            row["budget"],
        ]
        for row in rows
    ]
    table(f"{len(rows)} open batch jobs, {calls:,} calls", ["job", "id", "calls", "status", "hours", "budget"], shown)
