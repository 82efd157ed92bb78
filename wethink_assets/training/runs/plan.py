"""Plan of a training run: decided once, kept as `plan.json` in its working folder, and all that its process is given."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel as Model
from pydantic import ConfigDict

import wethink_assets
from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.dataset.takedown.takedown import takedowns_of
from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.errors import TrainingError
from wethink_assets.identity import digest_of
from wethink_assets.storage.faults import fault_at
from wethink_assets.storage.store import Store
from wethink_assets.training.data.prompts import RowPrompts
from wethink_assets.training.data.rows import version_rows
from wethink_assets.training.policies.base_model import BaseModel, base_model
from wethink_assets.training.policies.catalog import policy_digest, split_key
from wethink_assets.training.runs.watchdog import Starter
from wethink_assets.training.trainers.rewards import judge_identity


class TrainingPlan(Model):
    """A training run, ready to be started.

    settings: the configuration as it is now, with its folder; counted: the settings that the policy's digest goes by; starter: the process
    to end with, None for a run that stands on its own.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    version: str
    recipe_name: str
    recipe: RecipeSettings
    manifest: str
    base: dict[str, Any]
    counted: dict[str, Any]
    digest: str
    work: str
    settings: dict[str, Any]
    folder: str
    run_id: str = ""
    starter: Starter | None = None

    @property
    def base_model(self) -> BaseModel:
        """Where the training starts."""
        return BaseModel(**self.base)

    @property
    def work_folder(self) -> Path:
        """Working folder of the run, on this machine."""
        return Path(self.work)

    @property
    def configuration(self) -> Settings:
        """The configuration that the run was planned with."""
        return Settings.model_validate({**self.settings, "folder": self.folder})

    def open_store(self) -> Store:
        """The store that the run reads from and publishes to."""
        settings = self.configuration
        return Store.open(settings.store_url, **settings.store.options)

    def write(self) -> Path:
        """Write the plan into its working folder; its path. Only the owner may read it, as store options stand in it.

        Raises `TrainingError` when the folder cannot be written.
        """
        path = self.work_folder / "plan.json"
        unfinished = path.with_suffix(".writing")
        try:
            self.work_folder.mkdir(parents=True, exist_ok=True)
            unfinished.touch(mode=0o600)
            unfinished.write_text(self.model_dump_json(indent=1))
            unfinished.rename(path)
        except OSError as error:
            where = f"the working folder {self.work_folder} (`[training] work`) cannot be written"
            raise TrainingError(fault_at(where, error)) from error
        return path


def plan_run(settings: Settings, store: Store, key: str, *, run_id: str = "", bound: bool = False) -> TrainingPlan:
    """Plan the training run `key`.

    Args:
        run_id: of the Dagster run that starts it, for provenance.
        bound: whether the run must end when this process does.

    Raises `VersionError`, `ConfigError`, `ModelError` or `TrainingError` when version, recipe or base model is missing.
    """
    version, name = split_key(key)
    recipe = settings.recipe(name)
    manifest = read_manifest(store, version).digest
    base = base_model(settings, recipe)
    counted: dict[str, Any] = {
        **recipe.counted(),
        "prompts": RowPrompts(settings, recipe).identity,
        "judge": judge_identity(settings, recipe),
    }
    if taken_down := _taken_down(store, version):
        counted["retracted"] = taken_down
    digest = policy_digest(manifest, counted, base.identity)
    return TrainingPlan(
        key=key,
        version=version,
        recipe_name=name,
        recipe=recipe,
        manifest=manifest,
        base=asdict(base),
        counted=counted,
        digest=digest,
        work=str(Path(settings.resolve(settings.training.work)) / digest[:24]),
        settings=settings.model_dump(mode="json"),
        folder=settings.folder,
        run_id=run_id,
        starter=Starter.here() if bound else None,
    )


def _taken_down(store: Store, version: str) -> str:
    """Digest of the version's rows that may no longer be trained on; empty when there are none."""
    rows = version_rows(store, version, "train")
    gone = rows.filter(takedowns_of(store).covers(rows)).select("row_id").collect()["row_id"].to_list()
    return digest_of(gone) if gone else ""


def command_of(plan: TrainingPlan, python: str) -> list[str]:
    """The command that starts a planned run. Raises `TrainingError` for a launcher that cannot."""
    launcher = plan.recipe.launcher
    run = ["-m", "wethink_assets.training.runs.process", str(plan.work_folder / "plan.json")]
    if launcher.command:
        return [*launcher.command, *run]
    if launcher.processes == 1 and not launcher.accelerate_config:
        return [python, *run]
    if launcher.machines > 1:
        raise TrainingError("several machines need `launcher.command`")
    config = (
        ["--config_file", plan.configuration.resolve(launcher.accelerate_config)] if launcher.accelerate_config else []
    )
    return [python, "-m", "accelerate.commands.launch", "--num_processes", str(launcher.processes), *config, *run]


def process_environment() -> dict[str, str]:
    """What a process that is started here needs in its environment: the package is found wherever it works."""
    root = str(Path(wethink_assets.__file__).parents[1])
    path = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": f"{root}{os.pathsep}{path}" if path else root}
