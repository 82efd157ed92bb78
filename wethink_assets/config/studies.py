"""The table `[studies]`: what comparisons of trainings start from, and what they vary."""

from typing import Annotated

from pydantic import Field, model_validator

from wethink_assets.config.base import Share, Table

DataShare = Annotated[float, Field(gt=0, le=1)]


class StudySettings(Table):
    """Comparisons of ways to train (`wethink study`)."""

    recipe: str = Field("grpo", description="recipe whose settings every variant has, but for what a study varies")
    accuracy_weights: tuple[Share, ...] = Field(
        (1.0, 0.9, 0.7, 0.5), description="of the study reward-weights; the format weighs the rest"
    )
    data_shares: tuple[DataShare, ...] = Field(
        (0.1, 0.3, 1.0), description="of the study data-size; each is part of the next larger one"
    )
    scenes: int = Field(
        600,
        ge=0,
        description="held-out drawn scenes that an embedded model answers, beside the version's held-out rows",
    )

    @model_validator(mode="after")
    def _something_is_compared(self) -> "StudySettings":
        for name in ("accuracy_weights", "data_shares"):
            values = getattr(self, name)
            if len(set(values)) < len(values) or not values:
                raise ValueError(f"{name} names a value twice, or none")
        return self
