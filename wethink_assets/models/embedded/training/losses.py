"""Losses of the model, and of the head that reads its vision tower, on the batch of a step."""

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import Qwen2_5_VLForConditionalGeneration

from wethink_assets.models.embedded.encoding import IGNORED, Encoder
from wethink_assets.models.embedded.training.batches import READING_CLASSES, READINGS, examples_at, vision_batch_at
from wethink_assets.models.embedded.training.recipe import Recipe, StageName
from wethink_assets.models.embedded.vision import GRID


class Losses:
    """Losses of a model and of the head that reads its vision tower.

    accuracy: teacher-forced, by role of segment (by reading in the stage `vision`), a running mean since it was last emptied.
    """

    def __init__(
        self,
        recipe: Recipe,
        model: Qwen2_5_VLForConditionalGeneration,
        head: torch.nn.Linear,
        encoder: Encoder,
        device: str,
    ) -> None:
        self.recipe, self.model, self.head, self.encoder, self.device = recipe, model, head, encoder, device
        self.accuracy: dict[str, float] = {}

    def of_step(self, stage: StageName, step: int) -> torch.Tensor:
        """The loss of a step of a stage, a scalar with its gradient."""
        return self._vision(step) if stage == "vision" else self._text(stage, step)

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.split(":")[0], torch.bfloat16)

    def _vision(self, step: int) -> torch.Tensor:
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

    def _text(self, stage: StageName, step: int) -> torch.Tensor:
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
