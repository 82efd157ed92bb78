"""Scores of training runs and of the models of `scoring.models`, and the leaderboard over all of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from wethink_assets.config import Settings
from wethink_assets.defs.assets.benchmarks import KEY as BENCHMARKS
from wethink_assets.defs.graph import (
    EVALUATION,
    LOCAL_POOL,
    MODEL_TEAM,
    add_partitions,
    pool_of,
    training_run,
    when_changed,
)
from wethink_assets.defs.metadata.plots import data_uri
from wethink_assets.defs.metadata.previews import plain, sample_table
from wethink_assets.defs.resources import Progress
from wethink_assets.defs.runs.reporting import Synced, known_versions, report, report_unknown, report_uses
from wethink_assets.defs.stages.publication import fitting
from wethink_assets.evaluation.forms.form import PROMPTS_VERSION, VERDICTS_VERSION
from wethink_assets.evaluation.reports.clean_part import clean_parts
from wethink_assets.evaluation.reports.leaderboard import NOT_RUN, Board, leaderboard
from wethink_assets.evaluation.reports.leaderboard_text import board_rows, run_rows
from wethink_assets.evaluation.reports.plots import bars, radar
from wethink_assets.evaluation.runs.models import policy_of
from wethink_assets.evaluation.runs.records import Score
from wethink_assets.evaluation.runs.training_runs import (
    ModelScores,
    RunScores,
    kept_models,
    kept_scores,
    score_other_model,
    score_training_run,
)
from wethink_assets.evaluation.vlmevalkit.scoring import LOGIC_VERSION as KIT_VERSION
from wethink_assets.extensions.builtin import PROVIDERS
from wethink_assets.identity import digest_of
from wethink_assets.storage.store import Store
from wethink_assets.training.policies.catalog import list_policies

KEY = "benchmark_scores"
SCORE = "score"
SCORE_MODELS = "score_models"
MODEL_SCORES = "model_scores"
LEADERBOARD = "leaderboard"
DRAW_LEADERBOARD = "draw_leaderboard"  # the job: its graph may not have the name of the asset's op


def scores_asset(settings: Settings) -> dg.AssetsDefinition:
    """`benchmark_scores`: each training run's policy beside its base model."""

    @dg.asset(
        partitions_def=training_run,
        deps=["policy", BENCHMARKS],
        code_version=f"{PROMPTS_VERSION}.{VERDICTS_VERSION}.{KIT_VERSION}",
        group_name=EVALUATION,
        kinds={"benchmark", "parquet"},
        owners=MODEL_TEAM,
        pool=pool_of(settings, ("policy", "judge")),
        backfill_policy=dg.BackfillPolicy.multi_run(1),
    )
    def benchmark_scores(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        store: dg.ResourceParam[Store],
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        """Scores on all benchmarks whose files are there, with intervals, beside the base model's on the same samples.

        Only what is missing is asked for: the base model is scored once, and finished replies are never asked for again.
        Each score is reported when it is done; what needs a judge that cannot be asked waits for it, and fails the run at its end.
        """
        policy = policy_of(store, context.partition_key, settings.scoring.models)

        def kept() -> ModelScores:
            return kept_scores(store, settings, policy)

        scores = score_training_run(
            store,
            settings,
            context.partition_key,
            progress=_telling(progress, context.partition_key),
            run_id=context.run.run_id,
            kit_session=partial(_piped, context),
            on_score=_reporting(context, store, settings, KEY, kept),
        )
        report_uses(context.instance, store, context.partition_key.partition(".")[0])
        return _materialized(context, store, settings, KEY, scores, kept().data_version)

    return benchmark_scores


def _reporting(
    context: dg.AssetExecutionContext,
    store: Store,
    settings: Settings,
    asset: str,
    kept: Callable[[], ModelScores],
) -> Callable[[Score], None]:
    """Reports each score when it is done: what a run's own events say is told when its step has ended."""

    def tell(score: Score) -> None:
        context.log.info(f"{score.benchmark}, {score.decoding}: {score.value}")
        scores = kept()
        metadata = fitting(
            {"scored benchmarks": _count(scores), "scores": _table(run_rows(scores)), "run": context.run_id}
        )
        report(context.instance, asset, context.partition_key, scores.data_version, metadata)

    return tell


def _materialized(
    context: dg.AssetExecutionContext,
    store: Store,
    settings: Settings,
    asset: str,
    scores: ModelScores,
    version: str,
) -> dg.MaterializeResult[None]:
    """The materialization of what was scored. Where a benchmark waits for the judge, it is reported, and the run fails."""
    metadata = fitting(scores_metadata(store, settings, scores))
    waiting = {**scores.base_waiting, **scores.waiting}
    if waiting:
        report(context.instance, asset, context.partition_key, version, metadata)
        why = "; ".join(sorted(set(waiting.values())))
        raise dg.Failure(
            f"{', '.join(sorted(waiting))}: the judge is waited for: {why}. All other scores and all replies are kept",
            allow_retries=False,
        )
    return dg.MaterializeResult(data_version=dg.DataVersion(version), metadata=metadata)


def _count(run: ModelScores) -> int:
    return len({score.benchmark for score in run.scores})


def model_partitions(settings: Settings) -> dg.StaticPartitionsDefinition:
    """The models of `scoring.models`, as the configuration names them."""
    return dg.StaticPartitionsDefinition(sorted(settings.scoring.models))


def model_scores_asset(settings: Settings) -> dg.AssetsDefinition:
    """`model_scores`: each model of `scoring.models`, beside the policies on the leaderboard."""
    here = [
        name for name, table in settings.scoring.models.items() if PROVIDERS[table.provider].runs_here(settings, table)
    ]

    @dg.asset(
        name=MODEL_SCORES,
        partitions_def=model_partitions(settings),
        deps=[BENCHMARKS],
        code_version=f"{PROMPTS_VERSION}.{VERDICTS_VERSION}.{KIT_VERSION}",
        group_name=EVALUATION,
        kinds={"benchmark", "parquet"},
        owners=MODEL_TEAM,
        pool=LOCAL_POOL if here else pool_of(settings, ("judge",)),
        backfill_policy=dg.BackfillPolicy.multi_run(1),
    )
    def model_scores(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        store: dg.ResourceParam[Store],
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        """Scores of a model that was not trained here: an endpoint, a model of the hub or a folder.

        System prompt, chat template, wording and sampling are its own where its table states them.

        Only what is missing is asked for; a changed setting is another score, and what was scored before it stays.
        Each score is reported when it is done.
        """

        def kept() -> ModelScores:
            return kept_models(store).get(context.partition_key, ModelScores(context.partition_key, (), ()))

        scores = score_other_model(
            store,
            settings,
            context.partition_key,
            progress=_telling(progress, context.partition_key),
            run_id=context.run.run_id,
            kit_session=partial(_piped, context),
            on_score=_reporting(context, store, settings, MODEL_SCORES, kept),
        )
        return _materialized(context, store, settings, MODEL_SCORES, scores, kept().data_version)

    return model_scores


@contextmanager
def _piped(context: dg.AssetExecutionContext) -> Iterator[Mapping[str, str]]:
    """A session of Dagster's Pipes for VLMEvalKit's process, which tells the run's log what it does; it lives while replies are asked for."""
    with dg.open_pipes_session(
        context=context,
        context_injector=dg.PipesTempFileContextInjector(),
        message_reader=dg.PipesTempFileMessageReader(),
    ) as session:
        yield session.get_bootstrap_env_vars()


def leaderboard_asset() -> dg.AssetsDefinition:
    """`leaderboard`: all versions by all benchmarks."""

    @dg.asset(
        name=LEADERBOARD,
        deps=[
            dg.AssetDep(name, partition_mapping=dg.AllPartitionMapping()) for name in ("benchmark_scores", MODEL_SCORES)
        ],
        group_name=EVALUATION,
        kinds={"benchmark"},
        owners=MODEL_TEAM,
        automation_condition=when_changed(says_much_of_nothing=True),  # published numbers are on it from the start
    )
    def board(settings: dg.ResourceParam[Settings], store: dg.ResourceParam[Store]) -> dg.MaterializeResult[None]:
        """Versions by benchmarks with the averages of the reasoning six and the academic eight; published numbers are marked as such."""
        board = leaderboard(store, settings)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(digest_of(board.as_json())), metadata=fitting(board_metadata(board))
        )

    return board


def score_jobs(settings: Settings) -> list[Any]:
    """`score`: score one training run; `score_models`: one model of `scoring.models`; `draw_leaderboard`: draw the board anew."""
    return [
        dg.define_asset_job(
            SCORE,
            selection=dg.AssetSelection.assets("benchmark_scores"),
            partitions_def=training_run,
            description="Score a training run's policy and, where it is missing, its base model. Calls both, and the judge.",
        ),
        dg.define_asset_job(
            SCORE_MODELS,
            selection=dg.AssetSelection.assets(MODEL_SCORES),
            partitions_def=model_partitions(settings),
            description="Score a model of [scoring.models], which was not trained here. Calls it, and the judge.",
        ),
        dg.define_asset_job(
            DRAW_LEADERBOARD,
            selection=dg.AssetSelection.assets(LEADERBOARD),
            description="Put the scores of the store on the board. Calls no model.",
        ),
    ]


def sync_scores(instance: dg.DagsterInstance, store: Store, settings: Settings, synced: Synced) -> None:
    """Report the scores that the store holds of training runs and other models and the instance does not know. Safe to repeat."""
    known = known_versions(instance, "benchmark_scores")
    for policy in list_policies(store):
        scores = kept_scores(store, settings, policy)
        if scores.scores:
            add_partitions(instance, training_run, [policy.key])
            metadata = partial(scores_metadata, store, settings, scores)
            report_unknown(instance, synced, known, "benchmark_scores", policy.key, scores.data_version, metadata)
    known = known_versions(instance, MODEL_SCORES)
    for name, kept in kept_models(store).items():
        if kept.scores and name in settings.scoring.models:
            metadata = partial(scores_metadata, store, settings, kept)
            report_unknown(instance, synced, known, MODEL_SCORES, name, kept.data_version, metadata)


def _telling(progress: Progress, key: str) -> Callable[[str, int, int], None]:
    callbacks: dict[str, Any] = {}

    def tell(what: str, done: int, total: int) -> None:
        if what not in callbacks:
            callbacks[what] = progress.of(what, key)
        callbacks[what](done, total)

    return tell


def scores_metadata(store: Store, settings: Settings, run: ModelScores) -> dict[str, Any]:
    """What a scoring came to: figures, one line a benchmark, plots."""
    board = leaderboard(store, settings)
    ours = Board(
        board.columns,
        tuple(line for line in board.lines if line.name in (run.name, run.base_name)),
    )
    line = next((line for line in board.lines if line.name == run.name), None)
    averages = {name: round(value, 2) for name, value in (line.averages if line else {}).items() if value is not None}
    gains = line.average_gains if line else {}
    clean = clean_parts(store, settings, run) if isinstance(run, RunScores) else {}
    flagged = sorted({score.benchmark for score in (*run.base, *run.scores) if score.flags})
    return {
        "scored benchmarks": _count(run),
        "waits for judge": ", ".join(sorted({*run.waiting, *run.base_waiting})) or None,
        "not run": len(run.not_run) if run.files else None,
        **{f"average, {name}": value for name, value in averages.items()},
        **{f"average gain, {name}": f"{g.value:+.1f} ({g.low:+.1f} to {g.high:+.1f})" for name, g in gains.items()},
        "flagged": ", ".join(flagged) or None,
        "base model": plain(run.base_name, 80) if run.base_name else None,
        "model": None if run.base_name or not run.scores else plain(run.scores[0].model["model"], 80),
        "scores": _table(sorted(run_rows(run, clean or None), key=_not_run)),
        **plots_metadata(ours),
        "not run because": _table([{"benchmark": f.benchmark.key, "what to do": f.remedy} for f in run.not_run]),
    }


def _not_run(row: dict[str, str]) -> bool:
    return {row.get("base", NOT_RUN), row.get("policy", row.get("score"))} == {NOT_RUN}


def board_metadata(board: Board) -> dict[str, Any]:
    """The board as a table and as plots."""
    policies = [line for line in board.lines if line.kind == "policy"]
    return {
        "training runs": len(policies),
        "other models": sum(line.kind == "model" for line in board.lines),
        "board": _table(board_rows(board.ours_first())),
        **plots_metadata(board),
        "published by": _table([{"row": line.name, "source": line.source} for line in board.lines if line.source]),
    }


def plots_metadata(board: Board) -> dict[str, Any]:
    """Bars and radar as pictures, where anything of ours was scored."""
    figures = {"bars": bars(board), "radar": radar(board)}
    return {
        name: dg.MetadataValue.md(f"![{name}]({data_uri(figure)})")
        for name, figure in figures.items()
        if figure is not None
    }


def _table(rows: list[dict[str, str]]) -> dg.TableMetadataValue | None:
    if not rows:
        return None
    frame = pl.DataFrame(rows)
    return sample_table(frame, frame.height, frame.columns)
