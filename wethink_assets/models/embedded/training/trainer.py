"""Trainer of a checkpoint, from nothing: staged, deterministic, and resumable after any interruption.

The data of a step is a function of seed, stage and step, and there is no other randomness: a resumed run is the run that was interrupted.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast, Qwen2_5_VLForConditionalGeneration

from wethink_assets.models.embedded.encoding import Encoder
from wethink_assets.models.embedded.training.batches import READING_CLASSES
from wethink_assets.models.embedded.training.losses import Losses
from wethink_assets.models.embedded.training.model_builder import (
    build_model,
    build_processor,
    build_tokenizer,
    save_checkpoint,
)
from wethink_assets.models.embedded.training.recipe import Recipe, StageName
from wethink_assets.models.embedded.training.saved_state import read_state, write_state
from wethink_assets.models.embedded.vision import attend_in_batches

Named = Sequence[tuple[str, torch.nn.Parameter]]


def optimizer_of(recipe: Recipe, stage: StageName, named: Named) -> torch.optim.AdamW:
    """AdamW over named parameters, without decay on biases and norms; `vision` forgets gradients sooner and decays less."""
    groups = [
        {
            "params": [value for _, value in named if value.ndim > 1],
            "weight_decay": 0.02 if stage == "vision" else recipe.weight_decay,
        },
        {"params": [value for _, value in named if value.ndim <= 1], "weight_decay": 0.0},
    ]
    beta2 = 0.95 if stage == "vision" else recipe.beta2
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, beta2), fused=True)


def rate_at(recipe: Recipe, stage: StageName, step: int, steps: int) -> float:
    """The learning rate of a step of a stage: warm-up, then constant, falling in `vision`, at the end of `joint`, and in what comes after it."""
    warm = min(1.0, (step + 1) / recipe.warm_up)
    if stage == "vision":
        return recipe.learning_rate * warm * (0.1 + 0.45 * (1 + math.cos(math.pi * step / steps)))
    if stage in ("hardening", "haste"):
        return recipe.learning_rate * recipe.late_factor * warm * (0.02 + 0.49 * (1 + math.cos(math.pi * step / steps)))
    if stage != "joint":
        return recipe.learning_rate * (warm if stage == "drills" else 1.0)
    start = steps * (1 - recipe.decay_share)
    fall = 1.0 if step < start else 0.02 + 0.49 * (1 + math.cos(math.pi * (step - start) / (steps - start)))
    return recipe.learning_rate * recipe.joint_factor * fall


SAVE_EVERY = 50


@dataclass(slots=True)
class Progress:
    """Where a training run stands: what the display shows after each step.

    step of steps: in this stage; done of total: in all; seconds_left: by the pace of this process so far; accuracy: teacher-forced, by
    role of segment, a running mean.
    """

    checkpoint: str
    stage: str
    step: int
    steps: int
    done: int
    total: int
    loss: float
    seconds_left: float
    accuracy: dict[str, float] = field(default_factory=dict)


OnStep = Callable[[Progress], None]


@dataclass(slots=True)
class State:
    """A run's position: index of the stage, steps done in it, seconds and processor seconds spent in all."""

    stage: int = 0
    step: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0


class Trainer:
    """Trains one checkpoint below a working folder: `state/` to resume from, `snapshots/<step>/`, at the end `final/`."""

    def __init__(self, recipe: Recipe, work: Path, device: str = "cpu") -> None:
        self.recipe, self.work, self.device = recipe, work, device
        self.tokenizer = _own_tokenizer(work / "tokenizer", recipe.architecture.vocabulary)
        self.processor = build_processor(self.tokenizer)
        self.encoder = Encoder(self.tokenizer)
        self.model: Qwen2_5_VLForConditionalGeneration = build_model(
            self.tokenizer, recipe.architecture, recipe.seed
        ).to(device)
        self.model.train()
        attend_in_batches(self.model)
        torch.manual_seed(recipe.seed + 1)
        self.head = torch.nn.Linear(recipe.architecture.hidden, sum(READING_CLASSES)).to(device)
        self.state = State()
        self.optimizer = self._optimizer(self._stages()[0][0])
        self.losses = Losses(recipe, self.model, self.head, self.encoder, device)

    def _stages(self) -> list[tuple[StageName, int]]:
        return self.recipe.stages()

    def _modules(self, stage: StageName) -> list[tuple[str, torch.nn.Parameter]]:
        if stage == "vision":
            named = [(f"model.visual.{name}", value) for name, value in self.model.model.visual.named_parameters()]
            return [*named, *((f"head.{name}", value) for name, value in self.head.named_parameters())]
        return list(self.model.named_parameters())

    def _optimizer(self, stage: StageName) -> torch.optim.AdamW:
        return optimizer_of(self.recipe, stage, self._modules(stage))

    def start_from(self, checkpoint: Path) -> None:
        """Take the weights of another checkpoint, with the same tokenizer, for a start."""
        saved = type(self.model).from_pretrained(checkpoint, dtype=torch.float32, local_files_only=True)
        self.model.load_state_dict(saved.state_dict())
        self.model.tie_weights()

    def save(self) -> None:
        """Keep the state, so that `resume` goes on from here."""
        stages = self._stages()
        stage = stages[min(self.state.stage, len(stages) - 1)][0]
        moments = {
            f"{name}/{key}": moment
            for name, value in self._modules(stage)
            for key, moment in self.optimizer.state.get(value, {}).items()
        }
        # The output layer is tied to the embedding.
        weights = {name: value for name, value in self.model.state_dict().items() if name != "lm_head.weight"}
        position = {
            "stage": self.state.stage,
            "step": self.state.step,
            "seconds": self.state.seconds,
            "cpu_seconds": self.state.cpu_seconds,
            "recipe": repr(self.recipe),
        }
        write_state(self.work, {"model": weights, "head": self.head.state_dict(), "optimizer": moments}, position)

    def resume(self) -> bool:
        """Go on from the saved state; False when there is none. Raises ValueError when it belongs to another recipe."""
        saved = read_state(self.work)
        if saved is None:
            return False
        parts, position = saved
        if position["recipe"] != repr(self.recipe):
            raise ValueError(f"{self.work} was trained by another recipe; choose another folder or start anew")
        self.model.load_state_dict(parts["model"], strict=False)
        self.model.tie_weights()
        self.head.load_state_dict(parts["head"])
        self.state = State(position["stage"], position["step"], position["seconds"], position["cpu_seconds"])
        if self.state.stage < len(self._stages()):
            stage = self._stages()[self.state.stage][0]
            self.optimizer = self._optimizer(stage)
            for name, value in self._modules(stage):
                moments = {
                    key.rpartition("/")[2]: moment
                    for key, moment in parts["optimizer"].items()
                    if key.rpartition("/")[0] == name
                }
                if moments:
                    self.optimizer.state[value] = {
                        key: moment[0].clone() if key == "step" else moment.to(value.device)
                        for key, moment in moments.items()
                    }
        return True

    def run(self, on_step: OnStep | None = None, stop_after: int | None = None) -> bool:
        """Train to the end, or for `stop_after` steps; True when finished. Snapshots and `final/` are complete checkpoints."""
        stages = self._stages()
        total = sum(count for _, count in stages)
        taken, began = 0, time.monotonic()
        while self.state.stage < len(stages):
            stage, steps = stages[self.state.stage]
            while self.state.step < steps:
                started, cpu_started = time.monotonic(), time.process_time()
                step = self.state.step
                for group in self.optimizer.param_groups:
                    group["lr"] = rate_at(self.recipe, stage, step, steps)
                loss = self.losses.of_step(stage, step)
                loss.backward()
                parameters = [value for _, value in self._modules(stage)]
                torch.nn.utils.clip_grad_norm_(parameters, self.recipe.clip)
                self.optimizer.step()
                self.optimizer.zero_grad(set_to_none=True)
                self.state.step += 1
                self.state.seconds += time.monotonic() - started
                self.state.cpu_seconds += time.process_time() - cpu_started
                taken += 1
                done = sum(count for _, count in stages[: self.state.stage]) + self.state.step
                if on_step:
                    left = (time.monotonic() - began) / taken * (total - done)
                    where = (self.recipe.checkpoint, stage, self.state.step, steps, done, total)
                    on_step(Progress(*where, float(loss.detach()), left, dict(self.losses.accuracy)))
                if stage == "joint" and self.state.step % self.recipe.snapshot_every == 0 and self.state.step < steps:
                    save_checkpoint(self.model, self.processor, self.work / "snapshots" / f"{self.state.step:05d}")
                if self.state.step % SAVE_EVERY == 0 and self.state.step < steps:
                    self.save()
                if stop_after is not None and taken >= stop_after:
                    self.save()
                    return False
            self.state = State(self.state.stage + 1, 0, self.state.seconds, self.state.cpu_seconds)
            self.losses.accuracy = {}
            if self.state.stage < len(stages):
                self.optimizer = self._optimizer(stages[self.state.stage][0]) if stage == "vision" else self.optimizer
                self.save()
        save_checkpoint(self.model, self.processor, self.work / "final")
        self.save()
        return True


def _own_tokenizer(folder: Path, vocabulary: int) -> PreTrainedTokenizerFast:
    """The run's tokenizer: built once and kept, since a resumed run with other token numbers would start over unnoticed."""
    if not (folder / "tokenizer_config.json").exists():
        build_tokenizer(vocabulary).save_pretrained(folder)
    return PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)


def snapshots_of(work: Path) -> dict[int, Path]:
    """Complete snapshots below a working folder, by joint step."""
    snapshots = defaultdict(Path)
    for path in sorted((work / "snapshots").glob("*")):
        if (path / "processor_config.json").exists():
            snapshots[int(path.name)] = path
    return dict(snapshots)
