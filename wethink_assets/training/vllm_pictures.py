"""What does a vLLM that writes the completions have to be told, to see pictures as the policy that is trained does?

TRL (1.16) leaves out two things.

A colocated vLLM is given prompts as the processor wrote them, with all tokens of each picture, and puts all tokens of the picture in place of
the first of them again (https://github.com/huggingface/trl/issues/6294): the policy is asked what nobody wrote. With the embedded policy,
log-probabilities of its completions were off by up to 17. Here the prompt has one token a picture. A server is given its prompts as they are,
with the place of each picture.

New weights do not make vLLM forget what its vision tower saw by the old ones (https://github.com/huggingface/trl/issues/7198): a picture that
comes again is seen as before. Here it forgets.
"""

from typing import Any


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
