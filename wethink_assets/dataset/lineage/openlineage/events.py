"""OpenLineage run events of stages, cuts and versions, built with the classes of the project's own client.

A job is an asset, a run one materialization of a partition of it, with the Dagster run as its parent. Data sets are the store's tables, named as
OpenLineage names files: by file system and path. Models and prompts are tags of the run. What an event says of a table follows from its commit, so
that the events of tables of before can be made at any time, and are the same.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import UUID, uuid5

import polars as pl

from wethink_assets.sources.batches import batch_path, membership_digest, read_membership
from wethink_assets.stages.order import upstream_of
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Tables

__all__ = ["LineageRun", "TableReference", "commit_output", "end_event", "job_namespace", "stage_inputs", "start_event"]

RUNS = UUID("6b1f6a3e-5d0c-4f5e-9d55-7c1c6a7c2b10")
"""Name space of run ids that are made of what ran."""
NAMESPACE = "wethink"
PARENT_JOB = "run"
MEMBERSHIP = "image_batches"
Event = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class LineageRun:
    """One materialization of a partition of a job.

    job: name of the asset; partition: batch or version; parent: id of the Dagster run, empty where there is none; code_version: of the job's
    logic; tags: what else identifies it, such as models and prompts; own_id: tells runs apart that have no parent.
    """

    job: str
    partition: str
    parent: str = ""
    code_version: str = ""
    tags: Mapping[str, str] | None = None
    own_id: str = ""

    @property
    def run_id(self) -> str:
        """The run's UUID: the same for the same materialization, whoever asks."""
        return str(uuid5(RUNS, "/".join((self.parent, self.own_id, self.job, self.partition))))


@dataclass(frozen=True, kw_only=True)
class TableReference:
    """A table that was read or written: its path below the store's root, its data version, rows and columns where they are known."""

    path: str
    data_version: str
    rows: int | None = None
    columns: tuple[tuple[str, str], ...] = ()


def stage_inputs(store: Store, stage: str, batch: str) -> tuple[TableReference, ...]:
    """The tables that a stage reads of a batch, as they are in force; of one that reads no other, the batch's membership."""
    upstream = upstream_of(stage)
    if not upstream:
        members = read_membership(store, batch)
        return (TableReference(path=batch_path(batch), data_version=membership_digest(members), rows=members.height),)
    commits = (Tables(store).current(asset, batch) for asset in upstream)
    return tuple(
        TableReference(path=_table(commit.asset, batch), data_version=commit.data_version, rows=commit.results)
        for commit in commits
        if commit is not None
    )


def commit_inputs(commit: Commit) -> tuple[TableReference, ...]:
    """The tables that a commit was made from, as it names them."""
    return tuple(
        TableReference(
            path=batch_path(commit.batch) if asset == MEMBERSHIP else _table(asset, commit.batch), data_version=digest
        )
        for asset, digest in sorted(commit.inputs.items())
    )


def commit_run(commit: Commit) -> LineageRun:
    """The run that made a commit."""
    models = {f"model.{role}": _model(identity) for role, identity in sorted(commit.models.items())}
    prompts = {f"prompt.{name}": sha256 for name, sha256 in sorted(commit.prompts.items())}
    return LineageRun(
        job=commit.asset,
        partition=commit.batch,
        parent=commit.run_id,
        code_version=commit.code_version,
        tags={**models, **prompts, "commit": str(commit.number)},
    )


def commit_output(store: Store, commit: Commit, results: pl.Schema | None = None) -> tuple[TableReference, ...]:
    """Both tables of a commit; the columns of its results are read where they are not given."""
    columns = results
    if columns is None:
        with store.open_read(f"{commit.folder}/results.parquet") as stream:
            columns = pl.Schema(pl.read_parquet_schema(stream))
    path = _table(commit.asset, commit.batch)
    return (
        TableReference(
            path=path, data_version=commit.data_version, rows=commit.results, columns=named_columns(columns)
        ),
        TableReference(path=f"{path}/rejections", data_version=commit.data_version, rows=commit.rejections),
    )


def named_columns(schema: pl.Schema) -> tuple[tuple[str, str], ...]:
    """Columns with their types, as text."""
    return tuple((name, str(kind)) for name, kind in schema.items())


def start_event(store: Store, run: LineageRun, at: datetime, inputs: Iterable[TableReference]) -> Event:
    """The event that a run began."""
    return _event(store, run, "START", at, inputs, ())


def end_event(
    store: Store,
    run: LineageRun,
    at: datetime,
    inputs: Iterable[TableReference] = (),
    outputs: Iterable[TableReference] = (),
    *,
    error: str = "",
    stopped: bool = False,
) -> Event:
    """The event that a run ended: `COMPLETE`, `FAIL` where there is an error, `ABORT` where it was stopped before its end."""
    state = "FAIL" if error else "ABORT" if stopped else "COMPLETE"
    return _event(store, run, state, at, inputs, outputs, error)


def job_namespace() -> str:
    """Name space of jobs: `OPENLINEAGE_NAMESPACE`, else `wethink`."""
    return os.environ.get("OPENLINEAGE_NAMESPACE") or NAMESPACE


def producer() -> str:
    """The package URL of what makes the events."""
    return f"pkg:pypi/wethink-assets@{_release()}"


def _release() -> str:
    try:
        return version("wethink-assets")
    except PackageNotFoundError:
        return "unknown"


def _table(asset: str, batch: str) -> str:
    return f"tables/{asset}/{batch}"


def _model(identity: Mapping[str, Any]) -> str:
    name = identity.get("model_id") or identity.get("model") or "unknown"
    revision = identity.get("revision")
    return f"{name}@{revision}" if revision else str(name)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return str(uuid5(RUNS, text))


def _event(
    store: Store,
    run: LineageRun,
    state: str,
    at: datetime,
    inputs: Iterable[TableReference],
    outputs: Iterable[TableReference],
    error: str = "",
) -> Event:
    from openlineage.client import event_v2
    from openlineage.client.facet_v2 import (
        error_message_run,
        job_type_job,
        parent_run,
        source_code_location_job,
        tags_run,
    )
    from openlineage.client.serde import Serde

    made_by: dict[str, Any] = {"producer": producer()}
    run_facets: dict[str, Any] = {}
    if run.parent:
        run_facets["parent"] = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=_uuid(run.parent)),
            job=parent_run.Job(namespace=job_namespace(), name=PARENT_JOB),
            **made_by,
        )
    if run.tags:
        tags = [tags_run.TagsRunFacetFields(key=key, value=value, source="WETHINK") for key, value in run.tags.items()]
        run_facets["tags"] = tags_run.TagsRunFacet(tags=tags, **made_by)
    if error:
        run_facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            message=error, programmingLanguage="PYTHON", **made_by
        )
    job_facets: dict[str, Any] = {
        "jobType": job_type_job.JobTypeJobFacet(
            processingType="BATCH", integration="WETHINK", jobType="ASSET", **made_by
        )
    }
    if run.code_version:
        job_facets["sourceCodeLocation"] = source_code_location_job.SourceCodeLocationJobFacet(
            type="package", url=producer(), version=run.code_version, tag=_release(), **made_by
        )
    event = event_v2.RunEvent(
        eventType=event_v2.RunState[state],
        eventTime=at.isoformat(),
        run=event_v2.Run(runId=run.run_id, facets=run_facets),
        job=event_v2.Job(namespace=job_namespace(), name=run.job, facets=job_facets),
        inputs=[_input(store, table) for table in inputs],
        outputs=[_output(store, table) for table in outputs],
        **made_by,
    )
    return Serde.to_dict(event)


def _input(store: Store, table: TableReference) -> Any:
    from openlineage.client import event_v2
    from openlineage.client.facet_v2 import input_statistics_input_dataset

    facets: dict[str, Any] = {}
    if table.rows is not None:
        facets["inputStatistics"] = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
            rowCount=table.rows, producer=producer()
        )
    namespace, name = _named(store, table.path)
    return event_v2.InputDataset(namespace=namespace, name=name, facets=_facets(table), inputFacets=facets)


def _output(store: Store, table: TableReference) -> Any:
    from openlineage.client import event_v2
    from openlineage.client.facet_v2 import output_statistics_output_dataset

    facets: dict[str, Any] = {}
    if table.rows is not None:
        facets["outputStatistics"] = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=table.rows, producer=producer()
        )
    namespace, name = _named(store, table.path)
    return event_v2.OutputDataset(namespace=namespace, name=name, facets=_facets(table), outputFacets=facets)


def _facets(table: TableReference) -> dict[str, Any]:
    from openlineage.client.facet_v2 import dataset_version_dataset, schema_dataset

    facets: dict[str, Any] = {}
    if table.data_version:
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(
            datasetVersion=table.data_version, producer=producer()
        )
    if table.columns:
        fields = [schema_dataset.SchemaDatasetFacetFields(name=name, type=kind) for name, kind in table.columns]
        facets["schema"] = schema_dataset.SchemaDatasetFacet(fields=fields, producer=producer())
    return facets


def _named(store: Store, path: str) -> tuple[str, str]:
    """Name space and name of a path of the store, without the options or secrets of its URL."""
    if store.local:
        return "file", store.path(path)
    protocol = store.fs.protocol if isinstance(store.fs.protocol, str) else store.fs.protocol[0]
    bucket, _, rest = store.path(path).lstrip("/").partition("/")
    return f"{protocol}://{bucket}", rest
