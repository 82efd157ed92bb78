"""How a checkpoint is trained from nothing: staged, deterministic, and resumable after any interruption.

The data of a step is a function of seed, stage and step, and there is no other randomness: a resumed run is the run that was interrupted.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerFast, Qwen2_5_VLForConditionalGeneration

from wethink_assets.models.embedded.building import build_model, build_processor, build_tokenizer, save_checkpoint
from wethink_assets.models.embedded.encoding import IGNORED, Encoder
from wethink_assets.models.embedded.recipe import Recipe, StageName
from wethink_assets.models.embedded.saved_state import read_state, write_state
from wethink_assets.models.embedded.training_data import READING_CLASSES, READINGS, examples_at, vision_batch_at
from wethink_assets.models.embedded.views import GRID
from wethink_assets.models.embedded.vision import attend_in_batches

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
        self.optimizer = self._new_optimizer(self._stages()[0][0])
        self.accuracy: dict[str, float] = {}

    def _stages(self) -> list[tuple[StageName, int]]:
        return self.recipe.stages()

    def _modules(self, stage: StageName) -> list[tuple[str, torch.nn.Parameter]]:
        if stage == "vision":
            named = [(f"model.visual.{name}", value) for name, value in self.model.model.visual.named_parameters()]
            return [*named, *((f"head.{name}", value) for name, value in self.head.named_parameters())]
        return list(self.model.named_parameters())

    def _new_optimizer(self, stage: StageName) -> torch.optim.AdamW:
        named = self._modules(stage)
        recipe = self.recipe
        groups = [
            {
                "params": [value for _, value in named if value.ndim > 1],
                "weight_decay": 0.02 if stage == "vision" else recipe.weight_decay,
            },
            {"params": [value for _, value in named if value.ndim <= 1], "weight_decay": 0.0},
        ]
        beta2 = 0.95 if stage == "vision" else recipe.beta2
        return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, beta2), fused=True)

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.split(":")[0], torch.bfloat16)

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
            self.optimizer = self._new_optimizer(stage)
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

    def _rate(self, stage: StageName, step: int, steps: int) -> float:
        recipe = self.recipe
        warm = min(1.0, (step + 1) / recipe.warm_up)
        if stage == "vision":
            return recipe.learning_rate * warm * (0.1 + 0.45 * (1 + math.cos(math.pi * step / steps)))
        if stage != "joint":
            return recipe.learning_rate * (warm if stage == "drills" else 1.0)
        start = steps * (1 - recipe.decay_share)
        fall = 1.0 if step < start else 0.02 + 0.49 * (1 + math.cos(math.pi * (step - start) / (steps - start)))
        return recipe.learning_rate * recipe.joint_factor * fall

    def _vision_loss(self, step: int) -> torch.Tensor:
        pixels, readings = vision_batch_at(self.recipe, step)
        grid = torch.tensor([[1, GRID, GRID]] * self.recipe.vision_batch, device=self.device)
        readings = readings.to(self.device)
        with self._autocast():
            output = self.head(self.model.model.visual(pixels.to(self.device), grid_thw=grid).pooler_output).float()
        loss = torch.zeros((), device=self.device)
        for number, scores in enumerate(output.split(READING_CLASSES, dim=1)):
            loss = loss + cross_entropy(scores, readings[:, number])
            shown = readings[:, number] > 0
            if bool(shown.any()):
                self._note(READINGS[number], float((scores.argmax(1) == readings[:, number])[shown].float().mean()))
        return loss

    def _text_loss(self, stage: StageName, step: int) -> torch.Tensor:
        batch = self.encoder.batch(examples_at(self.recipe, stage, step))
        ids, labels = batch.ids.to(self.device), batch.labels.to(self.device)[:, 1:].reshape(-1)
        # Only positions with a label go through the output layer, rounded up to few different counts: kernels are made for each.
        kept = (labels != IGNORED).nonzero()[:, 0]
        count = len(kept)
        chosen = torch.cat([kept, kept.new_zeros(-count % 512)])
        with self._autocast():
            embedded = self.model.get_input_embeddings()(ids)
            if batch.pixels is not None:
                grid = torch.tensor([[1, GRID, GRID]] * (batch.pixels.shape[0] // GRID**2), device=self.device)
                seen = self.model.model.visual(batch.pixels.to(self.device), grid_thw=grid).pooler_output
                embedded = embedded.masked_scatter(
                    (ids == self.encoder.image_token)[..., None], seen.to(embedded.dtype)
                )
            hidden = self.model.model.language_model(
                inputs_embeds=embedded, position_ids=batch.positions.to(self.device), use_cache=False
            ).last_hidden_state
            logits = self.model.lm_head(hidden[:, :-1].reshape(-1, hidden.shape[-1])[chosen])[:count]
        wanted = labels[kept]
        if step % 4 == 0:
            right = (logits.argmax(1) == wanted).cpu().numpy()
            roles = batch.roles[:, 1:].reshape(-1)[kept.cpu().numpy()]
            for number, name in enumerate(batch.role_names):
                if (roles == number).any():
                    self._note(name, float(right[roles == number].mean()))
        return cross_entropy(logits.float(), wanted)

    def _note(self, role: str, accuracy: float) -> None:
        before = self.accuracy.get(role)
        self.accuracy[role] = accuracy if before is None else 0.9 * before + 0.1 * accuracy

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
                    group["lr"] = self._rate(stage, step, steps)
                loss = self._vision_loss(step) if stage == "vision" else self._text_loss(stage, step)
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
                    on_step(Progress(*where, float(loss.detach()), left, dict(self.accuracy)))
                if stage == "joint" and self.state.step % self.recipe.snapshot_every == 0 and self.state.step < steps:
                    save_checkpoint(self.model, self.processor, self.work / "snapshots" / f"{self.state.step:05d}")
                if self.state.step % SAVE_EVERY == 0 and self.state.step < steps:
                    self.save()
                if stop_after is not None and taken >= stop_after:
                    self.save()
                    return False
            self.state = State(self.state.stage + 1, 0, self.state.seconds, self.state.cpu_seconds)
            self.accuracy = {}
            if self.state.stage < len(stages):
                self.optimizer = (
                    self._new_optimizer(stages[self.state.stage][0]) if stage == "vision" else self.optimizer
                )
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
    found = defaultdict(Path)
    for path in sorted((work / "snapshots").glob("*")):
        if (path / "processor_config.json").exists():
            found[int(path.name)] = path
    return dict(found)
