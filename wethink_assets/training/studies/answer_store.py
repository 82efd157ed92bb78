"""Store of the answers of models to held-out rows and drawn scenes.

`studies/answers/<model>/rows-<digest>.parquet` holds `row_id`, `kind`, `accuracy` (null: not graded) and `format`; `scenes-<digest>.parquet`
`scene`, `kind` and `accuracy` (1 where the answer is true of the scene). The digests are those of all that the answers depend on, so that no
model answers twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.dataset.takedown.takedown import takedowns_of
from wethink_assets.identity import digest_of
from wethink_assets.storage.store import Store
from wethink_assets.training.data.prompts import RowPrompts
from wethink_assets.training.data.rows import version_rows
from wethink_assets.training.trainers.rewards import judge_identity
from wethink_assets.training.validation.scenes import SEED, SceneAnswer

FOLDER = "studies/answers"
LOGIC_VERSION = 1
COUNTED = ("prompt", "system", "completion_length", "validation_rows")
PIXELS = ("max_pixels", "min_pixels")  # stored where they are set
"""Settings of a recipe by which held-out rows are chosen and answered, by their names in the store."""
ROWS = ("row_id", "kind", "accuracy", "format")
SCENE_SCHEMA = pl.Schema({"scene": pl.Int32(), "kind": pl.String(), "accuracy": pl.Float64()})


@dataclass(frozen=True, slots=True)
class AnswerDigests:
    """Digests of all that the answers of a model depend on, beside the model.

    rows: digest of version, prompts, judge and how many rows are asked; scenes: how many drawn scenes an embedded model answers, 0 for others.
    """

    rows: str
    scenes: int

    @classmethod
    def of(
        cls, settings: Settings, store: Store, version: str, manifest: str, recipe: RecipeSettings, scenes: int
    ) -> "AnswerDigests":
        """The digests for a version's held-out rows and so many scenes."""
        held_out = version_rows(store, version, "validation")
        gone = held_out.filter(takedowns_of(store).covers(held_out)).select("row_id").collect()["row_id"].to_list()
        stored = recipe.stored()
        counted = {name: stored[name] for name in (*COUNTED, *PIXELS) if name in stored}
        prompts, judge = RowPrompts(settings, recipe).identity, judge_identity(settings, recipe)
        return cls(digest_of([LOGIC_VERSION, manifest, gone, counted, prompts, judge]), scenes)

    @property
    def identity(self) -> tuple[str, str]:
        """Both digests, for the digest of a study."""
        return self.rows, f"{LOGIC_VERSION}/{SEED}/{self.scenes}"

    def rows_path(self, model: str) -> str:
        """File of a model's answers to the held-out rows."""
        return f"{FOLDER}/{model}/rows-{self.rows[:24]}.parquet"

    def scenes_path(self, model: str) -> str:
        """File of a model's answers to the scenes."""
        return f"{FOLDER}/{model}/scenes-{LOGIC_VERSION}-{SEED}-{self.scenes}.parquet"

    def missing(self, store: Store, model: str) -> tuple[bool, bool]:
        """Whether the model has still to answer the rows, and the scenes."""
        return not store.exists(self.rows_path(model)), bool(self.scenes) and not store.exists(self.scenes_path(model))


def base_name(base: dict[str, Any]) -> str:
    """Name in the store of the base model of a plan; a policy is named by its model digest."""
    return digest_of(base["identity"])


def scene_table(answers: Sequence[SceneAnswer]) -> pl.DataFrame:
    """Answers to scenes as a table."""
    return pl.DataFrame(
        [(number, answer.kind, float(answer.right)) for number, answer in enumerate(answers)],
        schema=SCENE_SCHEMA,
        orient="row",
    )
