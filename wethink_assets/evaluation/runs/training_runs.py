"""Scores of a training run: of its policy, and of its base model unless another run's scoring made them; and of models of `scoring.models`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile, wanted_files
from wethink_assets.evaluation.grading.intervals import Comparison
from wethink_assets.evaluation.reports.comparison import against_base
from wethink_assets.evaluation.reports.newest import kept_of, other_models
from wethink_assets.evaluation.runs.jobs import jobs_with_scores
from wethink_assets.evaluation.runs.models import (
    EvaluatedModel,
    base_model_of,
    model_of_its_own,
    policy_of,
    trained_model,
)
from wethink_assets.evaluation.runs.records import Score
from wethink_assets.evaluation.runs.replies import Progress
from wethink_assets.evaluation.runs.score import OnScore, score_model
from wethink_assets.evaluation.vlmevalkit.process import Kit, Session, unreported
from wethink_assets.identity import digest_of
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import Policy


@dataclass(frozen=True)
class ModelScores:
    """Scores of a model, of a base beside it, and their paired comparison by benchmark.

    files: also those not run; base_name: empty without one; waiting, base_waiting: benchmarks that wait for the judge, with the reason.
    """

    name: str
    files: tuple[BenchmarkFile, ...]
    scores: tuple[Score, ...]
    base: tuple[Score, ...] = ()
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    base_name: str = ""
    waiting: dict[str, str] = field(default_factory=dict)
    base_waiting: dict[str, str] = field(default_factory=dict)

    @property
    def not_run(self) -> tuple[BenchmarkFile, ...]:
        """Benchmarks whose file is missing or unreadable."""
        return tuple(file for file in self.files if not file.usable)

    @property
    def data_version(self) -> str:
        """sha256 over all scores, those of a base included."""
        values = [[s.model_digest, s.benchmark, s.settings_digest, s.value] for s in (*self.base, *self.scores)]
        return digest_of(sorted(values, key=lambda entry: [str(part) for part in entry]))


@dataclass(frozen=True)
class RunScores(ModelScores):
    """Scores of a training run's policy beside those of its base."""

    policy: Policy = field(kw_only=True)


def missing(store: Store, settings: Settings, key: str, benchmarks: Sequence[str] = ()) -> int:
    """How many pairs of benchmark and decoding a training run and its base have yet to be scored on. Asks no model."""
    policy = policy_of(store, key, settings.scoring.models)
    files = wanted_files(settings, benchmarks)
    models = {model.digest: model for model in _base_and_policy(store, settings, policy)}
    return sum(
        score is None for model in models.values() for _, score in jobs_with_scores(store, settings, model, files)
    )


def models_of(store: Store, settings: Settings, key: str) -> tuple[EvaluatedModel, ...]:
    """The models that are scored for a key: the one of `scoring.models`, else base and policy of the training run."""
    if key in settings.scoring.models:
        return (model_of_its_own(settings, key),)
    return _base_and_policy(store, settings, policy_of(store, key, settings.scoring.models))


def _base_and_policy(store: Store, settings: Settings, policy: Policy) -> tuple[EvaluatedModel, EvaluatedModel]:
    return base_model_of(settings, policy), trained_model(settings, store, policy)


def score_training_run(
    store: Store,
    settings: Settings,
    key: str,
    benchmarks: Sequence[str] = (),
    *,
    progress: Progress | None = None,
    run_id: str = "",
    again: bool = False,
    kit_session: Session = unreported,
    on_score: OnScore | None = None,
) -> RunScores:
    """Score what is missing of a training run on the wanted benchmarks, and compare policy and base on the same samples.

    One process of VLMEvalKit serves all benchmarks of both, if any needs it; `kit_session` is what it reports to.

    Raises `TrainingError` when the run has no policy, `ModelError` when a model is not served or cannot be asked any more, `ConfigError` for an
    unknown benchmark.
    """
    policy = policy_of(store, key, settings.scoring.models)
    files = wanted_files(settings, benchmarks)
    with Kit(settings, kit_session) as kit:
        for model in _base_and_policy(store, settings, policy):
            score_model(
                store, settings, model, files, progress=progress, run_id=run_id, again=again, kit=kit, on_score=on_score
            )
    return kept_scores(store, settings, policy, files)


def kept_scores(
    store: Store, settings: Settings, policy: Policy, files: Sequence[BenchmarkFile] | None = None
) -> RunScores:
    """What the store holds of a training run: the newest settings of each benchmark, on `files` only if they are given. Asks no model."""
    wanted = None if files is None else {file.benchmark.key for file in files}
    old, new = (kept_of(store, model.digest) for model in _base_and_policy(store, settings, policy))
    before, now = (
        {key: group for key, group in kept.groups.items() if wanted is None or key in wanted} for kept in (old, new)
    )
    waits, base_waits = (
        {key: why for key, why in kept.waiting.items() if wanted is None or key in wanted} for kept in (new, old)
    )
    comparisons = {
        benchmark: comparison
        for benchmark, group in now.items()
        if (comparison := against_base(store, settings, before.get(benchmark, []), group)) is not None
    }
    base, after = (tuple(score for group in groups.values() for score in group) for groups in (before, now))
    return RunScores(
        policy.key,
        tuple(files or ()),
        after,
        base,
        comparisons,
        policy.base_model["model"],
        waits,
        base_waits,
        policy=policy,
    )


def score_other_model(
    store: Store,
    settings: Settings,
    name: str,
    benchmarks: Sequence[str] = (),
    *,
    progress: Progress | None = None,
    run_id: str = "",
    again: bool = False,
    kit_session: Session = unreported,
    on_score: OnScore | None = None,
) -> ModelScores:
    """Score what is missing of a model of `scoring.models` on the wanted benchmarks; raises as `score_training_run` does."""
    model = model_of_its_own(settings, name)
    files = wanted_files(settings, benchmarks)
    with Kit(settings, kit_session) as kit:
        options: Any = {"progress": progress, "run_id": run_id, "again": again, "on_score": on_score}
        scores = score_model(store, settings, model, files, kit=kit, **options)
    wanted = {file.benchmark.key for file in files}
    waiting = {key: why for key, why in kept_of(store, model.digest).waiting.items() if key in wanted}
    return ModelScores(name, tuple(files), tuple(scores), waiting=waiting)


def kept_models(store: Store) -> dict[str, ModelScores]:
    """What the store holds of the models that were not trained here, by name: the newest settings of each benchmark. Asks no model."""
    return {
        name: ModelScores(
            name, (), tuple(score for group in kept.groups.values() for score in group), waiting=kept.waiting
        )
        for name, (_, kept) in other_models(store).items()
    }
