"""`wethink embedded`: training and evaluation of the embedded model."""

import json
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wethink_assets.models.embedded.evaluation.accuracy import Accuracy
    from wethink_assets.models.embedded.training.trainer import Trainer

app = typer.Typer(no_args_is_help=True, help="Train and evaluate the embedded model.")


class Checkpoint(StrEnum):
    """Which checkpoint to train."""

    describer = "describer"
    reasoner = "reasoner"
    policy = "policy"
    all = "all"


@app.command()
def train(
    out: Annotated[
        Path,
        typer.Option(help="Folder for the checkpoints; training states and snapshots are kept in its folder work."),
    ] = Path("embedded"),
    checkpoint: Annotated[
        Checkpoint, typer.Option(help="Checkpoint to train; `policy` is an early state of the describer.")
    ] = Checkpoint.all,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted training.")] = False,
    device: Annotated[str, typer.Option(help="Device to train on: cpu or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option(min=1, help="Threads of one training; one is nearly as fast as two.")] = 1,
) -> None:
    """Train checkpoints from scratch on freshly drawn scenes.

    The same code and seed give the same data. The describer and the reasoner do not depend on each other: start two commands to train them
    at the same time.
    """
    import torch

    from wethink_assets.models.embedded.training.publication import first_steps, policy_trainer, publish
    from wethink_assets.models.embedded.training.recipe import RECIPES
    from wethink_assets.models.embedded.training.trainer import Trainer

    torch.set_num_threads(threads)
    out.mkdir(parents=True, exist_ok=True)
    if checkpoint in (Checkpoint.describer, Checkpoint.all):
        publish(_trained(Trainer(RECIPES["describer"], out / "work" / "describer", device), resume), out)
    if checkpoint in (Checkpoint.policy, Checkpoint.all):
        describer = out / "work" / ("describer" if checkpoint == Checkpoint.all else "describer-first-steps")
        if checkpoint == Checkpoint.policy:
            _trained(Trainer(first_steps(), describer, device), resume)
        publish(_trained(policy_trainer(describer, out / "work" / "policy", device), resume), out)
    if checkpoint in (Checkpoint.reasoner, Checkpoint.all):
        publish(_trained(Trainer(RECIPES["reasoner"], out / "work" / "reasoner", device), resume), out)
    typer.echo(f"checkpoints in {out}; measure them with: wethink embedded eval --folder {out}")


def _trained(trainer: "Trainer", resume: bool) -> "Trainer":
    if (trainer.work / "state").exists() and not resume:
        typer.echo(
            f"{trainer.work} holds an interrupted or finished training; resume it with --resume, or choose another --out",
            err=True,
        )
        raise typer.Exit(2)
    if trainer.resume():
        typer.echo(
            f"{trainer.recipe.checkpoint}: resumes in stage {trainer.state.stage + 1} after step {trainer.state.step}"
        )
    _run_with_display(trainer)
    return trainer


def _run_with_display(trainer: "Trainer") -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from wethink_assets.models.embedded.training.trainer import Progress as Training

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[now]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as display:
        bar = display.add_task(trainer.recipe.checkpoint, total=None, now="", left="")

        def show(training: Training) -> None:
            accuracies = " ".join(f"{role} {share:.0%}" for role, share in sorted(training.accuracy.items()))
            left = f"{training.seconds_left / 60:.0f} min left"
            now = f"{training.stage} {training.step}/{training.steps} loss {training.loss:.3f}"
            display.update(bar, total=training.total, completed=training.done, now=now, left=left)
            if training.step % 100 == 0 or training.step == training.steps:
                display.console.print(
                    f"{training.checkpoint} {now} | right by part: {accuracies} | {left}", highlight=False
                )

        trainer.run(show)


@app.command("eval")
def evaluate(
    examples: Annotated[int, typer.Option("--n", min=4, help="Held-out examples of each task.")] = 240,
    folder: Annotated[Path | None, typer.Option(help="Folder of checkpoints; those of the package by default.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the held-out scenes.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print all groups as JSON.")] = False,
    card: Annotated[bool, typer.Option("--card", help="Also write the figures into the folder's model card.")] = False,
) -> None:
    """Measure accuracies on held-out scenes by task, visual kind, question kind and letter, with 95% Wilson intervals."""
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.models.embedded.checkpoints import FOLDER
    from wethink_assets.models.embedded.engine import Engine
    from wethink_assets.models.embedded.evaluation.accuracy import evaluate as measure
    from wethink_assets.models.embedded.evaluation.agreement import agreement
    from wethink_assets.models.embedded.evaluation.card import write_card
    from wethink_assets.models.embedded.evaluation.coverage import coverage

    root = folder or FOLDER
    accuracies: list[Accuracy] = []
    engines = {
        name: Engine(root / name)
        for name in ("describer", "reasoner", "policy")
        if (root / name / "config.json").exists()
    }
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for name, engine in engines.items():
            bar = progress.add_task(name, total=None)
            accuracies += measure(engine, name, examples, seed, on_batch=partial(progress.advance, bar))
        progress.add_task("agreement", total=None)
        both = (
            agreement(engines["describer"], engines["reasoner"], examples, seed)
            if {"describer", "reasoner"} <= set(engines)
            else {}
        )
        written = coverage(engines["reasoner"], 2 * examples, seed) if "reasoner" in engines else {}
    rows = [accuracy.as_json() for accuracy in accuracies]
    if card:
        write_card(root, rows, both, written)
    if as_json:
        typer.echo(json.dumps({"accuracies": rows, "agreement": both, "coverage": written}, indent=1))
        return
    _print_tables(accuracies, both, written)


def _print_tables(accuracies: "list[Accuracy]", both: dict[str, float], written: dict[str, float]) -> None:
    from rich.console import Console
    from rich.table import Table

    from wethink_assets.models.embedded.evaluation.accuracy import wilson

    console = Console()
    for name, task in dict.fromkeys((accuracy.checkpoint, accuracy.task) for accuracy in accuracies):
        table = Table(title=f"{name}: {task}", title_justify="left")
        for column in ("group", "right", "of", "share", "95% interval"):
            table.add_column(column, justify="left" if column == "group" else "right")
        for accuracy in accuracies:
            if (accuracy.checkpoint, accuracy.task) == (name, task):
                low, high = wilson(accuracy.right, accuracy.count)
                table.add_row(
                    accuracy.group,
                    str(accuracy.right),
                    str(accuracy.count),
                    f"{accuracy.share:.1%}",
                    f"{low:.1%} to {high:.1%}",
                )
        console.print(table)
    for title, figures in (("agreement", both), ("questions written", written)):
        if figures:
            console.print(f"{title}: " + ", ".join(f"{name} {value:.3g}" for name, value in figures.items()))
