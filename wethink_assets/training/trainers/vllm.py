"""vLLM as the engine of the completions: images as the policy is shown them, and the weights of each step on a machine without GPU.

TRL (1.16) leaves out two things.

A colocated vLLM is given prompts as the processor wrote them, with all tokens of each image, and puts all tokens of the image in place of the
first of them again (https://github.com/huggingface/trl/issues/6294): the policy is asked what nobody wrote. With the embedded policy,
log-probabilities of its completions were off by up to 17. Here the prompt has one token per image. A server is given its prompts as they are,
with the position of each image.

New weights do not make vLLM forget the encodings that its vision tower made with the old ones (https://github.com/huggingface/trl/issues/7198):
an image that comes again is seen as before. Here it forgets.

TRL puts the weights of each step into the running engine by `load_weights`. For a CPU, vLLM has packed the weights of each linear layer into a
form of its own by then, and dropped the tensors that they were loaded into, so that `load_weights` finds nowhere to put them. Here they go through
vLLM's own `reload_weights`, which packs them anew, all but those of an output layer that shares the weights of the embeddings. The engine runs
uncompiled, as compiled code would hold on to what was packed first, and computes in the precision of the training. Where there is a GPU all is
left as TRL has it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from trl.generation import vllm_generation
from trl.trainer import grpo_trainer


class PolicyImagesMixin:
    """Mix-in for a `GRPOTrainer` whose completions a vLLM may write."""

    _prompts_shown: dict[tuple[int, ...], list[int]]

    def _tokenize_prompts(self, prompts: list[Any]) -> tuple[list[list[int]], Any, dict[str, Any]]:
        trainer: Any = self
        ids, images, fields = super()._tokenize_prompts(prompts)  # type: ignore[misc]
        self._prompts_shown = {}
        if trainer.use_vllm and trainer.vllm_mode == "colocate" and images is not None:
            texts = trainer.processing_class.apply_chat_template(
                conversation=prompts,
                chat_template=trainer.chat_template,
                add_generation_prompt=True,
                tokenize=False,
                **trainer.chat_template_kwargs,
            )
            one_token_per_image = trainer.processing_class.tokenizer(texts, add_special_tokens=False)["input_ids"]
            self._prompts_shown = {tuple(long): short for long, short in zip(ids, one_token_per_image, strict=True)}
        return ids, images, fields

    def _generate_single_turn(self, prompt_ids: list[list[int]], *others: Any) -> Any:
        trainer: Any = self
        if trainer.use_vllm and trainer.state.global_step != trainer._last_loaded_step:  # new weights are coming
            self._forget_images()
        shown = [self._prompts_shown[tuple(ids)] for ids in prompt_ids] if self._prompts_shown else prompt_ids
        return super()._generate_single_turn(shown, *others)  # type: ignore[misc]

    def _forget_images(self) -> None:
        trainer: Any = self
        if trainer.vllm_mode == "colocate":
            trainer.vllm_generation.llm.llm_engine.reset_encoder_cache()
        elif trainer.accelerator.is_main_process:
            client = trainer.vllm_generation.vllm_client
            client.session.post(f"{client.base_url}/reset_encoder_cache").raise_for_status()


class CPUVLLMGeneration(vllm_generation.VLLMGeneration):
    """TRL's vLLM, for a CPU."""

    def _init_vllm(self) -> None:
        engine = partial(vllm_generation.LLM, enforce_eager=True, dtype=self.model.dtype)
        with _replaced(vllm_generation, "LLM", engine):
            super()._init_vllm()

    def sync_weights(self) -> None:
        """Give vLLM the weights of this step, and let it forget the prefixes that it cached with the former ones."""
        from vllm.model_executor.layers.vocab_parallel_embedding import ParallelLMHead

        runner = self.llm.llm_engine.model_executor.driver_worker.model_runner
        runner.reload_weights(self._iter_named_params())
        for layer in runner.model.modules():
            if isinstance(layer, ParallelLMHead):
                layer.quant_method.process_weights_after_loading(layer)
        self.llm.reset_prefix_cache()


@contextmanager
def vllm_on_cpu(engine: str) -> Iterator[None]:
    """A trainer that is made meanwhile has `CPUVLLMGeneration`, where `engine` is the colocated one and there is no GPU."""
    if engine != "vllm-colocated" or torch.cuda.is_available():
        yield
        return
    with _replaced(grpo_trainer, "VLLMGeneration", CPUVLLMGeneration):
        yield


@contextmanager
def _replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    stock = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, stock)
