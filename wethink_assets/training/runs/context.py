"""What do all parts of a training run share?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.training.data.prompts import RowPrompts
from wethink_assets.training.policies.base_model import picture_for
from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.runs.progress import Teller
from wethink_assets.training.trainers.rewards import Rewarder


@dataclass
class Session:
    """What all parts of a run share."""

    plan: TrainingPlan
    store: Store
    tell: Teller
    processor: Any
    prompts: RowPrompts
    rewarder: Rewarder
    main: bool
    processes: int

    @property
    def work(self) -> Path:
        """Working folder."""
        return self.plan.work_folder

    def picture(self, row: Mapping[str, Any]) -> Any:
        """The picture of a row, from the store."""
        return picture_for(self.plan.base_model, Blobs(self.store).read(row["image_path"]))

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
