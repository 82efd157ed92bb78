"""A project opened in this process: its instance, its store, and the steps that grow it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from wethink_assets.definitions import definitions_of
from wethink_assets.defs.resources import models_kept_open, store_of
from wethink_assets.defs.runs.driver import RunDriver, RunOutcome
from wethink_assets.defs.runs.instance import project_instance
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.project import Project


@dataclass
class Opened:
    """What tests look at."""

    project: Project
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    store: Store
    driver: RunDriver

    def grow(self, build: bool = True) -> dict[str, RunOutcome]:
        """Observe, synthesize all that is missing, cut and build; how each run ended."""
        ran = {"observe": self.driver.observe()}
        unfinished, _ = self.driver.unfinished()
        for batch, stages in unfinished.items():
            ran[batch] = self.driver.synthesize(batch, stages)
        if build:
            cut = self.driver.decide()
            ran[cut.version] = self.driver.build(cut.version)
        return ran

    def materialize(self, asset: str) -> dg.ExecuteInProcessResult:
        """Materialize one asset without partitions, in this process."""
        job = self.definitions.resolve_implicit_job_def_def_for_assets([dg.AssetKey(asset)])
        assert job is not None
        return job.execute_in_process(instance=self.instance, asset_selection=[dg.AssetKey(asset)])

    def event(self, asset: str, partition: str | None = None) -> dg.AssetMaterialization:
        """The latest materialization of an asset."""
        key = dg.AssetKey(asset.split("/"))
        told = self.instance.get_latest_data_version_record(key, partition_key=partition)
        assert told is not None and told.asset_materialization is not None
        return told.asset_materialization


@contextmanager
def opened(project: Project) -> Iterator[Opened]:
    """The project, opened in this process."""
    before = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(project.home)
    settings = project.settings
    definitions = definitions_of(settings)
    try:
        with project_instance() as instance, models_kept_open():
            store = store_of(settings)
            yield Opened(project, definitions, instance, store, RunDriver(definitions, settings, store, instance))
    finally:
        if before is None:
            os.environ.pop("DAGSTER_HOME", None)
        else:
            os.environ["DAGSTER_HOME"] = before
