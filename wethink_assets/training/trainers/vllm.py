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


class PicturesOfThePolicy:
    """Mix-in for a `GRPOTrainer` whose completions a vLLM may write."""

    _shown: dict[tuple[int, ...], list[int]]

    def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[list[int]], Any, dict[str, Any]]:
        trainer: Any = self
        ids, images, fields = super()._tokenize_prompts(prompts)  # type: ignore[misc]
        self._shown = {}
        if trainer.use_vllm and trainer.vllm_mode == "colocate" and images is not None:
            texts = trainer.processing_class.apply_chat_template(
                conversation=prompts,
                chat_template=trainer.chat_template,
                add_generation_prompt=True,
                tokenize=False,
                **trainer.chat_template_kwargs,
            )
            shortened = trainer.processing_class.tokenizer(texts, add_special_tokens=False)["input_ids"]
            self._shown = {tuple(long): short for long, short in zip(ids, shortened, strict=True)}
        return ids, images, fields

    def _generate_single_turn(self, prompt_ids: list[list[int]], *others: Any) -> Any:
        trainer: Any = self
        if trainer.use_vllm and trainer.state.global_step != trainer._last_loaded_step:  # new weights are coming
            self._forget_pictures()
        shown = [self._shown[tuple(ids)] for ids in prompt_ids] if self._shown else prompt_ids
        return super()._generate_single_turn(shown, *others)  # type: ignore[misc]

    def _forget_pictures(self) -> None:
        trainer: Any = self
        if trainer.vllm_mode == "colocate":
            trainer.vllm_generation.llm.llm_engine.reset_encoder_cache()
        elif trainer.accelerator.is_main_process:
            client = trainer.vllm_generation.vllm_client
            client.session.post(f"{client.base_url}/reset_encoder_cache").raise_for_status()


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
