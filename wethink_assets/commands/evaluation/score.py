"""`wethink score`: score training runs on the benchmarks whose files are there."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wethink_assets.commands.evaluation.by import ByOption, show_categories, show_repeats
from wethink_assets.commands.evaluation.score_plan import Bars, show_plan, submit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wethink_assets.commands.progress import Display
    from wethink_assets.config import Settings
    from wethink_assets.defs.runs.driver import RunDriver
    from wethink_assets.evaluation.reports.clean_part import CleanPart
    from wethink_assets.evaluation.runs.training_runs import ModelScores
    from wethink_assets.storage.store import Store


def score(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Training runs such as v0003.grpo-s1, or models of [scoring.models]; all of them if none is given."
        ),
    ] = None,
    benchmark: Annotated[
        list[str] | None, typer.Option(help="Benchmark to score; may be given several times. All of them by default.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Score again what was scored with failed calls.")
    ] = False,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan", help="Only say what is missing, and its calls, tokens, time and money. No model is asked."
        ),
    ] = False,
    by: ByOption = None,
    repeats: Annotated[
        bool,
        typer.Option("--repeats", help="Also show pass@k and maj@k over the replies sampled with [scoring] seeds."),
    ] = False,
    judge_repeats: Annotated[
        int,
        typer.Option(
            "--judge-repeats",
            min=0,
            help="Also ask the judge so many times again, and show how far that moves the score.",
        ),
    ] = 0,
    wordings: Annotated[
        int,
        typer.Option(
            "--wordings",
            min=0,
            max=5,
            help="Also ask each question in so many other wordings, and show how far that moves the score.",
        ),
    ] = 0,
    submission: Annotated[
        Path | None,
        typer.Option(
            "--submission",
            help="Only answer the hidden test sets that --benchmark names, and write the files that their servers take into this folder.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all scores, or the plan, as JSON.")] = False,
) -> None:
    """Score policies against their base model, and any other model by itself, greedy and sampled, with intervals and paired tests.

    Only missing scores are computed, and a finished reply is never requested again. A benchmark whose file is missing is skipped.
    """
    from rich.console import Console

    from wethink_assets.commands.evaluation.stability import show_stability, stability_of, stability_records
    from wethink_assets.config import load_settings
    from wethink_assets.evaluation.reports.categories import as_records, categories_of_run
    from wethink_assets.evaluation.reports.clean_part import clean_parts
    from wethink_assets.evaluation.reports.repeats import as_record, repeats_of_run
    from wethink_assets.evaluation.runs.training_runs import RunScores, score_other_model, score_training_run
    from wethink_assets.storage.store import Store
    from wethink_assets.training.policies.catalog import list_policies

    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # the bars are ours, and weights load in a second
    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    others = settings.scoring.models
    keys = runs or [*(policy.key for policy in list_policies(store)), *others]
    if not keys:
        typer.echo(
            f"nothing to score: no training run in {store.url} has a policy yet, and [scoring.models] names none; `wethink train` makes one"
        )
        return
    if submission is not None:
        submit(store, settings, keys, benchmark or [], submission, as_json)
        return
    if plan:
        show_plan(store, settings, keys, benchmark or [], as_json)
        return
    results = []
    with Bars(Console(stderr=True)) as bars:
        for key in keys:
            score_one = score_other_model if key in others else score_training_run
            results.append(
                score_one(
                    store, settings, key, benchmark or (), progress=bars, again=retry_failed, on_score=bars.scored
                )
            )
    stable = [stability_of(store, settings, key, benchmark or [], judge_repeats, wordings) for key in keys]
    clean = [clean_parts(store, settings, run) if isinstance(run, RunScores) else {} for run in results]
    repeated = [repeats_of_run(store, settings, run) if repeats else [] for run in results]
    categories = [categories_of_run(store, settings, run) if by else {} for run in results]
    if as_json:
        records = [as_json_record(run, parts) for run, parts in zip(results, clean, strict=True)]
        for record, each in zip(records, categories if by else (), strict=False):
            record["by_category"] = {name: as_records(of) for name, of in each.items()}
        for record, several in zip(records, repeated, strict=True):
            record |= {"repeats": {one.benchmark: as_record(one) for one in several}} if repeats else {}
        for record, several_ways in zip(records, stable, strict=True):
            record |= {"stability": stability_records(several_ways)} if several_ways else {}
        typer.echo(json.dumps(records, indent=1))
    for run, parts, each, several in zip(results, clean, categories, repeated, strict=True) if not as_json else ():
        show(run, parts)
        if repeats:
            show_repeats(run.name, several)
        if by:
            show_categories(each)
    for several_ways in stable if not as_json else ():
        show_stability(several_ways)
    if any(run.waiting or run.base_waiting or any(file.faulty for file in run.not_run) for run in results):
        raise typer.Exit(1)


def as_json_record(run: "ModelScores", clean: "Mapping[str, CleanPart]") -> dict[str, Any]:
    """One model's scores as plain values; `training_run` is empty for one that was not trained here. clean: by benchmark.

    Beside a difference: `p_board`, its p among all of the table, and `detectable`, the smallest that would get a star (a fraction of 1).
    """
    from dataclasses import asdict

    from wethink_assets.evaluation.grading.intervals import holm
    from wethink_assets.evaluation.reports.comparison import detectable

    on_board = holm({benchmark: comparison.p for benchmark, comparison in run.comparisons.items()})
    return {
        "training_run": run.name if run.base_name else "",
        "model": run.name,
        "base": [score.model_dump(mode="json") for score in run.base],
        "scores": [score.model_dump(mode="json") for score in run.scores],
        "against_base": {
            benchmark: {
                **asdict(comparison),
                "p_board": on_board[benchmark],
                "detectable": detectable(comparison, len(on_board)),
            }
            for benchmark, comparison in run.comparisons.items()
        },
        "clean_part": {benchmark: asdict(part) for benchmark, part in clean.items()},
        "waiting": {"base": run.base_waiting, "scores": run.waiting},
        "not_run": {file.benchmark.key: file.remedy for file in run.not_run},
    }


def show(run: "ModelScores", clean: "Mapping[str, CleanPart]") -> None:
    """Print one model: a line per benchmark, then what was not run and why."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns, rows = shown_rows(run, clean)
    table = Table(
        title=Text(f"{run.name} against {run.base_name}" if run.base_name else run.name), title_justify="left"
    )
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name == "benchmark")
    for row in rows:
        table.add_row(*(Text(value) for value in row))
    console = Console()
    console.print(table)
    for file in run.not_run:
        if file.faulty:
            typer.echo(f"not run, since its file cannot be used: {file.benchmark.key}: {file.remedy}", err=True)
    for name, waiting in ((run.base_name, run.base_waiting), (run.name, run.waiting)):
        for why in dict.fromkeys(waiting.values()):
            keys = ", ".join(key for key, reason in waiting.items() if reason == why)
            typer.echo(f"{name} on {keys} waits for the judge: {why}", err=True)
    missing = [file.benchmark.key for file in run.not_run if not file.faulty]
    if missing:
        typer.echo(
            f"not run, since their files are missing: {', '.join(missing)}; `wethink leaderboard --files` says how to get them"
        )


def score_trained(
    driver: "RunDriver",
    settings: "Settings",
    store: "Store",
    keys: list[str],
    display: "Display",
    failures: dict[str, str],
) -> dict[str, Any]:
    """Score what is missing of trained runs, each in one run of Dagster, for `wethink run`; figures by training run."""
    from wethink_assets.errors import WeThinkError
    from wethink_assets.evaluation.runs.training_runs import kept_scores, missing
    from wethink_assets.training.policies.catalog import find_policy

    scores = {}
    for key in keys:
        try:
            todo = missing(store, settings, key)
        except WeThinkError as error:
            failures[f"scoring {key}"] = str(error)
            continue
        if todo:
            display.report(f"scoring {key}: {todo} pairs of benchmark and decoding, its base model's included")
            with display.batches({key: 1}) as work:
                work.begin(key, 3)
                ran = driver.score(key)
            failures.update(
                {f"scoring {key}, {what}": f"{why} (run {ran.run_id})" for what, why in ran.failures.items()}
            )
        policy = find_policy(store, key)
        if policy is None or not (kept := kept_scores(store, settings, policy)).scores:
            continue
        if todo:
            columns, rows = shown_rows(kept)
            display.rows(f"{key} against {policy.base_model['model']} (sample_*: drawn stand-ins)", columns, rows)
        scores[key] = figures(kept)
    return scores


def figures(run: "ModelScores") -> dict[str, Any]:
    """One training run in figures: averages of base and policy, and each benchmark's score and difference."""
    from wethink_assets.evaluation.reports.leaderboard import average_bounds_of, averages_of, cell_of
    from wethink_assets.evaluation.reports.newest import newest

    cells = [
        {key: cell for key, group in newest(scores).items() if (cell := cell_of(group))}
        for scores in (run.base, run.scores)
    ]
    return {
        "base": {
            "averages": averages_of(cells[0]),
            "average_bounds": average_bounds_of(cells[0]),
            "scores": {key: round(cell.value, 2) for key, cell in cells[0].items()},
        },
        "policy": {
            "averages": averages_of(cells[1]),
            "average_bounds": average_bounds_of(cells[1]),
            "scores": {key: round(cell.value, 2) for key, cell in cells[1].items()},
        },
        "difference": {key: round(comparison.difference, 4) for key, comparison in run.comparisons.items()},
    }


def shown_rows(run: "ModelScores", clean: "Mapping[str, CleanPart] | None" = None) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the table of one model: what was scored, without empty columns."""
    from wethink_assets.evaluation.reports.leaderboard_text import run_rows

    scored = {score.benchmark for score in (*run.base, *run.scores)} | {*run.waiting, *run.base_waiting}
    rows = [row for row in run_rows(run, clean) if row["benchmark"].partition(" ")[0] in scored]
    seldom = ("flags", "clean part")
    columns = [name for name in (rows[0] if rows else ()) if name not in seldom or any(row[name] for row in rows)]
    return columns, [[row[name] for name in columns] for row in rows]
