"""What `wethink score` does beside scoring: the plan (`--plan`), answers to hidden test sets (`--submission`), and bars of progress."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wethink_assets.config import Settings
    from wethink_assets.storage.store import Store


def submit(
    store: "Store", settings: "Settings", keys: list[str], benchmarks: list[str], folder: Path, as_json: bool
) -> None:
    """Answer the hidden test sets of these keys by the models of these names, and tell the files that were written."""
    from rich.console import Console

    from wethink_assets.errors import ConfigError
    from wethink_assets.evaluation.benchmarks.hidden_tests import HIDDEN_TESTS, hidden_test
    from wethink_assets.evaluation.runs.submission import write_submission
    from wethink_assets.evaluation.runs.training_runs import models_of

    if not benchmarks:
        raise ConfigError(f"--submission needs --benchmark: one of {', '.join(HIDDEN_TESTS)}")
    tests = [hidden_test(key) for key in benchmarks]
    models = [models_of(store, settings, key)[-1] for key in keys]  # of a training run its policy, without the base
    with Bars(Console(stderr=True)) as bars:
        written = [
            write_submission(store, settings, model, test, folder, progress=bars) for model in models for test in tests
        ]
    if as_json:
        records = [
            {
                "path": str(one.path),
                "questions": one.questions,
                "empty": one.empty,
                "failed": one.failed,
                "server": one.server,
            }
            for one in written
        ]
        typer.echo(json.dumps(records, indent=1))
    for one in written if not as_json else ():
        typer.echo(
            f"wrote {one.path}: {one.questions} questions, {one.empty} without an answer, {one.failed} of them since the call failed;"
            f" send it to {one.server}"
        )
    for note in dict.fromkeys(one.note for one in written if one.note):
        typer.echo(f"another release of the questions, or a part of them: {note}", err=True)


def show_plan(store: "Store", settings: "Settings", keys: list[str], benchmarks: list[str], as_json: bool) -> None:
    """Print what is missing of these models and what asking for it comes to."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from wethink_assets.evaluation.benchmarks.files import wanted_files
    from wethink_assets.evaluation.runs.plan import plan_scores
    from wethink_assets.evaluation.runs.training_runs import models_of

    models = [model for key in keys for model in models_of(store, settings, key)]
    planned = plan_scores(store, settings, models, wanted_files(settings, benchmarks))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in planned], indent=1))
        return
    if not planned:
        typer.echo("nothing is missing: every model has a score on every benchmark whose file is there")
        return
    table = Table()
    columns = (
        "model",
        "benchmark",
        "decoding",
        "calls",
        "judge calls",
        "prompt tokens",
        "reply tokens",
        "time",
        "money",
    )
    for name in columns:
        table.add_column(name, justify="left" if name in columns[:3] else "right", overflow="fold")
    for one in planned:
        prompt = "?" if one.prompt_tokens is None else f"about {one.prompt_tokens:,}"
        usual = "" if one.usual_reply_tokens is None else f"about {one.usual_reply_tokens:,}, "
        money = "" if one.money is None else f"{one.money:,.2f}"
        often = "" if one.usual_judge_calls is None else f"about {one.usual_judge_calls:,}, "
        judged = f"{often}at most {one.judge_calls:,}" if one.judge_calls else "0"
        reply = f"{usual}at most {one.reply_tokens:,}"
        row = (
            one.model,
            one.benchmark,
            one.decoding,
            f"{one.calls:,}",
            judged,
            prompt,
            reply,
            time_text(one.seconds),
            money,
        )
        table.add_row(*(Text(value) for value in row))
    Console().print(table)
    time = f"time {_total_time([one.seconds for one in planned])}"
    priced = [one.money for one in planned if one.money is not None]
    money = f", money {sum(priced):,.2f}" if priced else ""
    judged_ones = [one for one in planned if one.judge_calls]
    if judged_ones:
        priced = [one.judge_money for one in judged_ones if one.judge_money is not None]
        bill = f" and {sum(priced):,.2f}" if priced else ""
        money += f", and the judge's beside: {_total_time([one.judge_seconds for one in judged_ones])}{bill}"
    calls, judge_calls, reply = (
        sum(getattr(one, name) for one in planned) for name in ("calls", "judge_calls", "reply_tokens")
    )
    typer.echo(
        f"{len(planned)} scores are missing: {calls:,} calls, at most {judge_calls:,} of the judge, {reply:,} tokens of replies at most, "
        f"{time}{money}; calls that a killed scoring has finished are not made again"
    )


def _total_time(seconds: "Sequence[float | None]") -> str:
    timed = [one for one in seconds if one is not None]
    unknown = f" for {len(timed)} of them, unknown for the rest" if timed and len(timed) < len(seconds) else ""
    return f"{time_text(sum(timed) if timed else None)}{unknown}"


def time_text(seconds: float | None) -> str:
    """A time that is expected.

    >>> time_text(None), time_text(41.3), time_text(4000)
    ('unknown', 'about 41 s', 'about 1 h 7 min')
    """
    if seconds is None:
        return "unknown"
    minutes = round(seconds / 60)
    if seconds < 120:
        return f"about {max(1, round(seconds))} s"
    return f"about {minutes} min" if minutes < 60 else f"about {minutes // 60} h {minutes % 60} min"


class Bars:
    """Progress of scoring: one bar for each benchmark and decoding at work."""

    def __init__(self, console: Any) -> None:
        from rich.progress import Progress

        self._progress = Progress(console=console, transient=True)
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "Bars":
        self._progress.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._progress.__exit__(*error)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show how far a piece of work is."""
        from rich.markup import escape

        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(escape(what), total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)

    def scored(self, score: Any) -> None:
        """Tell a score that is published, while others are worked on."""
        from rich.markup import escape

        name = score.model.get("name") or score.model["model"]
        value = "no value" if score.value is None else f"{score.value:.1f}"
        self._progress.console.print(escape(f"{name} on {score.benchmark}, {score.decoding}: {value}"))
