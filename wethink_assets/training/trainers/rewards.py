"""Rewards of completions beside their generation: by rule at once, by the judge while further completions are still being written."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from wethink_assets.config import RecipeSettings, Settings
from wethink_assets.models.registry import Models
from wethink_assets.rewards import Reward, Weights
from wethink_assets.rewards.trl import Grade, accuracy_of, column_rewards, reward_functions
from wethink_assets.synthesis.judge import configured_judge
from wethink_assets.synthesis.prompt_packs import load_prompt
from wethink_assets.training.trainers.grade_journal import GradeJournal

METHODS = {"rules": "rule", "judge": "judge"}


def judge_identity(settings: Settings, recipe: RecipeSettings) -> dict[str, str] | None:
    """What the judge of a recipe is known by; None where it asks none."""
    if recipe.accuracy == "rules":
        return None
    model, revision = Models(settings).identity("judge")
    return {"model": model, "revision": revision, "prompt": load_prompt(settings, "judge").sha256}


@dataclass(frozen=True, slots=True)
class GradedCompletion:
    """A completion with its reward."""

    text: str
    reward: Reward

    @property
    def accuracy(self) -> float | None:
        """Accuracy, None where the judge gave no grade."""
        return accuracy_of(self.reward)


class Rewarder:
    """Rewards completions on the models' event loop, while its caller goes on.

    `submit` starts on a batch and returns at once. Equal completions of a row are graded once between two calls of `forget`. `weights` are those
    of the components, by the recipe. `prefilled` says whether the policy's chat template opens `<think>` itself; whoever knows the policy sets it.
    `journal` keeps the judge's grades of a run, so that none is asked for twice; None: they are forgotten.
    """

    def __init__(self, settings: Settings, recipe: RecipeSettings) -> None:
        self._method = METHODS.get(recipe.accuracy)
        self.weights = Weights(recipe.accuracy_weight, recipe.format_weight)
        self.prefilled = False
        self.journal: GradeJournal | None = None
        self._models = Models.open(settings)
        self.judge = None if recipe.accuracy == "rules" else configured_judge(settings, self._models)
        self._grades: dict[tuple[str, str], asyncio.Task[Reward]] = {}

    def load(self) -> None:
        """Load an embedded judge now: weights of two models must not be loaded at once."""
        if self.judge is not None and self.judge.model.model_id.startswith("embedded/"):
            self.judge.run(self.judge.grade("Where is the circle?", "left", "right"))

    def submit(self, rows: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> "Future[list[GradedCompletion]]":
        """Start rewarding completions of rows, from any thread but the models' own."""
        return asyncio.run_coroutine_threadsafe(self._batch(list(rows), list(texts)), self._models.loop)

    async def _batch(self, rows: list[Mapping[str, Any]], texts: list[str]) -> list[GradedCompletion]:
        tasks = []
        for row, text in zip(rows, texts, strict=True):
            key = (row["row_id"], text)
            if key not in self._grades:
                self._grades[key] = asyncio.ensure_future(self.reward(row, text))
            tasks.append(self._grades[key])
        rewards = await asyncio.gather(*tasks)
        return [GradedCompletion(text, reward) for text, reward in zip(texts, rewards, strict=True)]

    async def reward(self, row: Mapping[str, Any], text: str) -> Reward:
        """Reward of one completion of a row."""
        if self.journal is not None and (known := self.journal.reward(row["row_id"], text)) is not None:
            return known
        columns = {name: [value] for name, value in row.items()}
        if self._method:
            columns["reward"] = [self._method]
        [reward] = await column_rewards(
            [text], columns, judge=self.judge, weights=self.weights, prefilled=self.prefilled
        )
        if self.journal is not None:
            self.journal.add(row["row_id"], text, reward)
        return reward

    def functions(self, grade: Grade) -> tuple[list[Any], list[float]]:
        """TRL's reward functions, with the grades that were given while completions were still being written."""
        return reward_functions(self.judge, self.weights, grade=grade, prefilled=self.prefilled)

    def forget(self) -> None:
        """Drop grades that were given: the rows of the next step are others."""
        self._grades = {key: task for key, task in self._grades.items() if not task.done()}

    def close(self) -> None:
        """Close the judge's model, the loop and the journal."""
        self._models.close()
        if self.journal is not None:
            self.journal.close()

    def __enter__(self) -> "Rewarder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
