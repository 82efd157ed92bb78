"""Emission of OpenLineage events: each is kept once in the store, then sent where OpenLineage's own settings say so.

`openlineage/<parent run>/<job>.<partition>.{start,end}.json` is created only if absent, so no run has two starts or two ends, whoever resumes it.
Nothing here can fail or hold up a run: what cannot be kept or sent is logged, and `wethink sync` makes up for it from the store.
`OPENLINEAGE_DISABLED=true` turns all of it off.
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import polars as pl

from wethink_assets.dataset.lineage.openlineage.delivery import Delivery
from wethink_assets.dataset.lineage.openlineage.events import (
    Event,
    LineageRun,
    TableReference,
    commit_inputs,
    commit_output,
    commit_run,
    end_event,
    start_event,
)
from wethink_assets.errors import WeThinkError
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables

__all__ = ["FOLDER", "completed", "emit_unsent", "ended", "outcome", "recorded", "settle", "stage_recorded", "started"]

FOLDER = "openlineage"
START, END, SENT = ".start.json", ".end.json", ".sent"
LONGEST_MESSAGE = 2_000
log = logging.getLogger(__name__)


def started(
    store: Store, run: LineageRun, inputs: Callable[[], Iterable[TableReference]], at: datetime | None = None
) -> None:
    """A run began. `inputs` is asked only where events are wanted."""
    _emit(store, run, START, lambda: start_event(store, run, at or datetime.now(UTC), inputs()))


def completed(store: Store, commit: Commit, results: pl.Schema | None = None, run_id: str = "") -> None:
    """A stage published a commit, or found it there already; `run_id`: the Dagster run, where that is not the one that made the commit."""
    made = commit.model_copy(update={"run_id": run_id or commit.run_id})
    run = commit_run(made)
    _emit(
        store,
        run,
        END,
        lambda: end_event(store, run, datetime.now(UTC), commit_inputs(commit), commit_output(store, commit, results)),
    )


def ended(store: Store, run: LineageRun, error: BaseException | None = None) -> None:
    """A run ended without an output: it failed by an error, or was stopped."""
    message = _message(error) if error is not None else ""
    _emit(store, run, END, lambda: end_event(store, run, datetime.now(UTC), error=message, stopped=True))


@contextmanager
def stage_recorded(
    store: Store,
    run: LineageRun,
    inputs: Callable[[], Iterable[TableReference]],
    stops: tuple[type[BaseException], ...] = (),
) -> Iterator[None]:
    """Record that a stage's run began and, where this block raises, that it failed or, by one of `stops`, was stopped.

    That it completed is for `completed` to say, when its tables are published.
    """
    started(store, run, inputs)
    try:
        yield
    except stops:
        ended(store, run)
        raise
    except BaseException as error:
        ended(store, run, error)
        raise


def outcome(
    store: Store,
    run: LineageRun,
    inputs: Callable[[], Iterable[TableReference]],
    outputs: Callable[[], Iterable[TableReference]],
) -> None:
    """A run ended with these outputs."""
    _emit(store, run, END, lambda: end_event(store, run, datetime.now(UTC), inputs(), outputs()))


@contextmanager
def recorded(
    store: Store,
    run: LineageRun,
    inputs: Callable[[], Iterable[TableReference]],
    outputs: Callable[[], Iterable[TableReference]],
) -> Iterator[None]:
    """Record a run that is done in this block: it failed where the block raises, else it completed with these outputs."""
    with stage_recorded(store, run, inputs):
        yield
    outcome(store, run, inputs, outputs)


def settle(store: Store, over: Callable[[str], bool]) -> int:
    """Write the end of runs that began and whose process ended before it could say so; returns how many.

    Args:
        over: whether the Dagster run of this id is over.

    A stage that published its table did complete; any other failed.
    """
    if not enabled():
        return 0
    settled = 0
    for parent in store.names(FOLDER):
        names = set(store.names(f"{FOLDER}/{parent}"))
        begun = sorted(name.removesuffix(START) for name in names if name.endswith(START))
        open_runs = [name for name in begun if name + END not in names]
        if not open_runs or not over(parent):
            continue
        for name in open_runs:
            job, _, partition = name.partition(".")
            commit = Tables(store).current(job, partition)
            if commit is not None and commit.run_id == parent:
                completed(store, commit)
            else:
                run = LineageRun(job=job, partition=partition, parent=parent)
                ended(store, run, WeThinkError("its process ended before it did"))
            settled += 1
    return settled


def emit_unsent(store: Store) -> int:
    """Send the events of the store that were not sent yet, in their order, and wait for it; returns how many were.

    Nothing is sent where OpenLineage's settings name no endpoint. It ends at the first that cannot be sent.
    """
    delivery = Delivery.configured()
    if delivery is None or not enabled():
        return 0
    paths = store.files(FOLDER)
    sent = {path.removesuffix(SENT) for path in paths if path.endswith(SENT)}
    count = 0
    for path in sorted(
        (path for path in paths if path.endswith((START, END)) and path not in sent),
        key=lambda path: (path.rpartition("/")[0], path.endswith(END), path),
    ):
        if not delivery.send_now(json.loads(store.read(path))):
            break
        store.create(path + SENT, b"")
        count += 1
    return count


def enabled() -> bool:
    """Whether events are wanted at all."""
    return os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() != "true"


def _emit(store: Store, run: LineageRun, suffix: str, build: Callable[[], Event]) -> None:
    if not enabled():
        return
    path = f"{FOLDER}/{run.parent or run.run_id}/{run.job}.{run.partition}{suffix}"
    try:
        event = build()
        if store.create(path, _written(event)):
            delivery = Delivery.configured()
            if delivery is not None:
                delivery.send_later(event, lambda: store.create(path + SENT, b""))
    except Exception as error:  # a fault of what tells of runs is none of theirs
        kind = "" if isinstance(error, WeThinkError) else f"{type(error).__name__}: "
        log.warning("OpenLineage event %s was not kept: %s%s", path, kind, error)


def _written(event: Any) -> bytes:
    return json.dumps(event, ensure_ascii=False, sort_keys=True).encode()


def _message(error: BaseException) -> str:
    """Our own errors in their words, which hold no secrets; of others their class alone."""
    while error is not None and not isinstance(error, WeThinkError) and error.__cause__ is not None:
        error = error.__cause__
    return str(error)[:LONGEST_MESSAGE] if isinstance(error, WeThinkError) else type(error).__name__
