"""Engine of a checkpoint: encodes prompts, views and their positions, and generates a batch of replies with transformers."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Pixels
from transformers import AutoTokenizer, LogitsProcessorList, Qwen2_5_VLForConditionalGeneration, StoppingCriteriaList

from wethink_assets.errors import ModelError
from wethink_assets.models.chat import CallFailed, Image, Message, Sampling
from wethink_assets.models.embedded.sampling import OwnLimits, Probabilities, SeededGumbel
from wethink_assets.models.embedded.vision import CELLS, GRID, attend_in_batches, patches, square_view
from wethink_assets.sources.images.view import view

CACHED_VIEWS = 512


@dataclass(frozen=True, slots=True)
class Request:
    """One call, encoded: prompt tokens, views of its images (each (36, 384)), sampling with max_tokens cut to the context."""

    tokens: tuple[int, ...]
    views: tuple[NDArray[np.float32], ...]
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class Reply:
    """Text of a reply with its tokens, why it ended (`stop` or `length`), and the least probability of one of its tokens."""

    text: str
    tokens: int
    finish_reason: str
    certainty: float


def model_view(data: bytes) -> Pixels.Image:
    """The view of an image file as the model sees it: square and small. Raises `CallFailed` when it cannot be decoded."""
    try:
        return square_view(view(data))
    except (OSError, ValueError, SyntaxError, Pixels.DecompressionBombError) as error:
        raise CallFailed(f"an image of the call cannot be decoded: {error}") from error


class Engine:
    """A loaded checkpoint in float32: at this size as fast as bfloat16, and nearly free of rounding that depends on the batch."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self._model = Qwen2_5_VLForConditionalGeneration.from_pretrained(
                folder, dtype=torch.float32, attn_implementation="eager", local_files_only=True
            )
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"embedded checkpoint {folder} cannot be loaded: {error}") from error
        if self._model.get_output_embeddings().weight is not self._model.get_input_embeddings().weight:
            raise ModelError(
                f"embedded checkpoint {folder} was loaded without its output layer: load one model at a time"
            )
        self._model.to(device).eval()
        attend_in_batches(self._model)
        self._device = device
        config = self._model.config
        self._context: int = config.text_config.max_position_embeddings
        self._image_token: int = config.image_token_id
        self._end: int = config.text_config.eos_token_id
        self._padding: int = config.text_config.pad_token_id
        self._view = [config.vision_start_token_id, *[self._image_token] * CELLS, config.vision_end_token_id]
        self._views: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def _tokens(self, text: str) -> list[int]:
        # Text of users and models must not open a turn or an image: control tokens are only written here.
        tokens: list[int] = self._tokenizer.backend_tokenizer.encode(
            text.replace("<|", "< |"), add_special_tokens=False
        ).ids
        return tokens

    def _control(self, text: str) -> list[int]:
        tokens: list[int] = self._tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
        return tokens

    def view(self, image: Image) -> NDArray[np.float32]:
        """Patches of an image, from a small cache by digest."""
        if image.sha256 in self._views:
            self._views.move_to_end(image.sha256)
            return self._views[image.sha256]
        seen = patches(model_view(image.read()))
        self._views[image.sha256] = seen
        if len(self._views) > CACHED_VIEWS:
            self._views.popitem(last=False)
        return seen

    def encode(self, messages: Sequence[Message], sampling: Sampling) -> Request:
        """Encode a conversation as the chat template does. Raises `CallFailed` when it does not fit or an image cannot be read."""
        tokens: list[int] = []
        views: list[NDArray[np.float32]] = []
        for message in messages:
            tokens += self._control(f"<|im_start|>{message.role}\n")
            for image in message.images:
                views.append(self.view(image))
                tokens += self._view
            tokens += [*self._tokens(message.text), *self._control("<|im_end|>\n")]
        tokens += self._control("<|im_start|>assistant\n")
        room = self._context - len(tokens)
        if room < 1:
            raise CallFailed(
                f"the prompt has {len(tokens)} tokens; the embedded model reads at most {self._context} with its reply"
            )
        limit = max(1, min(sampling.max_tokens, room))
        return Request(
            tuple(tokens), tuple(views), Sampling(sampling.temperature, sampling.top_p, limit, sampling.seed)
        )

    def with_view(self, request: Request, seen: NDArray[np.float32]) -> Request:
        """The same single-turn request with a view at the start of the user's turn."""
        start = len(self._control("<|im_start|>user\n"))
        tokens = (*request.tokens[:start], *self._view, *request.tokens[start:])
        return Request(tokens, (seen, *request.views), request.sampling)

    @torch.inference_mode()
    def reply(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer a batch; all requests have views, or none has."""
        length = max(len(request.tokens) for request in requests)
        ids = np.full((len(requests), length), self._padding)
        mask = np.zeros((len(requests), length), np.int64)
        for row, request in enumerate(requests):
            ids[row, length - len(request.tokens) :] = request.tokens
            mask[row, length - len(request.tokens) :] = 1
        tensors = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        views = [view for request in requests for view in request.views]
        if views:
            tensors["pixel_values"] = torch.from_numpy(np.concatenate(views))
            tensors["image_grid_thw"] = torch.tensor([[1, GRID, GRID]] * len(views))
            tensors["mm_token_type_ids"] = torch.from_numpy((ids == self._image_token).astype(np.int64))
        samplings = [request.sampling for request in requests]
        limits = [sampling.max_tokens for sampling in samplings]
        probabilities = Probabilities()
        ends = OwnLimits(length, limits, self._end, probabilities)
        self._model.model.rope_deltas = None  # transformers keeps the positions of the batch before
        output = self._model.generate(
            **{name: value.to(self._device) for name, value in tensors.items()},
            do_sample=False,
            max_new_tokens=max(limits),
            logits_processor=LogitsProcessorList([probabilities, SeededGumbel(samplings)]),
            stopping_criteria=StoppingCriteriaList([ends]),
        )
        written = zip(output, limits, ends.certainties, strict=True)
        return [self._read(row[length:].tolist(), limit, certainty) for row, limit, certainty in written]

    def _read(self, tokens: list[int], limit: int, certainty: float) -> Reply:
        tokens = tokens[:limit]
        stopped = self._end in tokens
        if stopped:
            tokens = tokens[: tokens.index(self._end)]
        text = self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Reply(text, len(tokens) + stopped, "stop" if stopped else "length", certainty)
