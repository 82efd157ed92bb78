"""One part of a training run, SFT or GRPO: from where it was cut short to its final weights, and those as a checkpoint of their own."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wethink_assets.training.data.rows import Rows
from wethink_assets.training.policies.base_model import load_model, save_base_processor
from wethink_assets.training.runs.context import Session
from wethink_assets.training.trainers.checkpoints import is_whole, newest_whole, remove_unfinished, seal, step_of
from wethink_assets.training.trainers.recorder import Record

FINAL = "final"


def trained(session: Session, part: str, start: Path | None, rows: Rows, usable: NDArray[np.int32]) -> Path:
    """One part of a run, from where it was cut short; returns the folder with its final weights (of an adapter, where one is trained)."""
    from transformers import PrinterCallback

    folder = session.work / part
    final = folder / FINAL
    if is_whole(final):
        return final
    if session.main:
        folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder)
    session.wait()
    newest = newest_whole(folder)
    record = Record(folder, step_of(newest) if newest else 0) if session.main else None
    trainer = _trainer(session, part, folder, start, rows, usable, record)
    trainer.remove_callback(PrinterCallback)  # the lines are ours
    session.tell.total = trainer.args.max_steps
    if newest is not None:
        session.tell.say(f"{part}: going on after step {step_of(newest)} of {trainer.args.max_steps}")
    else:
        session.tell.say(f"{part}: {trainer.args.max_steps} steps")
    trainer.train(resume_from_checkpoint=str(newest) if newest else None)
    trainer.save_model(str(final))
    session.wait()
    if session.main:
        seal(final)
    session.wait()
    return final


def _trainer(
    session: Session, part: str, folder: Path, start: Path | None, rows: Rows, usable: NDArray[np.int32], record: Any
) -> Any:
    from wethink_assets.models.embedded.chat import LOADING
    from wethink_assets.training.trainers.arguments import grpo_config, steps_of
    from wethink_assets.training.trainers.grpo import RowGRPOTrainer, Watch, prompt_dataset
    from wethink_assets.training.trainers.guards import Guard
    from wethink_assets.training.trainers.sft import sft_trainer
    from wethink_assets.training.trainers.vllm import repacked_on_cpu

    plan, recipe = session.plan, session.plan.recipe
    keep = plan.configuration.training.save_total_limit
    model = load_model(
        plan.base_model, session.training_dtype, None if recipe.lora.rank or start is None else str(start)
    )
    watch = Watch(record, Guard(recipe), session.tell.step)
    adapter = _lora(recipe) if recipe.lora.rank else None
    if recipe.lora.rank and start is not None:
        from peft import PeftModel

        model, adapter = PeftModel.from_pretrained(model, str(start), is_trainable=True), None
    if part == "sft":
        if adapter is not None:
            from peft import get_peft_model

            model = get_peft_model(model, adapter)
        return sft_trainer(
            model=model,
            processor=session.processor,
            rows=rows,
            usable=usable,
            recipe=recipe,
            prompts=session.prompts,
            picture=session.picture,
            work=folder,
            keep=keep,
            processes=session.processes,
            callbacks=[watch],
        )
    steps = steps_of(recipe, len(usable))
    context = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    with LOADING, repacked_on_cpu(recipe.rollouts.engine):  # TRL may load a reference model
        trainer = RowGRPOTrainer(
            model=model,
            args=grpo_config(recipe, folder, steps, keep, session.processes, context),
            train_dataset=prompt_dataset(rows, usable, recipe, session.prompts, session.picture, steps),
            processing_class=session.processor,
            peft_config=adapter,
            callbacks=[watch],
            rewarder=session.rewarder,
            chunks=recipe.rollouts.chunks,
        )
    if plan.base_model.embedded and trainer.ref_model is not None:
        from wethink_assets.models.embedded.vision import attend_in_batches

        attend_in_batches(trainer.accelerator.unwrap_model(trainer.ref_model))
    watch.trainer = trainer
    return trainer


def _lora(recipe: Any) -> Any:
    from peft import LoraConfig

    lora = recipe.lora
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.target_modules),
        task_type="CAUSAL_LM",
    )


def merged(session: Session, final: Path) -> Path:
    """The trained model as a checkpoint of its own, in `outbox/model` of the working folder.

    Trained in half precision it has the precision of its base, else it keeps all that was learnt: bfloat16 would round most of a short
    training away.
    """
    target = session.work / "outbox" / "model"
    shutil.rmtree(target, ignore_errors=True)
    base = session.plan.base_model
    dtype = "auto" if session.half else "float32"
    if session.plan.recipe.lora.rank:
        from peft import PeftModel

        model = PeftModel.from_pretrained(load_model(base, dtype), str(final)).merge_and_unload()
    else:
        wanted = load_model(base, dtype).dtype
        model = load_model(base, "float32", str(final)).to(wanted)
        model.config.dtype = wanted
    model.save_pretrained(target)
    save_base_processor(base, session.processor, target)
    return target
