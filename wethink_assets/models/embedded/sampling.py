"""Sampling of replies such that each depends on its own request alone, whatever it was batched with.

Adding Gumbel noise to the logits and taking the greatest is sampling from the softmax. The noise of a request is a stream of its own,
seeded by its sampling seed, one draw a position: greedy decoding of noised logits then samples every request of a batch independently.
"""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import LogitsProcessor, StoppingCriteria

from wethink_assets.models.chat import Sampling


class SeededGumbel(LogitsProcessor):
    """Temperature and top-p sampling per request, for use with greedy decoding; temperature 0 leaves a request greedy."""

    def __init__(self, samplings: Sequence[Sampling]) -> None:
        self._rows = [
            (row, sampling, np.random.Generator(np.random.Philox(key=sampling.seed % 2**64)))
            for row, sampling in enumerate(samplings)
            if sampling.temperature > 0
        ]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Scores of shape (requests, vocabulary), noised in place of sampling."""
        if not self._rows:
            return scores
        noised = scores.float().clone()
        for row, sampling, stream in self._rows:
            values = noised[row] / sampling.temperature
            if sampling.top_p < 1:
                values = _nucleus(values, sampling.top_p)
            uniform = torch.from_numpy(stream.random(values.shape[0])).clamp_(1e-12, 1 - 1e-12)
            noised[row] = values - torch.log(-torch.log(uniform)).to(values)
        return noised


def _nucleus(values: torch.Tensor, top_p: float) -> torch.Tensor:
    ordered, order = values.sort(descending=True)
    before = ordered.softmax(0).cumsum(0) - ordered.softmax(0)
    return values.index_fill(0, order[before >= top_p], float("-inf"))


class Probabilities(LogitsProcessor):
    """The model's own probabilities of the next token, before anything is drawn: comes first among the processors, and changes nothing."""

    def __init__(self) -> None:
        self._latest: torch.Tensor | None = None

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Scores of shape (requests, vocabulary), as they came."""
        self._latest = scores
        return scores

    def of(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logarithms of the probabilities of the tokens that were chosen, shape (requests,)."""
        assert self._latest is not None
        return self._latest.float().log_softmax(-1).gather(1, tokens[:, None])[:, 0]


class OwnLimits(StoppingCriteria):
    """Ends each request at its own greatest number of tokens, and keeps the least probability of those before its end."""

    def __init__(self, prompt_length: int, limits: Sequence[int], end: int, probabilities: Probabilities) -> None:
        """`end` is the token that ends a reply."""
        self._prompt_length = prompt_length
        self._limits = torch.tensor(limits)
        self._end = end
        self._probabilities = probabilities
        self._least = torch.zeros(len(limits))
        self._ended = torch.zeros(len(limits), dtype=torch.bool)

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor, **kwargs: object) -> torch.BoolTensor:
        """Which requests are done, shape (requests,)."""
        chosen = input_ids[:, -1]
        of_chosen = self._probabilities.of(chosen).to(self._least.device)
        self._least = torch.where(self._ended, self._least, torch.minimum(self._least, of_chosen))
        done = input_ids.shape[1] - self._prompt_length >= self._limits
        self._ended |= done | (chosen == self._end).to(self._ended.device)
        return done.to(input_ids.device)

    @property
    def certainties(self) -> list[float]:
        """The least probability of a token of each reply, its end included."""
        return self._least.exp().tolist()
