"""Encoding of examples as tensors: token ids, three-axis positions, labels and normalised patches, the same as the stock processor's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from wethink_assets.models.embedded.tasks.examples import Example
from wethink_assets.models.embedded.vision import CELLS, GRID, patches

IGNORED = -100
ROUNDING = 8
"""Batches are padded to a multiple of this: kernels are compiled for each shape, so few shapes are faster."""


@dataclass(frozen=True, slots=True)
class Batch:
    """B examples of L tokens.

    ids, labels: (B, L), labels `IGNORED` outside replies; positions: (3, B, L); pixels: (36 x images, 384) or None;
    roles: (B, L) number of the segment's role in `role_names`.
    """

    ids: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor
    pixels: torch.Tensor | None
    roles: NDArray[np.int16]
    role_names: tuple[str, ...]


class Encoder:
    """Tokens of prompts and replies for one tokenizer."""

    def __init__(self, tokenizer: object) -> None:
        self._backend = tokenizer.backend_tokenizer  # type: ignore[attr-defined]
        self.padding: int = tokenizer.pad_token_id  # type: ignore[attr-defined]
        self.image_token: int = self._backend.token_to_id("<|image_pad|>")
        self._segments: dict[str, list[int]] = {}
        self._opening = self.tokens("<|im_start|>user\n")
        self._closing = self.tokens("<|im_end|>\n<|im_start|>assistant\n")
        self._end = self.tokens("<|im_end|>")
        self._view = [*self.tokens("<|vision_start|>"), *[self.image_token] * CELLS, *self.tokens("<|vision_end|>")]
        self._first_cell = len(self._opening) + 1

    def tokens(self, text: str) -> list[int]:
        """Token ids of a text."""
        return self._backend.encode(text, add_special_tokens=False).ids

    def prompt(self, text: str, with_image: bool) -> list[int]:
        """A user turn, image first, and the opening of the reply: what the chat template and processor give."""
        return [*self._opening, *(self._view if with_image else []), *self.tokens(text), *self._closing]

    def _segment(self, text: str) -> list[int]:
        if text not in self._segments:
            if len(self._segments) > 100_000:
                self._segments.clear()
            self._segments[text] = self.tokens(text)
        return self._segments[text]

    def positions(self, length: int, with_image: bool) -> NDArray[np.int64]:
        """Time, row and column positions, shape (3, length), as Qwen2.5-VL numbers them."""
        positions = np.tile(np.arange(length), (3, 1))
        if with_image:
            first, side = self._first_cell, GRID // 2
            cells = np.arange(CELLS)
            positions[:, first : first + CELLS] = np.stack(
                [np.full(CELLS, first), first + cells // side, first + cells % side]
            )
            positions[:, first + CELLS :] = first + side + np.arange(length - first - CELLS)
        return positions

    def batch(self, examples: Sequence[Example]) -> Batch:
        """Right-padded training batch."""
        rows: list[tuple[list[int], list[list[int]], list[str]]] = []
        for example in examples:
            replies = [*(self._segment(text) for _, text in example.segments), self._end]
            rows.append(
                (
                    self.prompt(example.prompt, example.image is not None),
                    replies,
                    [*(role for role, _ in example.segments), "end"],
                )
            )
        longest = max(len(prompt) + sum(map(len, replies)) for prompt, replies, _ in rows)
        length = -(-longest // ROUNDING) * ROUNDING
        names = tuple(sorted({role for _, _, roles in rows for role in roles}))
        ids = np.full((len(rows), length), self.padding)
        labels = np.full((len(rows), length), IGNORED)
        roles = np.zeros((len(rows), length), np.int16)
        positions = np.zeros((3, len(rows), length), np.int64)
        for row, (prompt, replies, segment_roles) in enumerate(rows):
            at = len(prompt)
            ids[row, :at] = prompt
            positions[:, row] = self.positions(length, examples[row].image is not None)
            for tokens, role in zip(replies, segment_roles, strict=True):
                ids[row, at : at + len(tokens)] = tokens
                if role != "free":
                    labels[row, at : at + len(tokens)] = tokens
                roles[row, at : at + len(tokens)] = names.index(role)
                at += len(tokens)
        views = [patches(example.image) for example in examples if example.image is not None]
        pixels = torch.from_numpy(np.concatenate(views)) if views else None
        return Batch(torch.from_numpy(ids), torch.from_numpy(labels), torch.from_numpy(positions), pixels, roles, names)
