"""What a planned training will take: rows, tokens, memory by device, hours and cost, with what is wrong with any part of it."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wethink_assets.config import RecipeSettings, RoleSettings
from wethink_assets.errors import TrainingError
from wethink_assets.models.embedded.vision import SIDE
from wethink_assets.models.servers.memory import find_gpus
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.training.data.chat import require_images
from wethink_assets.training.data.prompts import RowPrompts, prompt_lengths, template_opens_thought
from wethink_assets.training.data.rows import Rows, select_rows
from wethink_assets.training.estimates.dry_run import (
    Faults,
    ModelTiming,
    try_judge,
    try_model,
    try_reward,
    weights_fit,
)
from wethink_assets.training.estimates.memory import MemoryEstimate, memory_of, shape_of, shards_of
from wethink_assets.training.policies.base_model import folder_without_weights, image_for, load_base_processor
from wethink_assets.training.runs.leaks import require_no_leaks
from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.trainers.rewards import Rewarder
from wethink_assets.training.validation.held_out import BATCH

CHARACTERS = 4  # a token, about: the judge's tokenizer is not ours
JUDGE_PROMPT = 400  # tokens around question and answer, about
JUDGE_REPLY = 40


@dataclass(slots=True)
class RunEstimate:
    """A training in figures, before its first step; what could not be found out is None, and why stands in `faults` or `notes`.

    rows, held_out: that it takes; left_out: by reason. steps: by phase. prompt_tokens: of the median prompt and of the longest one.
    learnt_tokens, written_tokens: prompts and replies that pass through updates, and tokens of completions, at most. memory: by formula, on
    each device. measured_gib: of one micro-batch on this GPU. step_seconds, hours: on this machine's device, at most. judge_calls: at most.
    money: devices and judge by their prices. own_reward: that the row's own answer earns.
    """

    key: str
    base_model: str
    rows: int = 0
    held_out: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    prompt_tokens: tuple[int, int] | None = None
    learnt_tokens: int | None = None
    written_tokens: int | None = None
    parameters: int | None = None
    trained_parameters: int | None = None
    memory: MemoryEstimate | None = None
    device: str = ""
    device_gib: float | None = None
    measured_gib: float | None = None
    step_seconds: dict[str, float] = field(default_factory=dict)
    hours: float | None = None
    device_hours: float | None = None
    judge_calls: int = 0
    judge_seconds: float | None = None
    money: float | None = None
    own_reward: float | None = None
    faults: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values, with the peak of the memory."""
        values = asdict(self)
        if self.memory is not None:
            values["memory"]["peak"] = self.memory.peak
        return values


def estimate_run(plan: TrainingPlan, store: Store) -> RunEstimate:
    """What a planned run will take, by one row of it put through processor, model, judge and reward; no part's fault hides another's.

    Nothing is kept: neither the store nor the working folder is written. Weights that are not on this machine are not downloaded.
    """
    estimate = RunEstimate(plan.key, plan.base["identity"]["model"])
    faults = Faults(estimate.faults)
    with tempfile.TemporaryDirectory() as folder:
        rows = Rows(Path(folder) / "train.arrow")
        with faults.of("rows"):
            chosen = select_rows(store, plan.version, "train", plan.recipe, Path(folder) / "train.arrow")
            estimate.rows, estimate.left_out = chosen.rows, chosen.left_out
            limit = plan.recipe.validation_rows
            held_out = select_rows(
                store, plan.version, "validation", plan.recipe, Path(folder) / "validation.arrow", limit
            )
            estimate.held_out = min(held_out.rows, limit)
        _run_through(estimate, faults, plan, store, rows)
    with faults.of("leaks"):
        require_no_leaks(store, plan.version, plan.configuration.training.leaks)
    return estimate


def _run_through(estimate: RunEstimate, faults: Faults, plan: TrainingPlan, store: Store, rows: Rows) -> None:
    recipe = plan.recipe
    processor = None
    with faults.of("processor"):
        processor = load_base_processor(plan.base_model, (recipe.min_pixels, recipe.max_pixels))
        require_images(processor)
    prompts = RowPrompts(plan.configuration, recipe, processor) if processor is not None else None
    lengths: NDArray[np.int64] | None = None
    if estimate.rows and prompts is not None and "processor" not in estimate.faults:
        with faults.of("processor"):
            lengths = _lengths(estimate, rows, prompts, processor, recipe, plan.base_model.embedded)
    timing = None
    with faults.of("model"):
        _weigh(estimate, plan)
    if lengths is not None and prompts is not None:
        with faults.of("model"):
            if reason := weights_fit(plan.base_model):
                estimate.notes.append(f"the model was not tried: {reason}; hours are not known")
            else:
                row = rows[int(np.argmax(lengths))]
                image = image_for(plan.base_model, Blobs(store).read(row["image_path"]))
                timing = try_model(plan.base_model, processor, row, image, prompts, recipe, _dtype(recipe))
                estimate.device, estimate.measured_gib = timing.device, timing.gib
    if estimate.rows:
        _grade(estimate, faults, plan, rows, prompts or RowPrompts(plan.configuration, recipe), processor)
    if timing is not None:
        _count_hours(estimate, plan, timing)


def _dtype(recipe: RecipeSettings) -> str:
    import torch

    half = recipe.precision == "bfloat16" or (recipe.precision == "auto" and torch.cuda.is_available())
    return "bfloat16" if half and recipe.lora.rank else "float32"


def _lengths(
    estimate: RunEstimate, rows: Rows, prompts: RowPrompts, processor: Any, recipe: RecipeSettings, embedded: bool
) -> NDArray[np.int64]:
    """Tokens of the prompts, those that are too long as 0."""
    from wethink_assets.training.trainers.arguments import steps_of
    from wethink_assets.training.trainers.sft import sft_steps

    lengths = prompt_lengths(rows, prompts, processor, SIDE if embedded else None)
    usable = lengths[lengths <= recipe.max_prompt_length]
    if not len(usable):
        raise TrainingError(
            f"no prompt has at most {recipe.max_prompt_length} tokens (the shortest has {lengths.min()}): raise `max_prompt_length`"
        )
    if too_long := len(lengths) - len(usable):
        estimate.rows -= too_long
        estimate.left_out["too_long"] = too_long
    estimate.prompt_tokens = (int(np.median(usable)), int(usable.max()))
    counts = {"sft": sft_steps, "grpo": steps_of}
    estimate.steps = {phase: counts[phase](recipe, len(usable)) for phase in recipe.phases}
    completions = _completions(estimate, recipe)
    supervised = estimate.steps.get("sft", 0) * recipe.sft_batch_size
    mean = float(usable.mean())
    estimate.written_tokens = completions * recipe.max_completion_length
    estimate.learnt_tokens = round(
        (completions * recipe.num_iterations + supervised) * (mean + recipe.max_completion_length)
    )
    return np.where(lengths <= recipe.max_prompt_length, lengths, 0)


def _completions(estimate: RunEstimate, recipe: RecipeSettings) -> int:
    """Completions of the whole run."""
    batches = -(-estimate.steps.get("grpo", 0) // recipe.num_iterations)
    return batches * recipe.prompts_per_step * recipe.num_generations


def _weigh(estimate: RunEstimate, plan: TrainingPlan) -> None:
    import torch
    from transformers import AutoConfig

    recipe, settings = plan.recipe, plan.configuration
    shape = shape_of(
        AutoConfig.from_pretrained(folder_without_weights(plan.base_model), trust_remote_code=False), recipe
    )
    estimate.parameters, estimate.trained_parameters = shape.parameters, shape.trained
    device = min((gpu.total for gpu in find_gpus()), default=0.0)
    half = recipe.precision == "bfloat16" or (recipe.precision == "auto" and torch.cuda.is_available())
    config = recipe.launcher.accelerate_config
    shards = shards_of(settings.resolve(config) if config else "")
    longest = estimate.prompt_tokens[1] if estimate.prompt_tokens else recipe.max_prompt_length
    estimate.memory = memory_of(shape, recipe, longest, half=half, shards=shards, device=device)
    estimate.device_gib = device or None
    if device and estimate.memory.peak > device:
        raise TrainingError(
            f"about {estimate.memory.peak:.0f} GiB are needed on each device, and the smallest here has {device:.0f}: lower `micro_batch_size` or"
            " `max_completion_length`, train adapters (`lora.rank = 64`), or spread the weights (`launcher.accelerate_config`)"
        )


def _grade(
    estimate: RunEstimate, faults: Faults, plan: TrainingPlan, rows: Rows, prompts: RowPrompts, processor: Any
) -> None:
    recipe = plan.recipe
    with faults.of("judge"), Rewarder(plan.configuration, recipe) as rewarder:
        rewarder.prefilled = processor is not None and template_opens_thought(processor)
        judged = _first_judged(rows, recipe)
        if rewarder.judge is not None and judged is not None:
            estimate.judge_seconds = try_judge(rewarder, judged)
        with faults.of("reward"):
            estimate.own_reward = try_reward(rewarder, judged or rows[0], prompts)


def _first_judged(rows: Rows, recipe: RecipeSettings) -> Mapping[str, Any] | None:
    """A row that the judge grades; None where it grades none."""
    if recipe.accuracy == "rules":
        return None
    if recipe.accuracy == "judge":
        found: Mapping[str, Any] = rows[0]
        return found
    return next((row for row in rows if row["reward"] == "judge"), None)


def _count_hours(estimate: RunEstimate, plan: TrainingPlan, timing: ModelTiming) -> None:
    """Hours and cost on this machine's device, at most: every completion is as long as it may be, and no batch is faster than a micro-batch."""
    recipe = plan.recipe
    processes = recipe.launcher.processes
    a_token, longer = timing.writing / timing.tokens, 1.0
    assert estimate.prompt_tokens is not None
    tried = estimate.prompt_tokens[1] + timing.tokens
    longer = (estimate.prompt_tokens[1] + recipe.max_completion_length) / tried
    micros = recipe.prompts_per_step * recipe.num_generations / processes / timing.batch
    passes = (1 if recipe.beta else 0) + (1 if recipe.num_iterations > 1 else 0) / recipe.num_iterations
    written = micros * a_token * recipe.max_completion_length / recipe.num_iterations
    seconds = {
        "grpo": written + micros * longer * (timing.update + passes * timing.forward),
        "sft": recipe.sft_batch_size / processes / timing.batch * longer * timing.update,
    }
    calls = _judge_calls(estimate, recipe)
    estimate.judge_calls = calls
    estimate.step_seconds = {phase: round(seconds[phase], 3) for phase in recipe.phases}
    training = sum(steps * seconds[phase] for phase, steps in estimate.steps.items())
    batches = -(-estimate.held_out // BATCH) * _held_out_passes(estimate, recipe)
    answering = batches * a_token * recipe.max_completion_length * max(1, BATCH / timing.batch)
    if timing.device == "cuda":  # a batch takes hardly longer than a micro-batch
        answering /= max(1, BATCH / timing.batch)
    judging = calls * (estimate.judge_seconds or 0) / plan.configuration.pipeline.concurrency
    total = max(training, judging) + answering
    estimate.hours = total / 3600
    estimate.device_hours = (max(training, judging) * processes + answering * processes) / 3600
    price = plan.configuration.training.price_device_hour
    judge = _judge_money(plan.configuration.role("judge"), calls, recipe) if calls else 0.0
    estimate.money = round(estimate.device_hours * price + judge, 4) if price or judge else None


def _judge_calls(estimate: RunEstimate, recipe: RecipeSettings) -> int:
    if recipe.accuracy == "rules" or estimate.judge_seconds is None:
        return 0
    return _completions(estimate, recipe) + _held_out_passes(estimate, recipe) * estimate.held_out


def _held_out_passes(estimate: RunEstimate, recipe: RecipeSettings) -> int:
    """How often the held-out rows are answered: before, after, and at each evaluation in between."""
    if not recipe.eval_steps:
        return 2
    between = sum(max(0, steps - 1) // recipe.eval_steps for steps in estimate.steps.values())
    return 2 + between + (recipe.publish == "best")


def _judge_money(role: RoleSettings, calls: int, recipe: RecipeSettings) -> float:
    prompt = JUDGE_PROMPT + recipe.max_completion_length
    return calls * (role.price_call + (role.price_in * prompt + role.price_out * JUDGE_REPLY) / 1e6)
