"""The asset `studies`: comparisons of ways to train, a partition each."""

import base64
import logging
from functools import partial
from typing import Any

import dagster as dg
from pydantic import Field

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.defs.graph import LOCAL_POOL, MODEL_TEAM, TRAINING
from wethink_assets.defs.runs.reporting import Synced, known_versions, report_unknown
from wethink_assets.defs.stages.publication import fitting
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.plots import small
from wethink_assets.training.studies.catalog import DEFAULT_PROFILE, PROFILES, STUDIES
from wethink_assets.training.studies.design import design_study
from wethink_assets.training.studies.execution import newest_study, run_study
from wethink_assets.training.studies.records import StudyRecord
from wethink_assets.training.studies.tables import RUN_COLUMNS, columns, count_of, facts, rows, run_rows

KEY = "studies"
STUDY = "study"
PLOT_BYTES = 14_000
study_name = dg.StaticPartitionsDefinition(list(STUDIES))


class StudyConfig(dg.Config):
    """How much is compared; left out: the newest version and the quick profile."""

    version: str = Field("", description="dataset version; empty: the newest")
    profile: str = Field(DEFAULT_PROFILE, description=f"one of {', '.join(PROFILES)}")
    seeds: list[int] = Field(default_factory=list, description="empty: those of the profile")
    recipe: str = Field("", description="recipe to vary; empty: the one of [studies]")


class _Logged:
    """Tells the run's log."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log

    def report(self, line: str) -> None:
        self._log.info(line)

    def step(self, what: str, done: int, total: int) -> None:
        if done == total:
            self._log.info(f"{what}: all {total} steps done")


def studies_asset() -> dg.AssetsDefinition:
    """`studies`: runs what is missing of a comparison, and shows it."""

    @dg.asset(
        name=KEY,
        partitions_def=study_name,
        deps=[dg.AssetDep("dataset", partition_mapping=dg.AllPartitionMapping())],
        group_name=TRAINING,
        kinds={"trl", "report"},
        owners=MODEL_TEAM,
        pool=LOCAL_POOL,
        backfill_policy=dg.BackfillPolicy.multi_run(1),
    )
    def studies(
        context: dg.AssetExecutionContext,
        config: StudyConfig,
        settings: dg.ResourceParam[Settings],
        store: dg.ResourceParam[Store],
    ) -> dg.MaterializeResult[None]:
        """Ways to train compared on a version, each over several seeds: reward weights and methods, kinds, SFT, data size.

        Trains what was not trained yet, which may take long; what is there is shown at once.
        """
        design = design_study(settings, store, context.partition_key, **config.model_dump())
        record = run_study(design, store, _Logged(context.log))
        return dg.MaterializeResult(
            data_version=dg.DataVersion(record.digest), metadata=fitting(study_metadata(store, record))
        )

    return studies


def study_job() -> Any:
    """`study`: one comparison."""
    return dg.define_asset_job(
        STUDY,
        selection=dg.AssetSelection.assets(KEY),
        partitions_def=study_name,
        description="Compare ways to train. Trains what is missing; started again, it goes on where it was stopped.",
    )


def study_metadata(store: Store, record: StudyRecord) -> dict[str, Any]:
    """What a comparison came to: facts, plot, tables."""
    picture = store.read_if_present(f"{record.folder}/study.png")
    preview = small(picture, PLOT_BYTES) if picture else b""
    uri = base64.b64encode(preview).decode("ascii")
    return {
        "question": record.question,
        "made of": facts(record),
        "plot": dg.MetadataValue.md(f"![{record.study}](data:image/png;base64,{uri})") if preview else None,
        **{
            f"accuracy on {count_of(record, samples)} {samples}": _table(
                columns(record, samples), rows(record, samples)
            )
            for samples in record.sets
        },
        "trainings that failed": dg.MetadataValue.json(record.failures) if record.failures else None,
        "files": store.link(record.folder),
        "version": record.version,
        "profile": record.profile,
        "digest": record.digest,
        "trainings": _table(RUN_COLUMNS, run_rows(record)),
        "settings": dg.MetadataValue.json(RecipeSettings.current(record.settings)),
    }


def _table(names: list[str], lines: list[list[str]]) -> dg.TableMetadataValue:
    records = [dg.TableRecord(dict(zip(names, line, strict=True))) for line in lines]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name, "string") for name in names]))


def sync_studies(instance: dg.DagsterInstance, store: Store, synced: Synced) -> None:
    """Report the newest comparison of each name that the instance does not know. Safe to repeat."""
    known = known_versions(instance, KEY)
    for name in STUDIES:
        record = newest_study(store, name)
        if record is not None:
            metadata = partial(study_metadata, store, record)
            report_unknown(instance, synced, known, KEY, name, record.digest, metadata)
