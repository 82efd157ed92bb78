"""Context that the phases of a training run share: its plan, store, prompts, rewarder and progress reporter."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.training.data.prompts import RowPrompts
from wethink_assets.training.policies.base_model import image_for
from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.runs.progress import ProgressReporter
from wethink_assets.training.trainers.rewards import Rewarder


@dataclass
class RunContext:
    """One process of a training run; `main` is set in the first one, which alone writes what is not each process's own."""

    plan: TrainingPlan
    store: Store
    reporter: ProgressReporter
    processor: Any
    prompts: RowPrompts
    rewarder: Rewarder
    main: bool
    processes: int

    @property
    def work(self) -> Path:
        """Working folder."""
        return self.plan.work_folder

    def image(self, row: Mapping[str, Any]) -> Any:
        """The image of a row, from the store."""
        return image_for(self.plan.base_model, Blobs(self.store).read(row["image_path"]))

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
