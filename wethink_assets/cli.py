"""The `wethink` command: mounts what `wethink_assets.commands` offers and turns errors into messages."""

import platform
import sys
from importlib import metadata
from typing import Annotated

import typer

from wethink_assets.commands import (
    budget,
    calibrate,
    compare,
    config,
    cut,
    diff,
    doctor,
    embedded,
    explain,
    export,
    growth,
    leaderboard,
    lineage,
    plan,
    register,
    retract,
    run,
    sample,
    score,
    serve,
    study,
    sync,
    train,
    verify,
    versions,
    where,
)
from wethink_assets.errors import WeThinkError

app = typer.Typer(
    name="wethink",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"wethink {metadata.version('wethink-assets')}, Python {platform.python_version()}")
        raise typer.Exit


@app.callback()
def wethink(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Grow verified multimodal reasoning datasets, and prove what each version is worth."""


for name, command in (
    ("run", run.run),
    ("plan", plan.plan),
    ("budget", budget.budget),
    ("register", register.register),
    ("cut", cut.cut),
    ("versions", versions.versions),
    ("explain", explain.explain),
    ("verify", verify.verify),
    ("lineage", lineage.lineage),
    ("where", where.where),
    ("diff", diff.diff),
    ("retract", retract.retract),
    ("export", export.export),
    ("card", export.card),
    ("growth", growth.growth),
    ("score", score.score),
    ("leaderboard", leaderboard.leaderboard),
    ("compare", compare.compare),
    ("calibrate", calibrate.calibrate),
    ("serve", serve.serve),
    ("sample", sample.sample),
    ("sync", sync.sync),
    ("doctor", doctor.doctor),
    ("train", train.train),
    ("policies", train.policies),
):
    app.command(name)(command)
app.add_typer(study.app, name="study")
app.add_typer(embedded.app, name="embedded")
app.add_typer(config.app, name="config")


def main() -> None:
    """Entry point: 0 done, 1 failed with a message, 2 wrong usage, 130 interrupted."""
    try:
        app()
    except WeThinkError as error:
        print(f"wethink: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
