"""GRPO computes the probabilities that a model itself gives to completions, whatever fields its processor gives, in micro-batches of any size."""

from pathlib import Path
from typing import Any

import pytest

from wethink_assets.training.data.chat import encoded
from wethink_assets.training.policies.base_model import BaseModel, load_base_processor, load_model
from wethink_assets_tests.support.families.checkpoints import save_family_checkpoint

pytestmark = pytest.mark.slow
FAMILIES = ("aya_vision", "deepseek_vl", "gemma3", "lighton_ocr", "llava_next", "mllama")


def by_tokens(completion_ids: list[list[int]], **_: Any) -> list[float]:
    """A reward that differs within a group: by the numbers of the tokens."""
    return [float(sum(ids) % 7) for ids in completion_ids]


def trainer_of(family: str, folder: Path) -> Any:
    """GRPO of a tiny checkpoint on images of several sizes."""
    import torch
    from datasets import Dataset
    from PIL import Image
    from trl import GRPOConfig, GRPOTrainer

    from wethink_assets.training.trainers.heads import heads_scale_as_models
    from wethink_assets.training.trainers.image_fields import ImageFieldsMixin

    class Trainer(ImageFieldsMixin, GRPOTrainer):
        """As in a run, but with a reward that needs no store."""

    torch.manual_seed(0)
    base = BaseModel(str(save_family_checkpoint(family, folder / "base")), "", False, {"model": family})
    sizes = [(96, 96), (96, 40), (60, 120), (64, 64)]
    rows = [
        {
            "prompt": [{"role": "user", "content": f"what is {'it ' * number}?"}],
            "images": [Image.new("RGB", size, (20 * number, 90, 200))],
        }
        for number, size in enumerate(sizes)
    ]
    arguments = GRPOConfig(
        output_dir=str(folder / "work"),
        per_device_train_batch_size=2,
        gradient_accumulation_steps=4,
        num_generations=2,
        max_completion_length=6,
        max_steps=2,
        beta=0.1,
        learning_rate=1e-3,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
        logging_steps=1,
    )
    with heads_scale_as_models():
        return Trainer(
            model=load_model(base, "float32"),
            args=arguments,
            train_dataset=Dataset.from_list(rows),
            processing_class=load_base_processor(base),
            reward_funcs=by_tokens,
        )


@pytest.mark.parametrize("family", FAMILIES)
def test_probabilities_are_those_of_the_model(family: str, tmp_path: Path) -> None:
    import torch

    trainer = trainer_of(family, tmp_path)
    inputs = [trainer.train_dataset[number] for number in (0, 0, 1, 1, 2, 2, 3, 3)]
    output = trainer._generate_and_score_completions(inputs)
    trainer.model.eval()
    for number, example in enumerate(inputs):
        content = [{"type": "image", "image": example["images"][0]}]
        content += [{"type": "text", "text": example["prompt"][0]["content"]}]
        prompt = encoded([[{"role": "user", "content": content}]], trainer.processing_class)
        kept = output["completion_mask"][number].bool()
        reply = output["completion_ids"][number][kept]
        with torch.no_grad():
            expected = []
            generated: Any = dict(prompt)
            for token in reply:  # as generation goes on: one token after another, all of the prompt each time
                logits = trainer.model(**generated).logits[0, -1]
                expected.append(torch.log_softmax(logits.float() / trainer.temperature, -1)[token])
                generated = _with_token(generated, token)
        given = output["ref_per_token_logps"][number][kept]
        assert torch.allclose(given, torch.stack(expected), atol=1e-4), family


def _with_token(prompt: dict[str, Any], token: Any) -> dict[str, Any]:
    """A prompt with one more token, whose fields with a value a token are as transformers' own generation has them."""
    import torch

    longer = dict(prompt)
    shape = prompt["input_ids"].shape
    for name, value in prompt.items():
        if name == "input_ids":
            longer[name] = torch.cat([value, token.reshape(1, 1)], 1)
        elif value.shape[:2] == shape:
            last = (
                value[:, -1:] if name in ("attention_mask", "cross_attention_mask") else torch.zeros_like(value[:, -1:])
            )
            longer[name] = torch.cat([value, last], 1)
    return longer


@pytest.mark.parametrize("family", ["lighton_ocr", "mllama"])
def test_a_model_learns_in_micro_batches(family: str, tmp_path: Path) -> None:
    trainer = trainer_of(family, tmp_path)
    trainer.train()
    lines = [line for line in trainer.state.log_history if "loss" in line]
    assert len(lines) == 2 and lines[0]["kl"] == pytest.approx(0, abs=1e-5)
    assert all(line["grad_norm"] > 0 for line in lines)
