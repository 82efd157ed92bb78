"""A training session, from a plan to a published policy: rows, accuracy before, one or two phases, accuracy after, artifacts."""

import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wethink_assets.config import RecipeSettings
from wethink_assets.errors import TrainingError
from wethink_assets.models.embedded.checkpoints import checkpoint_digest
from wethink_assets.models.embedded.vision import SIDE
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.lease import Lease
from wethink_assets.storage.local_files import scan_files
from wethink_assets.storage.store import Store
from wethink_assets.training.data.chat import require_images
from wethink_assets.training.data.images import UnreadableImages, unreadable_images
from wethink_assets.training.data.prompts import RowPrompts, prompt_length_filter, template_opens_thought
from wethink_assets.training.data.rows import Rows, RowSelection, image_paths, select_rows
from wethink_assets.training.policies.artifacts import ARTIFACTS, cost_of, write_artifacts
from wethink_assets.training.policies.base_model import image_for, load_base_processor, load_model
from wethink_assets.training.policies.catalog import MODEL, Policy, publish_policy
from wethink_assets.training.runs.context import RunContext
from wethink_assets.training.runs.phases import chosen_weights, export_model, train_phase
from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.runs.progress import ProgressReporter
from wethink_assets.training.runs.spent import SpentTime
from wethink_assets.training.runs.trackers import require_trackers
from wethink_assets.training.trainers.grade_journal import GradeJournal, grades_in
from wethink_assets.training.trainers.rewards import Rewarder
from wethink_assets.training.validation.held_out import gains

GRADES = "grades"
"""Folder of the judge's grades within the working folder."""


def train(plan: TrainingPlan, store: Store, reporter: ProgressReporter, lease: Lease | None = None) -> Policy | None:
    """Train what is planned, in this process as one of the run's; the first one publishes and returns the policy."""
    import torch
    from accelerate import PartialState

    recipe, settings = plan.recipe, plan.configuration
    _require_engine(recipe)
    require_trackers(recipe)
    state = PartialState()
    spent = SpentTime(plan.work_folder)
    threads = recipe.threads or torch.get_num_threads()
    processor = load_base_processor(plan.base_model, (recipe.min_pixels, recipe.max_pixels))
    require_images(processor)
    with Rewarder(settings, recipe) as rewarder:
        rewarder.load()
        if rewarder.judge is not None:
            rewarder.journal = GradeJournal(plan.work_folder / GRADES / f"{state.process_index}.jsonl")
        torch.set_num_threads(threads)  # an embedded judge has set its own number
        rewarder.prefilled = template_opens_thought(processor)
        context = RunContext(
            plan,
            store,
            reporter,
            processor,
            RowPrompts(settings, recipe, processor),
            rewarder,
            Rows(plan.work_folder / "validation.arrow"),
            spent,
            state.process_index,
            state.num_processes,
        )
        selection = _prepare_rows(context)
        rows = Rows(context.work / "train.arrow")
        if recipe.publish == "best" and not len(context.held_out):
            raise TrainingError(
                f'`publish = "best"` chooses by held-out rows, and {plan.version} has none for this recipe: publish the last step'
            )
        usable = _usable_rows(context, rows)
        reporter.report(
            f"{plan.key}: {len(usable)} of {selection.rows} rows to train on, {len(context.held_out)} held out; work in {context.work}"
        )
        before = _answers(context, "before", None)
        final = None
        for phase in recipe.phases:
            final = train_phase(context, phase, final, rows, usable)
        assert final is not None
        weights, chosen = chosen_weights(context, final)
        if lease is not None:
            lease.require()
        model_folder = context.work / ARTIFACTS / MODEL
        if context.main:
            export_model(context, weights)
        context.wait()
        after = _answers(context, "after", model_folder)
        if not context.main:
            return None
        policy = _publish(context, selection, len(usable), before, after, chosen)
    shutil.rmtree(context.work, ignore_errors=True)
    return policy


def _require_engine(recipe: RecipeSettings) -> None:
    if recipe.rollouts.engine != "transformers" and find_spec("vllm") is None:
        raise TrainingError(
            f"completions by {recipe.rollouts.engine} need vLLM in the environment that trains, which {sys.executable} lacks: "
            "install the extra `gpu`, or give the recipe a launcher with another Python"
        )


def _prepare_rows(context: RunContext) -> RowSelection:
    plan, work = context.plan, context.work
    if context.main:
        limits = {"train": None, "validation": plan.recipe.validation_rows}
        unreadable = _unreadable_images(context, limits)
        for split, limit in limits.items():
            selection = select_rows(
                context.store, plan.version, split, plan.recipe, work / f"{split}.arrow", limit, unreadable.reasons
            )
            (work / f"{split}.json").write_text(selection.as_json())
    context.wait()
    return RowSelection.from_json((work / "train.json").read_text())


def _unreadable_images(context: RunContext, limits: Mapping[str, int | None]) -> UnreadableImages:
    """Images that the run does without: checked before its first step, and kept, as the order of rows follows from their number."""
    plan, target = context.plan, context.work / "unreadable.json"
    if target.exists():
        return UnreadableImages.read(target)
    paths = {
        path: None
        for split, limit in limits.items()
        for path in image_paths(context.store, plan.version, split, plan.recipe, limit)
    }
    unreadable = unreadable_images(
        Blobs(context.store),
        list(paths),
        partial(image_for, plan.base_model),
        lambda count: context.reporter.report_now_and_then(f"{count:,} of {len(paths):,} images checked"),
    )
    for reason, message in unreadable.messages.items():
        count = sum(other == reason for other in unreadable.reasons.values())
        context.reporter.report(
            f"{count:,} of {len(paths):,} images are left out as {reason}; the first: {message}."
            " `wethink verify --all` names the others"
        )
    unreadable.write(target)
    return unreadable


def _usable_rows(context: RunContext, rows: Rows) -> NDArray[np.int32]:
    limit, side = context.plan.recipe.max_prompt_length, SIDE if context.plan.base_model.embedded else None
    usable = prompt_length_filter(rows, limit, context.prompts, context.processor, side)
    if not len(usable):
        raise TrainingError(
            f"no prompt of {context.plan.version} has at most {limit} tokens: raise `max_prompt_length`"
        )
    return usable


def _answers(context: RunContext, when: str, folder: Path | None) -> pl.DataFrame:
    """Answers of all processes to the held-out rows by the model in `folder`, or by the base model; from the working folder when they are there."""
    path = context.work / f"{when}.parquet"
    there = path.exists()
    context.wait()  # all have looked before the first one may write it
    if there:
        return scan_files([path]).collect()
    import torch

    base = context.plan.base_model
    model = load_model(
        base, context.training_dtype if torch.cuda.is_available() else "float32", str(folder) if folder else None
    )
    if torch.cuda.is_available():
        model.to("cuda")
    context.reporter.report(f"answering {len(context.held_out)} held-out rows ({when} training)")
    answers = context.answer_held_out(model)
    if context.main:
        answers.write_parquet(path.with_suffix(".writing"))
        path.with_suffix(".writing").rename(path)
    return answers


def _publish(
    context: RunContext,
    selection: RowSelection,
    used: int,
    before: pl.DataFrame,
    after: pl.DataFrame,
    chosen: Mapping[str, Any],
) -> Policy:
    plan = context.plan
    cost = cost_of(context.spent.save(), grades_in(context.work / GRADES))
    figures = write_artifacts(context.work, plan, selection, used, before, after, gains(before, after), cost, chosen)
    artifacts = context.work / ARTIFACTS
    policy = Policy(
        digest=plan.digest,
        key=plan.key,
        version=plan.version,
        manifest=plan.manifest,
        recipe=plan.recipe_name,
        settings=plan.counted,
        base_model=plan.base["identity"],
        model_digest=checkpoint_digest(str(artifacts / MODEL)),
        files={},
        created=datetime.now(UTC),
        run_id=plan.run_id,
        figures=figures,
    )
    published = publish_policy(context.store, policy, artifacts)
    context.reporter.report(f"{plan.key}: published {context.store.link(published.folder)}")
    return published
