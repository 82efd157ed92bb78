"""Answering in a process of its own: one model answers the held-out rows and scenes that it has not answered yet.

`python -m wethink_assets.training.studies.answers` reads its job from standard input.
A process of its own, so that its memory is free again, and several models can answer at once.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from wethink_assets import signals

if __name__ == "__main__":
    signals.heed()  # before what takes its time is imported

from pydantic import BaseModel, ConfigDict

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.errors import WeThinkError
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.base_model import BaseModel as Base
from wethink_assets.training.runs.plan import Starter
from wethink_assets.training.studies.answer_store import ROWS, AnswerDigests, scene_table

COMMAND = ("-m", "wethink_assets.training.studies.answers")


class AnswerJob(BaseModel):
    """What a model is to answer.

    model: its name in the store of answers; base: where its training started; checkpoint: its folder, empty for the base itself;
    recipe: by it rows are asked and graded; rows, scenes: as in `AnswerDigests`.
    """

    model_config = ConfigDict(frozen=True)

    settings: dict[str, Any]
    folder: str
    version: str
    recipe: RecipeSettings
    model: str
    base: dict[str, Any]
    checkpoint: str
    rows: str
    scenes: int
    threads: int
    starter: Starter

    @property
    def configuration(self) -> Settings:
        """The configuration of whoever started it."""
        return Settings.model_validate({**self.settings, "folder": self.folder})


def answer(job: AnswerJob) -> None:
    """Answer and grade what is missing, and store it."""
    settings, base = job.configuration, Base(**job.base)
    store = Store.open(settings.store_url, **settings.store.options)
    digests = AnswerDigests(job.rows, job.scenes)
    rows, scenes = digests.missing(store, job.model)
    if rows:
        _answer_rows(job, settings, store, base, digests)
    if scenes:
        from wethink_assets.training.validation.scenes import answer_scenes

        answers = answer_scenes(Path(job.checkpoint or base.name_or_path), job.scenes, job.threads)
        store.write_parquet(digests.scenes_path(job.model), scene_table(answers))


def _answer_rows(job: AnswerJob, settings: Settings, store: Store, base: Base, digests: AnswerDigests) -> None:
    import torch

    from wethink_assets.training.data.prompts import RowPrompts, template_opens_thought
    from wethink_assets.training.data.rows import Rows, select_rows
    from wethink_assets.training.policies.base_model import image_for, load_base_processor, load_model
    from wethink_assets.training.trainers.rewards import Rewarder
    from wethink_assets.training.validation.held_out import answer_rows

    gpu = torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as folder, Rewarder(settings, job.recipe) as rewarder:
        rewarder.load()
        if job.threads:
            torch.set_num_threads(job.threads)  # an embedded judge has set its own number
        file = Path(folder) / "validation.arrow"
        select_rows(store, job.version, "validation", job.recipe, file, job.recipe.validation_rows)
        held_out = Rows(file)
        model = load_model(base, "auto" if gpu else "float32", job.checkpoint or None)
        if gpu:
            model.to("cuda")
        processor = load_base_processor(base, (job.recipe.min_pixels, job.recipe.max_pixels))
        rewarder.prefilled = template_opens_thought(processor)
        answers = answer_rows(
            model,
            processor,
            [held_out[index] for index in range(len(held_out))],
            RowPrompts(settings, job.recipe, processor),
            lambda row: image_for(base, Blobs(store).read(row["image_path"])),
            rewarder,
            job.recipe,
        )
    store.write_parquet(digests.rows_path(job.model), answers.select(ROWS))


def main() -> int:
    """Read a job and do it; returns the exit code."""
    from wethink_assets.training.runs.watchdog import end_with

    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    job = AnswerJob.model_validate_json(sys.stdin.read())
    end_with(job.starter)
    try:
        answer(job)
    except WeThinkError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
