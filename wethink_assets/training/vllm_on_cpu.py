"""How does a vLLM in the process of the training get the weights of now on a machine without GPU?

TRL puts them into the running engine by `load_weights`. For a CPU, vLLM has packed the weights of each linear layer into a form of its own by
then, and dropped what they were loaded into, so that `load_weights` finds no place for them. Here they go through vLLM's own `reload_weights`,
which packs them anew, all but those of an output layer that shares the weights of the embeddings. The engine runs uncompiled, as compiled code
would hold on to what was packed first, and computes in the precision of the training. Where there is a GPU all is left as TRL has it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from trl.generation import vllm_generation
from trl.trainer import grpo_trainer


class RepackedVLLM(vllm_generation.VLLMGeneration):
    """TRL's vLLM, for a CPU."""

    def _init_vllm(self) -> None:
        engine = partial(vllm_generation.LLM, enforce_eager=True, dtype=self.model.dtype)
        with _in_place(vllm_generation, "LLM", engine):
            super()._init_vllm()

    def sync_weights(self) -> None:
        """Give vLLM the weights of now, and let it forget what it kept of prompts by the former ones."""
        from vllm.model_executor.layers.vocab_parallel_embedding import ParallelLMHead

        runner = self.llm.llm_engine.model_executor.driver_worker.model_runner
        runner.reload_weights(self._iter_named_params())
        for layer in runner.model.modules():
            if isinstance(layer, ParallelLMHead):
                layer.quant_method.process_weights_after_loading(layer)
        self.llm.reset_prefix_cache()


@contextmanager
def repacked_on_cpu(engine: str) -> Iterator[None]:
    """A trainer that is made meanwhile has the vLLM above, where `engine` is the colocated one and there is no GPU."""
    if engine != "vllm-colocated" or torch.cuda.is_available():
        yield
        return
    with _in_place(grpo_trainer, "VLLMGeneration", RepackedVLLM):
        yield


@contextmanager
def _in_place(module: Any, name: str, value: Any) -> Iterator[None]:
    stock = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, stock)
