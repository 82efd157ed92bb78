"""From a plan to a published policy: rows, accuracy before, training in one or two parts, accuracy after, files."""

import shutil
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wethink_assets.config import RecipeSettings
from wethink_assets.errors import TrainingError
from wethink_assets.models.embedded.checkpoints import checkpoint_digest
from wethink_assets.models.embedded.vision import SIDE
from wethink_assets.storage.lease import Lease
from wethink_assets.storage.store import Store
from wethink_assets.training.data.prompts import RowPrompts, fitting
from wethink_assets.training.data.rows import Chosen, Rows, choose_rows
from wethink_assets.training.policies.artifacts import fill_outbox
from wethink_assets.training.policies.base_model import load_base_processor, load_model
from wethink_assets.training.policies.catalog import Policy, publish_policy
from wethink_assets.training.runs.context import Session
from wethink_assets.training.runs.phases import merged, trained
from wethink_assets.training.runs.plan import TrainingPlan
from wethink_assets.training.runs.progress import Teller
from wethink_assets.training.trainers.rewards import Rewarder
from wethink_assets.training.validation.held_out import answer_rows, gains


def train(plan: TrainingPlan, store: Store, tell: Teller, lease: Lease | None = None) -> Policy | None:
    """Train what is planned, in this process as one of the run's; the first one publishes and returns the policy."""
    import torch
    from accelerate import PartialState

    recipe, settings = plan.recipe, plan.configuration
    _require_engine(recipe)
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
            place = trained(session, "sft", place, rows, usable)
        if recipe.method != "sft":
            place = trained(session, "grpo", place, rows, usable)
        assert place is not None
        if not session.main:
            return None
        if lease is not None:
            lease.require()
        model_folder = merged(session, place)
        after = _answers(session, held_out, "after", model_folder)
        assert before is not None
        policy = _published(session, chosen, len(usable), before, after)
    shutil.rmtree(session.work, ignore_errors=True)
    return policy


def _require_engine(recipe: RecipeSettings) -> None:
    if recipe.rollouts.engine != "transformers" and find_spec("vllm") is None:
        raise TrainingError(
            f"completions by {recipe.rollouts.engine} need vLLM in the environment that trains, which {sys.executable} has not: "
            "install the extra `gpu`, or give the recipe a launcher with another Python"
        )


def _prepare_rows(session: Session) -> Chosen:
    plan, work = session.plan, session.work
    if session.main:
        for split, limit in (("train", None), ("validation", plan.recipe.validation_rows)):
            told = choose_rows(session.store, plan.version, split, plan.recipe, work / f"{split}.arrow", limit)
            (work / f"{split}.json").write_text(told.as_json())
    session.wait()
    return Chosen.from_json((work / "train.json").read_text())


def _fitting(session: Session, rows: Rows) -> NDArray[np.int32]:
    limit, base = session.plan.recipe.max_prompt_length, session.plan.base_model
    fits = fitting(rows, limit, session.prompts, session.processor, SIDE if base.embedded else None)
    if not len(fits):
        raise TrainingError(
            f"no prompt of {session.plan.version} has at most {limit} tokens: raise `max_prompt_length`"
        )
    return fits


def _answers(session: Session, held_out: Rows, when: str, folder: Path | None) -> pl.DataFrame:
    """Answers to the held-out rows by the model in `folder`, or by the base model; from the working folder when they are there."""
    path = session.work / f"{when}.parquet"
    if path.exists():
        return pl.read_parquet(path)
    import torch

    base = session.plan.base_model
    model = load_model(
        base, session.training_dtype if torch.cuda.is_available() else "float32", str(folder) if folder else None
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
