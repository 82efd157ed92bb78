"""From a plan to a published policy: rows, accuracy before, training in one or two parts, accuracy after, files."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wethink_assets.errors import TrainingError
from wethink_assets.models.embedded.checkpoints import checkpoint_digest
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.lease import Lease
from wethink_assets.storage.store import Store
from wethink_assets.training.base_model import (
    load_base_processor,
    load_model,
    picture_for,
    save_base_processor,
)
from wethink_assets.training.checkpoints import is_whole, newest_whole, remove_unfinished, seal, step_of
from wethink_assets.training.outbox import fill_outbox
from wethink_assets.training.plan import TrainingPlan
from wethink_assets.training.policies import Policy, publish_policy
from wethink_assets.training.prompting import RowPrompts
from wethink_assets.training.recording import Record
from wethink_assets.training.rewarding import Rewarder
from wethink_assets.training.rows import Chosen, Rows, choose_rows
from wethink_assets.training.telling import Teller
from wethink_assets.training.validation import answer_rows, gains

FINAL = "final"


@dataclass
class Session:
    """What all parts of a run share."""

    plan: TrainingPlan
    store: Store
    tell: Teller
    processor: Any
    prompts: RowPrompts
    rewarder: Rewarder
    main: bool
    processes: int

    @property
    def work(self) -> Path:
        """Working folder."""
        return self.plan.work_folder

    def picture(self, row: Mapping[str, Any]) -> Any:
        """The picture of a row, from the store."""
        return picture_for(self.plan.base_model, Blobs(self.store).read(row["image_path"]))

    def wait(self) -> None:
        """Wait for the other processes of the run."""
        if self.processes > 1:
            from accelerate import PartialState

            PartialState().wait_for_everyone()


def train(plan: TrainingPlan, store: Store, tell: Teller, lease: Lease | None = None) -> Policy | None:
    """Train what is planned, in this process as one of the run's; the first one publishes and returns the policy."""
    import torch
    from accelerate import PartialState

    recipe, settings = plan.recipe, plan.configuration
    state = PartialState()
    threads = recipe.threads or torch.get_num_threads()
    with Rewarder(settings, recipe) as rewarder:
        rewarder.load()
        torch.set_num_threads(threads)  # an embedded judge has set its own number
        processor = load_base_processor(plan.base_model)
        session = Session(
            plan,
            store,
            tell,
            processor,
            RowPrompts(settings, recipe),
            rewarder,
            state.is_main_process,
            state.num_processes,
        )
        chosen = _prepare_rows(session)
        rows, held_out = Rows(session.work / "train.arrow"), Rows(session.work / "validation.arrow")
        usable = _fitting(session, rows)
        tell.say(
            f"{plan.key}: {len(usable)} of {chosen.rows} rows to train on, {len(held_out)} held out; work in {session.work}"
        )
        before = _answers(session, held_out, "before", None) if session.main else None
        place = None
        if recipe.method != "grpo":
            place = _trained(session, "sft", place, rows, usable)
        if recipe.method != "sft":
            place = _trained(session, "grpo", place, rows, usable)
        assert place is not None
        if not session.main:
            return None
        if lease is not None:
            lease.require()
        model_folder = _merged(session, place)
        after = _answers(session, held_out, "after", model_folder)
        assert before is not None
        policy = _published(session, chosen, len(usable), before, after)
    shutil.rmtree(session.work, ignore_errors=True)
    return policy


def _prepare_rows(session: Session) -> Chosen:
    plan, work = session.plan, session.work
    if session.main:
        for split, limit in (("train", None), ("validation", plan.recipe.validation_rows)):
            told = choose_rows(session.store, plan.version, split, plan.recipe, work / f"{split}.arrow", limit)
            (work / f"{split}.json").write_text(told.as_json())
    session.wait()
    return Chosen.from_json((work / "train.json").read_text())


def _fitting(session: Session, rows: Rows) -> NDArray[np.int32]:
    """Indices of the rows whose prompt has at most `prompt_length` tokens of text."""
    limit = session.plan.recipe.prompt_length
    tokenizer = session.processor.tokenizer
    fits = []
    for start in range(0, len(rows), 1000):
        part = [rows[index] for index in range(start, min(start + 1000, len(rows)))]
        texts = ["\n".join(message["content"] for message in session.prompts.messages(row)) for row in part]
        lengths = [len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]]
        fits += [start + number for number, length in enumerate(lengths) if length <= limit]
    if not fits:
        raise TrainingError(f"no prompt of {session.plan.version} has at most {limit} tokens: raise `prompt_length`")
    return np.array(fits, np.int32)


def _answers(session: Session, held_out: Rows, when: str, folder: Path | None) -> pl.DataFrame:
    """Answers to the held-out rows by the model in `folder`, or by the base model; from the working folder when they are there."""
    path = session.work / f"{when}.parquet"
    if path.exists():
        return pl.read_parquet(path)
    import torch

    base = session.plan.base_model
    model = load_model(
        base, _training_dtype(session) if torch.cuda.is_available() else "float32", str(folder) if folder else None
    )
    if torch.cuda.is_available():
        model.to("cuda")
    rows = [held_out[index] for index in range(len(held_out))]
    session.tell.say(f"answering {len(rows)} held-out rows ({when} training)")
    answers = answer_rows(
        model, session.processor, rows, session.prompts, session.picture, session.rewarder, session.plan.recipe
    )
    answers.write_parquet(path.with_suffix(".writing"))
    path.with_suffix(".writing").rename(path)
    return answers


def _half(session: Session) -> bool:
    """Whether the run computes in bfloat16."""
    import torch

    precision = session.plan.recipe.precision
    return precision == "bfloat16" or (precision == "auto" and torch.cuda.is_available())


def _training_dtype(session: Session) -> str:
    """Adapters are trained on a frozen model, which may be in half precision; else weights are updated in full precision."""
    return "bfloat16" if _half(session) and session.plan.recipe.lora.rank else "float32"


def _trained(session: Session, part: str, start: Path | None, rows: Rows, usable: NDArray[np.int32]) -> Path:
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
    from wethink_assets.training.grpo import RowGRPOTrainer, Watch, grpo_config, prompt_dataset, steps_of
    from wethink_assets.training.guards import Guard
    from wethink_assets.training.sft import sft_trainer

    plan, recipe = session.plan, session.plan.recipe
    keep = plan.configuration.training.keep_checkpoints
    model = load_model(
        plan.base_model, _training_dtype(session), None if recipe.lora.rank or start is None else str(start)
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
    with LOADING:  # TRL may load a reference model
        trainer = RowGRPOTrainer(
            model=model,
            args=grpo_config(recipe, folder, steps, keep, session.processes),
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
        target_modules=list(lora.targets),
        task_type="CAUSAL_LM",
    )


def _merged(session: Session, final: Path) -> Path:
    """The trained model as a checkpoint of its own, in `outbox/model` of the working folder.

    Trained in half precision it has the precision of its base, else it keeps all that was learnt: bfloat16 would round most of a short
    training away.
    """
    target = session.work / "outbox" / "model"
    shutil.rmtree(target, ignore_errors=True)
    base = session.plan.base_model
    dtype = "auto" if _half(session) else "float32"
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


def _published(session: Session, chosen: Chosen, used: int, before: pl.DataFrame, after: pl.DataFrame) -> Policy:
    plan = session.plan
    figures = fill_outbox(session.work, plan, chosen, used, before, after, gains(before, after))
    outbox = session.work / "outbox"
    policy = Policy(
        digest=plan.digest,
        key=plan.key,
        version=plan.version,
        manifest=plan.manifest,
        recipe=plan.recipe_name,
        settings=plan.counted,
        base_model=plan.base["identity"],
        model_digest=checkpoint_digest(str(outbox / "model")),
        files={},
        created=datetime.now(UTC),
        run_id=plan.run_id,
        figures=figures,
    )
    published = publish_policy(session.store, policy, outbox)
    session.tell.say(f"{plan.key}: published {session.store.link(published.folder)}")
    return published
