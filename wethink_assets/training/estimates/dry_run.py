"""A dry run of one row through processor, model, judge and reward: what each takes, and what is wrong with it, before a training's first step."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wethink_assets.config import RecipeSettings
from wethink_assets.errors import ModelError, TrainingError, WeThinkError
from wethink_assets.models.servers.memory import find_gpus, find_memory, local_folder, stored_weights
from wethink_assets.training.data.chat import encoded, image_fields, image_token_ids
from wethink_assets.training.data.prompts import RowPrompts
from wethink_assets.training.policies.base_model import BaseModel, load_model
from wethink_assets.training.policies.parts import freeze
from wethink_assets.training.runs.phases import adapter_config
from wethink_assets.training.trainers.guards import out_of_memory
from wethink_assets.training.trainers.rewards import Rewarder

WRITTEN_TOKENS = 32
"""Tokens of a completion in a dry run, at most: their time tells that of more."""
WIDENED = 2
"""Bytes of a weight in training beside those of its file, at most (float32 for bfloat16)."""


@dataclass(slots=True)
class Faults:
    """What is wrong, by part: `model`, `processor`, `rows`, `judge`, `reward` or `leaks`; each one sentence with what to do."""

    by_part: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Notes whatever ends the block as the fault of a part."""
        try:
            yield
        except WeThinkError as error:
            self.by_part[part] = str(error)
        except Exception as error:  # whatever a model's, template's or service's code raises
            reason = (str(error).strip() or "no message").splitlines()[0]
            self.by_part[part] = out_of_memory(error) or f"{type(error).__name__}: {reason}"


@dataclass(frozen=True, slots=True)
class ModelTiming:
    """Seconds that a micro-batch took on this machine: writing `tokens` tokens each, one forward pass, and a forward with its backward pass.

    completion: the first text. GiB: memory at the peak, measured on a GPU only.
    """

    device: str
    batch: int
    tokens: int
    writing: float
    forward: float
    update: float
    completion: str
    gib: float | None


def weights_fit(base: BaseModel) -> str:
    """Why the weights cannot be tried on this machine; empty where they can."""
    folder = local_folder(base.name_or_path, base.revision)
    stored = stored_weights(Path(folder)) if folder else 0.0
    if not stored:
        return "its weights are not on this machine yet"
    gpus = find_gpus()
    free = max((gpu.free for gpu in gpus), default=find_memory().available)
    if stored * WIDENED > free:
        return f"its weights take {stored * WIDENED:.1f} GiB with nothing else, and {'a GPU' if gpus else 'this machine'} has {free:.1f} free"
    return ""


def try_model(
    base: BaseModel,
    processor: Any,
    row: Mapping[str, Any],
    image: Any,
    prompts: RowPrompts,
    recipe: RecipeSettings,
    dtype: str,
) -> ModelTiming:
    """Write and learn one micro-batch of completions of a row; raises whatever the model raises.

    Args:
        dtype: that the training loads the model in.
    """
    import torch
    from trl.data_utils import prepare_multimodal_messages

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = load_model(base, dtype)
    if recipe.lora.rank:
        from peft import get_peft_model

        model = get_peft_model(model, adapter_config(recipe, model))
    else:
        freeze(model, recipe.frozen)
    model = model.to(device)
    share = max(1, recipe.prompts_per_step * recipe.num_generations // recipe.launcher.processes)
    batch = min(recipe.micro_batch_size or share, share)
    if recipe.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    conversation = prepare_multimodal_messages(prompts.messages(row), images=[image])
    asked = encoded([conversation] * batch, processor).to(device)
    tokens = min(recipe.max_completion_length, WRITTEN_TOKENS)
    half = device == "cuda" and recipe.precision != "float32"
    with torch.autocast(device, torch.bfloat16, enabled=half):
        started = time.perf_counter()
        model.eval()
        with torch.inference_mode():
            written = model.generate(
                **asked,
                do_sample=True,
                temperature=recipe.temperature,
                top_p=recipe.top_p,
                min_new_tokens=tokens,
                max_new_tokens=tokens,
                suppress_tokens=image_token_ids(model.config, processor),
                pad_token_id=processor.tokenizer.pad_token_id,
            )
            completions = written[:, asked["input_ids"].shape[1] :].cpu()
        writing = time.perf_counter() - started
        fields = image_fields(asked, 0, completions.shape[1])
        inputs = torch.cat([asked["input_ids"], completions.to(device)], 1)
        mask = torch.cat([asked["attention_mask"], torch.ones_like(completions).to(device)], 1)
        model.train()
        started = time.perf_counter()
        with torch.no_grad():
            model(input_ids=inputs, attention_mask=mask, **fields).logits[0, -1].cpu()
        forward = time.perf_counter() - started
        started = time.perf_counter()
        loss = model(input_ids=inputs, attention_mask=mask, labels=inputs, **fields).loss
        loss.backward()
        loss.item()
        update = time.perf_counter() - started
    text = processor.batch_decode(completions, skip_special_tokens=True)[0]
    peak = torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else None
    return ModelTiming(device, batch, completions.shape[1], writing, forward, update, text, peak)


def try_judge(rewarder: Rewarder, row: Mapping[str, Any]) -> float:
    """Seconds of one grade: the judge is given the row's answer in other words than the true ones, so that it must be called.

    Raises `ModelError` with what its service says.
    """
    judge = rewarder.judge
    assert judge is not None
    started = time.perf_counter()
    grade = judge.run(judge.grade(str(row["question"]), str(row["answer"]), f"perhaps {row['answer']}"))
    seconds = time.perf_counter() - started
    if grade.score is not None:
        return seconds
    advice = "`wethink config check --call judge` looks for what mends it"
    error = judge.last_error
    if error is None:
        raise ModelError(f"the judge {judge.model.model_id} answers, but with no grade; {advice}")
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    raise ModelError(f"the judge {judge.model.model_id} gives no grade: {reason}; {advice}") from error


def try_reward(rewarder: Rewarder, row: Mapping[str, Any], prompts: RowPrompts) -> float:
    """Reward of the row's own reasoning path and answer. Raises whatever the reward raises."""
    [graded] = rewarder.submit([row], [prompts.target(row, prefilled=rewarder.prefilled)]).result()
    if graded.reward.failed:
        raise TrainingError(f"row {row['row_id'][:12]}: its own answer is given no grade")
    return graded.reward.total
