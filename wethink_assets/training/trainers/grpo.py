"""Training by GRPO: TRL's trainer with our rewards, rows read as they are needed, and checkpoints that can be trusted.

The reward is that of WeThink (arXiv 2506.07905).
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from accelerate.utils import gather_object
from datasets import Dataset
from numpy.typing import NDArray
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from wethink_assets.config import RecipeSettings
from wethink_assets.rewards import Reward
from wethink_assets.training.data.prompts import RowPrompts
from wethink_assets.training.data.rows import Rows, row_order
from wethink_assets.training.trainers.checkpoints import WholeCheckpointsMixin
from wethink_assets.training.trainers.guards import Guard
from wethink_assets.training.trainers.image_fields import ImageFieldsMixin
from wethink_assets.training.trainers.recorder import RunRecorder, figures_of
from wethink_assets.training.trainers.rewards import GradedCompletion, Rewarder
from wethink_assets.training.trainers.vllm import PolicyImagesMixin

CACHED_IMAGES = 64
KNOWN_FIELDS = {"pixel_values", "image_grid_thw", "mm_token_type_ids"}
LoadImage = Callable[[Mapping[str, Any]], Any]
ReportStep = Callable[[Mapping[str, Any]], None]


class _PromptTransform:
    """Turns indices of rows into what TRL wants of them; images are read now, and only now."""

    def __init__(self, rows: Rows, prompts: RowPrompts, load_image: LoadImage) -> None:
        self._rows, self._prompts = rows, prompts
        self._image = lru_cache(CACHED_IMAGES)(lambda index: load_image(rows[index]))

    def __call__(self, batch: Mapping[str, Sequence[int]]) -> dict[str, list[Any]]:
        rows = [self._rows[index] for index in batch["index"]]
        return {
            "prompt": [self._prompts.messages(row) for row in rows],
            "images": [[self._image(index)] for index in batch["index"]],
            "row": rows,
        }

    def __getstate__(self) -> dict[str, Any]:
        return {"rows": self._rows}  # all that `datasets` needs for its fingerprint


def prompt_dataset(
    rows: Rows,
    usable: NDArray[np.int32],
    recipe: RecipeSettings,
    prompts: RowPrompts,
    load_image: LoadImage,
    steps: int,
) -> Dataset:
    """All rows of the run in the order in which they come, as indices; a row is read when a step needs it.

    usable: indices of the rows that fit `max_prompt_length`.
    """
    wanted = -(-steps // recipe.num_iterations) * recipe.prompts_per_step
    order = usable[row_order(len(usable), wanted, recipe.seed)]
    return Dataset.from_dict({"index": order}).with_transform(_PromptTransform(rows, prompts, load_image))


class RowGRPOTrainer(PolicyImagesMixin, ImageFieldsMixin, WholeCheckpointsMixin, GRPOTrainer):
    """GRPO over rows of a version.

    Completions are handed to the rewarder as soon as they are written, chunk by chunk where `rollouts.chunks` says so: the judge grades them
    while the next chunk, and then the old and reference probabilities, are computed. `step_completions` holds the graded ones of the last step.
    A completion that the judge gave no grade has no reward: its advantage is 0, and it is in no group's mean.
    """

    def __init__(self, *, args: GRPOConfig, rewarder: Rewarder, chunks: int = 1, **arguments: Any) -> None:
        self._rewarder = rewarder
        self._chunks = chunks
        self._step_rows: list[Mapping[str, Any]] = []
        self._submitted: list[Future[list[GradedCompletion]]] = []
        self._graded: list[GradedCompletion] = []
        self.step_completions: list[dict[str, Any]] = []
        functions, args.reward_weights = rewarder.functions(self._grade)
        super().__init__(args=args, reward_funcs=functions, **arguments)

    async def _grade(self, texts: Sequence[str | None], columns: Mapping[str, Any]) -> list[Reward]:
        return [graded.reward for graded in self._graded]

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self._step_rows, self._submitted = [example["row"] for example in inputs], []
        return super()._generate_and_score_completions(inputs)

    def _generate_single_turn(
        self, prompt_ids: Any, images: Any, multimodal_fields: Any, num_generations: int, has_tool_images: bool = False
    ) -> Any:
        completion_ids: list[Any] = []
        logprobs: list[Any] | None = None
        start = 0
        for ids, chunk_images, fields in self._split(prompt_ids, images, multimodal_fields, num_generations):
            generated, chunk_logprobs = super()._generate_single_turn(
                ids, chunk_images, fields, num_generations, has_tool_images
            )
            texts = self.processing_class.batch_decode(generated, skip_special_tokens=True)
            self._submitted.append(self._rewarder.submit(self._step_rows[start : start + len(ids)], texts))
            start += len(ids)
            completion_ids += generated
            if chunk_logprobs is not None:
                logprobs = [*(logprobs or []), *chunk_logprobs]
        return completion_ids, logprobs

    def _split(self, prompt_ids: Any, images: Any, fields: Mapping[str, Any], group: int) -> list[tuple[Any, Any, Any]]:
        """The prompts in so many chunks of whole groups; in one where the fields are none that can be cut."""
        groups, rest = divmod(len(prompt_ids), group)
        count = min(self._chunks, groups)
        cuttable = set(fields) <= KNOWN_FIELDS and (
            "image_grid_thw" in fields or len(fields.get("pixel_values", ())) == len(prompt_ids)
        )
        if count < 2 or rest or images is None or not cuttable:
            return [(prompt_ids, images, fields)]
        bounds = [group * (number * groups // count) for number in range(count + 1)]
        patches = [0, *fields["image_grid_thw"].prod(-1).cumsum(0).tolist()] if "image_grid_thw" in fields else []
        chunks = []
        for start, end in pairwise(bounds):
            own = {
                name: value[patches[start] : patches[end]] if name == "pixel_values" else value[start:end]
                for name, value in fields.items()
            }
            chunks.append((prompt_ids[start:end], images[start:end], own))
        return chunks

    def _calculate_rewards(self, inputs: Any, prompts: Any, completions: Any, completion_ids_list: Any) -> Any:
        self._graded = [graded for future in self._submitted for graded in future.result()]
        self._rewarder.forget()
        table = [
            _completion(row, graded, len(ids))
            for row, graded, ids in zip(self._step_rows, self._graded, completion_ids_list, strict=True)
        ]
        self.step_completions = gather_object(table)
        rewards = super()._calculate_rewards(self._step_rows, prompts, completions, completion_ids_list)
        # TRL leaves a completion out of baseline and gradient only where no function rewards it, and format always does.
        rewards[rewards.isnan().any(dim=1)] = float("nan")
        return rewards


def _completion(row: Mapping[str, Any], graded: GradedCompletion, tokens: int) -> dict[str, Any]:
    named = {name: row[name] for name in ("row_id", "image_id", "kind", "problem", "answer")}
    reward = {
        "accuracy": graded.accuracy,
        "format": graded.reward.format,
        "reward": None if graded.reward.failed else graded.reward.total,
        "graded_by": graded.reward.how,
    }
    return {**named, "completion": graded.text, "tokens": tokens, **reward}


class StepCallback(TrainerCallback):
    """Records each step, reports it, and stops a run that goes wrong before its next checkpoint."""

    def __init__(self, recorder: RunRecorder | None, guard: Guard, report: ReportStep) -> None:
        self._recorder, self._guard, self._report = recorder, guard, report
        self.trainer: RowGRPOTrainer | None = None

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        """One step's figures; all processes look at them, the first one writes."""
        if not logs or "loss" not in logs:
            return
        completions = self.trainer.step_completions if self.trainer else []
        line = figures_of(logs, state.global_step, completions)
        if self._recorder is not None:
            self._recorder.step(line)
            if completions:
                self._recorder.completions(state.global_step, completions)
            self._report(line)
        if self.trainer:
            self.trainer.step_completions = []
        self._guard.check(state.global_step, line)
