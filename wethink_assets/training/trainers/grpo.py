"""How a policy is trained by GRPO: TRL's trainer with our rewards, rows read as they are needed, and checkpoints that can be trusted.

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
from trl import GRPOTrainer

from wethink_assets.config import RecipeSettings
from wethink_assets.training.data.prompts import RowPrompts
from wethink_assets.training.data.rows import Rows, row_order
from wethink_assets.training.trainers.checkpoints import WholeCheckpoints
from wethink_assets.training.trainers.guards import Guard
from wethink_assets.training.trainers.recorder import Record, figures_of
from wethink_assets.training.trainers.rewards import Rewarded, Rewarder
from wethink_assets.training.trainers.vllm import PicturesOfThePolicy

CACHED_PICTURES = 64
KNOWN_FIELDS = {"pixel_values", "image_grid_thw", "mm_token_type_ids"}
Picture = Callable[[Mapping[str, Any]], Any]
Tell = Callable[[Mapping[str, Any]], None]


class _Prompts:
    """Turns indices of rows into what TRL wants of them; pictures are read now, and only now."""

    def __init__(self, rows: Rows, prompts: RowPrompts, picture: Picture) -> None:
        self._rows, self._prompts = rows, prompts
        self._picture = lru_cache(CACHED_PICTURES)(lambda index: picture(rows[index]))

    def __call__(self, batch: Mapping[str, Sequence[int]]) -> dict[str, list[Any]]:
        chosen = [self._rows[index] for index in batch["index"]]
        return {
            "prompt": [self._prompts.messages(row) for row in chosen],
            "images": [[self._picture(index)] for index in batch["index"]],
            "row": chosen,
        }

    def __getstate__(self) -> dict[str, Any]:
        return {"rows": self._rows}  # all that `datasets` needs for its fingerprint


def prompt_dataset(
    rows: Rows, usable: NDArray[np.int32], recipe: RecipeSettings, prompts: RowPrompts, picture: Picture, steps: int
) -> Dataset:
    """All rows of the run in the order in which they come, as indices; a row is read when a step needs it.

    usable: indices of the rows that fit `max_prompt_length`.
    """
    wanted = -(-steps // recipe.num_iterations) * recipe.prompts_per_step
    order = usable[row_order(len(usable), wanted, recipe.seed)]
    return Dataset.from_dict({"index": order}).with_transform(_Prompts(rows, prompts, picture))


def accuracy(completions: Sequence[Any], rewarded: Sequence[Rewarded], **_: Any) -> list[float | None]:
    """TRL's reward function for accuracy: what `RowGRPOTrainer` has by now."""
    return [one.accuracy for one in rewarded]


def format(completions: Sequence[Any], rewarded: Sequence[Rewarded], **_: Any) -> list[float]:
    """TRL's reward function for the format."""
    return [one.reward.format for one in rewarded]


class RowGRPOTrainer(PicturesOfThePolicy, WholeCheckpoints, GRPOTrainer):
    """GRPO over rows of a version.

    Completions are handed to the rewarder as soon as they are written, part by part where `rollouts.chunks` says so: the judge grades them
    while the next part, and then the old and reference probabilities, are computed.
    """

    def __init__(self, *, rewarder: Rewarder, chunks: int = 1, **arguments: Any) -> None:
        self._rewarder = rewarder
        self._chunks = chunks
        self._rows_now: list[Mapping[str, Any]] = []
        self._begun: list[Future[list[Rewarded]]] = []
        self.rewarded: list[dict[str, Any]] = []
        super().__init__(reward_funcs=[accuracy, format], **arguments)

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self._rows_now, self._begun = [one["row"] for one in inputs], []
        return super()._generate_and_score_completions(inputs)

    def _generate_single_turn(
        self, prompt_ids: Any, images: Any, multimodal_fields: Any, num_generations: int, has_tool_images: bool = False
    ) -> Any:
        completion_ids: list[Any] = []
        logprobs: list[Any] | None = None
        start = 0
        for ids, pictures, fields in self._parts(prompt_ids, images, multimodal_fields, num_generations):
            written, told = super()._generate_single_turn(ids, pictures, fields, num_generations, has_tool_images)
            texts = self.processing_class.batch_decode(written, skip_special_tokens=True)
            self._begun.append(self._rewarder.begin(self._rows_now[start : start + len(ids)], texts))
            start += len(ids)
            completion_ids += written
            if told is not None:
                logprobs = [*(logprobs or []), *told]
        return completion_ids, logprobs

    def _parts(self, prompt_ids: Any, images: Any, fields: Mapping[str, Any], group: int) -> list[tuple[Any, Any, Any]]:
        """The prompts in so many parts of whole groups; in one where the fields are none that can be cut."""
        groups, rest = divmod(len(prompt_ids), group)
        count = min(self._chunks, groups)
        if count < 2 or rest or images is None or not set(fields) <= KNOWN_FIELDS:
            return [(prompt_ids, images, fields)]
        bounds = [group * (number * groups // count) for number in range(count + 1)]
        patches = [0, *fields["image_grid_thw"].prod(-1).cumsum(0).tolist()] if "image_grid_thw" in fields else []
        parts = []
        for start, end in pairwise(bounds):
            own = {
                name: value[patches[start] : patches[end]] if name == "pixel_values" else value[start:end]
                for name, value in fields.items()
            }
            parts.append((prompt_ids[start:end], images[start:end], own))
        return parts

    def _calculate_rewards(self, inputs: Any, prompts: Any, completions: Any, completion_ids_list: Any) -> Any:
        rewarded = [one for future in self._begun for one in future.result()]
        self._rewarder.forget()
        table = [
            _completion(row, one, len(ids))
            for row, one, ids in zip(self._rows_now, rewarded, completion_ids_list, strict=True)
        ]
        self.rewarded = gather_object(table)
        with_rewards = [{**one, "rewarded": reward} for one, reward in zip(inputs, rewarded, strict=True)]
        return super()._calculate_rewards(with_rewards, prompts, completions, completion_ids_list)


def _completion(row: Mapping[str, Any], one: Rewarded, tokens: int) -> dict[str, Any]:
    named = {name: row[name] for name in ("row_id", "image_id", "kind", "problem", "answer")}
    reward = {
        "accuracy": one.accuracy,
        "format": one.reward.format,
        "reward": one.reward.total,
        "graded_by": one.reward.how,
    }
    return {**named, "completion": one.text, "tokens": tokens, **reward}


class Watch(TrainerCallback):
    """Writes down each step, tells it, and stops a run that goes wrong before its next checkpoint."""

    def __init__(self, record: Record | None, guard: Guard, tell: Tell) -> None:
        self._record, self._guard, self._tell = record, guard, tell
        self.trainer: RowGRPOTrainer | None = None

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        """One step's figures; all processes look at them, the first one writes."""
        if not logs or "loss" not in logs:
            return
        rewarded = self.trainer.rewarded if self.trainer else []
        line = figures_of(logs, state.global_step, rewarded)
        if self._record is not None:
            self._record.step(line)
            if rewarded:
                self._record.completions(state.global_step, rewarded)
            self._tell(line)
        if self.trainer:
            self.trainer.rewarded = []
        self._guard.check(state.global_step, line)
