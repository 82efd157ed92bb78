"""Execution of a study, from its design to its record: train and ask what is missing, sum up, publish."""

import os
import platform
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import wethink_assets
from wethink_assets.errors import TrainingError
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.card import library_versions
from wethink_assets.training.policies.catalog import read_policy
from wethink_assets.training.studies.answer_store import AnswerDigests, base_name
from wethink_assets.training.studies.design import Design, StudyRun
from wethink_assets.training.studies.records import (
    HELD_OUT,
    SCENES,
    Outcome,
    Run,
    StudyRecord,
    list_studies,
    publish_study,
    read_study,
)
from wethink_assets.training.studies.runner import Runner, StudyReporter
from wethink_assets.training.studies.scores import GradedAnswers
from wethink_assets.training.studies.tables import markdown


def run_study(design: Design, store: Store, reporter: StudyReporter, parallel: int = 0) -> StudyRecord:
    """Make a study that was laid out, or find the one that was made with the very same data and settings.

    Args:
        parallel: trainings at a time; 0: as suits the model.

    Raises `TrainingError` when not one policy came of it. Trainings that could not be finished are named in the record, and tried again when it
    is asked for again.
    """
    begun = time.monotonic()
    name = design.study.name
    scenes = design.settings.studies.scenes if design.base["embedded"] else 0
    digests = AnswerDigests.of(design.settings, store, design.version, design.manifest, design.scoring, scenes)
    known = read_study(store, name, design.digest((), digests.identity))
    if known is not None:
        reporter.report(f"{name} on {design.version} was finished on {known.created:%Y-%m-%d %H:%M} UTC")
        return known
    missing = [digest for digest in design.plans if read_policy(store, digest) is None]
    reporter.report(
        f"{name} on {design.version}: {len(design.runs)} runs of {len(design.plans)} policies, {len(missing)} of them to be trained"
    )
    runner = Runner(design, store, digests, reporter, parallel)
    runner.run()
    if len(runner.failed) == len(design.plans):
        raise TrainingError(f"no training of {name} could be finished: {next(iter(runner.failed.values()))}")
    record = _sum_up(design, store, digests, runner, time.monotonic() - begun)
    from wethink_assets.training.studies.plots import draw

    return publish_study(store, record, {"study.md": markdown(record).encode(), "study.png": draw(record)})


def _sum_up(design: Design, store: Store, digests: AnswerDigests, runner: Runner, seconds: float) -> StudyRecord:
    policies = {digest: read_policy(store, digest) for digest in design.plans}
    models = {digest: policy.model_digest for digest, policy in policies.items() if policy is not None}
    base = base_name(design.base)
    names = [base, *dict.fromkeys(models.values())]
    graded = {HELD_OUT: GradedAnswers({name: store.read_parquet(digests.rows_path(name)) for name in names}, "row_id")}
    if digests.scenes:
        graded[SCENES] = GradedAnswers({name: store.read_parquet(digests.scenes_path(name)) for name in names}, "scene")
    graded = {name: answers for name, answers in graded.items() if answers.groups}

    def run_of(run: StudyRun) -> Run:
        policy = policies[run.plan.digest]
        record = Run(seed=run.seed, key=run.plan.key, policy=run.plan.digest)
        if policy is None:
            return record.model_copy(update={"failure": runner.failed[run.plan.digest]})
        figures = policy.figures
        results = {
            "model": policy.model_digest,
            "cost": figures["cost"],
            "steps": figures["steps"],
            "rows": figures["rows"]["used"],
            "gains": {name: answers.gains(base, policy.model_digest) for name, answers in graded.items()},
        }
        return record.model_copy(update=results)

    def by_seed(variant: str) -> dict[int, str]:
        runs = [run for run in design.runs if run.variant.name == variant and run.plan.digest in models]
        return {run.seed: models[run.plan.digest] for run in runs}

    reference = by_seed(next(variant.name for variant in design.variants if variant.reference))
    outcomes = []
    for variant in design.variants:
        own = by_seed(variant.name)
        compared = None if variant.reference else reference
        outcomes.append(
            Outcome(
                name=variant.name,
                label=variant.label,
                changes=variant.changes,
                reference=variant.reference,
                runs=tuple(run_of(run) for run in design.runs if run.variant.name == variant.name),
                scores={name: answers.scores(base, own, compared) for name, answers in graded.items()} if own else {},
            )
        )
    return StudyRecord(
        digest=design.digest(tuple(runner.failed), digests.identity),
        study=design.study.name,
        question=design.study.question,
        version=design.version,
        manifest=design.manifest,
        recipe=design.recipe_name,
        profile=design.profile,
        seeds=design.seeds,
        settings=design.recipe.counted(),
        base_model=design.base["identity"],
        base={name: answers.means(base) for name, answers in graded.items()},
        outcomes=tuple(outcomes),
        created=datetime.now(UTC),
        commit=code_commit(),
        seconds=round(seconds, 1),
        trained=len(runner.trained),
        machine={
            "cores": len(os.sched_getaffinity(0)),
            "processor": platform.machine(),
            "trainings at a time": runner.parallel,
        },
        libraries=library_versions(),
    )


def code_commit() -> str:
    """Commit of the checkout that this package lies in, with `+` where files differ from it; empty where it lies in none."""
    git, folder = shutil.which("git"), Path(wethink_assets.__file__).parent
    if git is None:
        return ""

    def output_of(*command: str) -> str | None:
        done = subprocess.run([git, "-C", str(folder), *command], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else None

    commit = output_of("rev-parse", "--short=12", "HEAD")
    if not commit or output_of("ls-files", "--error-unmatch", "__init__.py") is None:
        return ""
    return f"{commit}+" if output_of("status", "--porcelain", "--", ".") else commit


def newest_study(store: Store, name: str) -> StudyRecord | None:
    """The comparison of a name that was finished last."""
    return next(reversed(list_studies(store, name)), None)
