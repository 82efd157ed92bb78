"""Phases of a training run, SFT and GRPO: each from where it was cut short to its final weights, and these as a checkpoint of their own."""

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wethink_assets.config import RecipeSettings
from wethink_assets.training.data.rows import Rows
from wethink_assets.training.policies.artifacts import ARTIFACTS
from wethink_assets.training.policies.base_model import load_model, save_base_processor
from wethink_assets.training.policies.catalog import MODEL
from wethink_assets.training.policies.parts import adapter_targets, freeze
from wethink_assets.training.runs.context import RunContext
from wethink_assets.training.runs.trackers import name_run, point_trackers
from wethink_assets.training.trainers.checkpoints import is_whole, newest_whole, remove_unfinished, seal, step_of
from wethink_assets.training.trainers.evaluation_record import EvaluationRecord, kept_best
from wethink_assets.training.trainers.recorder import RunRecorder, read_lines

FINAL = "final"


def train_phase(context: RunContext, phase: str, start: Path | None, rows: Rows, usable: NDArray[np.int32]) -> Path:
    """Train one phase of a run from where it was cut short; returns the folder with its final weights (of an adapter, where one is trained)."""
    from transformers import PrinterCallback

    folder = context.work / phase
    final = folder / FINAL
    if is_whole(final):
        return final
    if context.main:
        folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder)
    context.wait()
    newest = newest_whole(folder)
    from_step = step_of(newest) if newest else 0
    recorder = RunRecorder(folder, from_step) if context.main else None
    evaluations = _evaluations(context, phase, folder, from_step)
    point_trackers(context.plan, phase)
    trainer = _trainer(context, phase, folder, start, rows, usable, recorder)
    if evaluations is not None:
        evaluations.trainer = trainer
        trainer.add_callback(evaluations)
    name_run(trainer.args, context.plan, phase)
    trainer.remove_callback(PrinterCallback)  # the lines are ours
    context.reporter.total = trainer.args.max_steps
    if newest is not None:
        context.reporter.report(f"{phase}: resumed after step {step_of(newest)} of {trainer.args.max_steps}")
    else:
        context.reporter.report(f"{phase}: {trainer.args.max_steps} steps")
    trainer.train(resume_from_checkpoint=str(newest) if newest else None)
    trainer.save_model(str(final))
    context.wait()
    if context.main:
        seal(final)
    context.wait()
    return final


def _evaluations(context: RunContext, phase: str, folder: Path, from_step: int) -> Any:
    """The callback that evaluates a phase on the held-out rows; None where there are none, or no evaluation is wanted."""
    from wethink_assets.training.trainers.arguments import between_sets
    from wethink_assets.training.trainers.evaluations import EvaluationCallback

    recipe = context.plan.recipe
    if not len(context.held_out) or not recipe.eval_steps:
        return None
    record = EvaluationRecord(folder, from_step)
    if context.main:
        record.tidy()
    context.wait()
    every = between_sets(recipe, recipe.eval_steps) if phase == "grpo" else recipe.eval_steps
    return EvaluationCallback(
        record,
        folder,
        every,
        best=recipe.publish == "best" and phase == recipe.phases[-1],
        answer=partial(context.answer_held_out, sharded=bool(recipe.launcher.accelerate_config)),
        report=context.reporter.report,
        main=context.main,
    )


def _trainer(
    context: RunContext,
    phase: str,
    folder: Path,
    start: Path | None,
    rows: Rows,
    usable: NDArray[np.int32],
    recorder: Any,
) -> Any:
    from wethink_assets.models.embedded.chat import LOADING
    from wethink_assets.training.trainers.arguments import grpo_config, steps_of
    from wethink_assets.training.trainers.grpo import RowGRPOTrainer, StepCallback, prompt_dataset
    from wethink_assets.training.trainers.guards import Guard
    from wethink_assets.training.trainers.heads import heads_scale_as_models
    from wethink_assets.training.trainers.sft import sft_trainer
    from wethink_assets.training.trainers.vllm import vllm_on_cpu

    plan, recipe = context.plan, context.plan.recipe
    keep = plan.configuration.training.save_total_limit
    model = load_model(
        plan.base_model, context.training_dtype, None if recipe.lora.rank or start is None else str(start)
    )
    callback = StepCallback(recorder, Guard(recipe), partial(_report_step, context))
    adapter = adapter_config(recipe, model) if recipe.lora.rank and start is None else None
    if recipe.lora.rank and start is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(start), is_trainable=True)
    if not recipe.lora.rank:
        freeze(model, recipe.frozen)
    if phase == "sft":
        if adapter is not None:
            from peft import get_peft_model
            from transformers import set_seed

            set_seed(recipe.seed)  # an adapter's first weights are drawn
            model = get_peft_model(model, adapter)
        return sft_trainer(
            model=model,
            processor=context.processor,
            rows=rows,
            usable=usable,
            recipe=recipe,
            prompts=context.prompts,
            load_image=context.image,
            work=folder,
            keep=keep,
            processes=context.processes,
            callbacks=[callback],
        )
    steps = steps_of(recipe, len(usable))
    context_length = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    with LOADING, vllm_on_cpu(recipe.rollouts.engine), heads_scale_as_models():  # TRL may load a reference model
        trainer = RowGRPOTrainer(
            model=model,
            args=grpo_config(recipe, folder, steps, keep, context.processes, context_length),
            train_dataset=prompt_dataset(rows, usable, recipe, context.prompts, context.image, steps),
            processing_class=context.processor,
            peft_config=adapter,
            callbacks=[callback],
            rewarder=context.rewarder,
            chunks=recipe.rollouts.chunks,
        )
    if plan.base_model.embedded and trainer.ref_model is not None:
        from wethink_assets.models.embedded.vision import attend_in_batches

        attend_in_batches(trainer.accelerator.unwrap_model(trainer.ref_model))
    callback.trainer = trainer
    return trainer


def _report_step(context: RunContext, figures: Mapping[str, Any]) -> None:
    context.spent.save()
    context.reporter.step(figures)


def chosen_weights(context: RunContext, final: Path) -> tuple[Path, dict[str, Any]]:
    """The folder with the weights that a run publishes, and what the policy says of them: `choice`, `step`, the last step `of` the run.

    final: weights of the last step of the last phase. The last step is published where nothing was graded on the held-out rows, too.
    """
    last = max((line["step"] for line in read_lines(final.parent / "curves.jsonl")), default=0)
    chosen: dict[str, Any] = {"choice": "last", "step": last, "of": last}
    if context.plan.recipe.publish == "last":
        return final, chosen
    best = kept_best(final.parent)
    if best is None:
        context.reporter.report(
            "no answer to a held-out row was graded while it was trained: the last step is published"
        )
        return final, chosen
    figures, folder = best
    return folder, {"choice": "best", "step": figures["step"], "of": last}


def adapter_config(recipe: RecipeSettings, model: Any) -> Any:
    """PEFT's configuration of a recipe's adapters of a model. Raises `TrainingError` where its settings leave no layer."""
    from peft import LoraConfig

    lora = recipe.lora
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=adapter_targets(model, lora.target_modules, recipe.frozen),
        task_type="CAUSAL_LM",
    )


def export_model(context: RunContext, final: Path) -> Path:
    """The trained model as a checkpoint of its own, in `artifacts/model` of the working folder.

    Trained in half precision it has the precision of its base, else it keeps all that was learnt: bfloat16 would round most of a short
    training away.
    """
    target = context.work / ARTIFACTS / MODEL
    shutil.rmtree(target, ignore_errors=True)
    base = context.plan.base_model
    dtype = "auto" if context.half else "float32"
    if context.plan.recipe.lora.rank:
        from peft import PeftModel

        model = PeftModel.from_pretrained(load_model(base, dtype), str(final)).merge_and_unload()
    else:
        wanted = load_model(base, dtype).dtype
        model = load_model(base, "float32", str(final)).to(wanted)
        model.config.dtype = wanted
    model.save_pretrained(target)
    save_base_processor(base, context.processor, target)
    return target
