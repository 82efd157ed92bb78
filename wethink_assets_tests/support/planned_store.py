"""A store whose batches went through all stages with scripted models, published as the asset graph does, without Dagster."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.identity import data_version
from wethink_assets.planning.stages import stage_plan
from wethink_assets.sources.batches import create_batch
from wethink_assets.stages.order import model_stages, stage_names, upstream_of
from wethink_assets.stages.output import StageOutput, rejections
from wethink_assets.stages.schemas import MEMBERSHIP
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Commit, Provenance, Tables
from wethink_assets.synthesis.budgets.allowance import Allowance
from wethink_assets.synthesis.calls.session import Synthesis
from wethink_assets_tests.support.scripted_model import ScriptedModel, drawn_images, good_script, write_pack
from wethink_assets_tests.synthesis.conftest import models_of

PRICED = {"price_in": 1.0, "price_out": 2.0, "price_call": 0.25}


@dataclass
class Grown:
    """Batches of drawn images in a store; `model` counts what it was asked."""

    store: Store
    folder: Path
    model: ScriptedModel = field(default_factory=lambda: ScriptedModel(good_script))

    def settings(self, roles: dict[str, dict[str, Any]] | None = None, **pipeline: Any) -> Settings:
        """Settings with the scripted pack and prices."""
        pack = self.folder / "pack"
        if not pack.exists():
            write_pack(pack)
        names = ("describer", "reasoner", "adjudicator", "judge")
        priced = {name: {**PRICED, **(roles or {}).get(name, {})} for name in names}
        return Settings.model_validate(
            {"pipeline": {"prompt_pack": str(pack), **pipeline}, "roles": priced, "budgets": {"night": {"calls": 30}}}
        )

    def register(self, batch: str, images: int) -> None:
        """A batch of so many members."""
        rows = [dict.fromkeys(MEMBERSHIP.names()) for _ in range(images)]
        frame = pl.DataFrame(rows, schema=MEMBERSHIP)
        assert create_batch(self.store, batch, frame)

    def ingest(self, batch: str, images: int) -> None:
        """A registered batch with its images table."""
        self.register(batch, images)
        self._publish("images", batch, StageOutput(drawn_images(self.store, images), rejections([])), {})

    def grow(self, batch: str, settings: Settings, *stages: str, allowance: Allowance | None = None) -> None:
        """Take a batch through stages (all that ask models, where none is named)."""
        tables = Tables(self.store)
        for stage in stages or model_stages():
            inputs = {asset: tables.load(asset, batch) for asset in upstream_of(stage)}
            with (
                models_of(settings, self.model) as models,
                Synthesis.open(settings, self.store, models, stage, batch, allowance=allowance) as work,
            ):
                output = STAGES[stage].run(*(table.results for table in inputs.values()), work)
            read = {asset: data_version(table.results, table.rejections) for asset, table in inputs.items()}
            made = {**work.provenance(), "code_version": stage_plan(settings, stage).code_version, "inputs": read}
            self._publish(stage, batch, output, made)
        if not stages:
            self._publish("signatures", batch, StageOutput(pl.DataFrame({"slot": ["a"]}), rejections([])), {})

    def _publish(self, stage: str, batch: str, output: StageOutput, made: dict[str, Any]) -> Commit:
        assert stage in stage_names()
        return Tables(self.store).publish(
            stage, batch, output, Provenance(**{"code_version": STAGES[stage].logic_version, **made})
        )
