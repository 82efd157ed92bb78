"""Context that the phases of a training run share: its plan, store, prompts, rewarder, held-out rows and progress reporter."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.training.data.prompts import RowPrompts
from wethink_assets.training.data.rows import Rows
from wethink_assets.training.policies.base_model import image_for
from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.runs.progress import ProgressReporter
from wethink_assets.training.runs.spent import SpentTime
from wethink_assets.training.trainers.rewards import Rewarder
from wethink_assets.training.validation.held_out import answer_rows


@dataclass
class RunContext:
    """One process of a training run; `main` is set in the first one, which alone writes what is not each process's own.

    number: of this process, from 0. held_out: rows of validation; the same ones all through the run.
    """

    plan: TrainingPlan
    store: Store
    reporter: ProgressReporter
    processor: Any
    prompts: RowPrompts
    rewarder: Rewarder
    held_out: Rows
    spent: SpentTime
    number: int = 0
    processes: int = 1

    @property
    def main(self) -> bool:
        """Whether this is the first process."""
        return self.number == 0

    @property
    def work(self) -> Path:
        """Working folder."""
        return self.plan.work_folder

    def image(self, row: Mapping[str, Any]) -> Any:
        """The image of a row, from the store."""
        return image_for(self.plan.base_model, Blobs(self.store).read(row["image_path"]))

    def answer_held_out(self, model: Any, *, sharded: bool = False) -> pl.DataFrame:
        """Answers of a model to the held-out rows in their order, given by all processes together and known to all of them.

        sharded: whether its weights are spread over the processes, which must then go on alike.
        """
        from accelerate.utils import gather_object

        answers = answer_rows(
            model,
            self.processor,
            self.held_out,
            self.prompts,
            self.image,
            self.rewarder,
            self.plan.recipe,
            share=(self.number, self.processes),
            halve=not sharded,
        )
        if self.main:
            self.spent.save()
        if self.processes == 1:
            return answers
        by_id = {row["row_id"]: row for row in gather_object(answers.to_dicts())}
        return pl.DataFrame([by_id[row["row_id"]] for row in self.held_out], schema=answers.schema)

    def wait(self) -> None:
        """Wait for the other processes of the run."""
        if self.processes > 1:
            from accelerate import PartialState

            PartialState().wait_for_everyone()

    @property
    def half(self) -> bool:
        """Whether the run computes in bfloat16."""
        import torch

        precision = self.plan.recipe.precision
        return precision == "bfloat16" or (precision == "auto" and torch.cuda.is_available())

    @property
    def training_dtype(self) -> str:
        """Adapters are trained on a frozen model, which may be in half precision; else weights are updated in full precision."""
        return "bfloat16" if self.half and self.plan.recipe.lora.rank else "float32"
