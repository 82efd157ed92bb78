"""The `wethink` command: mounts what `wethink_assets.commands` offers and turns errors into messages."""

import io
import platform
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Annotated

import typer

from wethink_assets import signals
from wethink_assets.commands import failures
from wethink_assets.commands.dataset import (
    browse,
    cut,
    duplicates,
    export,
    growth,
    imports,
    push,
    rebuild,
    release,
    seal,
    verify,
    versions,
)
from wethink_assets.commands.evaluation import compare, leaderboard, score
from wethink_assets.commands.lineage import diff, explain, lineage, retract, where
from wethink_assets.commands.project import config, doctor, gc, metrics, migrate, sample, sync
from wethink_assets.commands.synthesis import budget, jobs, plan, register, run, serve, table
from wethink_assets.commands.training import calibrate, embedded, study, train
from wethink_assets.storage import first_contact

app = typer.Typer(
    name="wethink",
    no_args_is_help=True,
    rich_markup_mode="markdown",  # "rich" would take `[cut]` for markup
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wethink {metadata.version('wethink-assets')}, Python {platform.python_version()}")
        raise typer.Exit


@app.callback()
def wethink(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="If the command fails, show the traceback too; give it before the command.")
    ] = False,
) -> None:
    """Grow verified multimodal reasoning datasets, and prove what each version is worth."""


COMMANDS: dict[
    str, dict[str, Callable[..., None] | typer.Typer]
] = {  # by the panel of `wethink --help`, which is the section of docs/commands.md
    "Grow the dataset": {
        "run": run.run,
        "plan": plan.plan,
        "budget": budget.budget,
        "jobs": jobs.jobs,
        "register": register.register,
        "import": imports.import_pairs,
        "imports": imports.imports,
        "serve": serve.serve,
        "sample": sample.sample,
        "table": table.app,
    },
    "Dataset versions": {
        "cut": cut.cut,
        "versions": versions.versions,
        "verify": verify.verify,
        "seal": seal.seal,
        "rebuild": rebuild.rebuild,
        "release": release.release,
        "releases": release.releases,
        "card": export.card,
        "export": export.export,
        "push": push.push,
        "growth": growth.growth,
        "duplicates": duplicates.duplicates,
        "browse": browse.browse,
    },
    "Lineage and takedowns": {
        "explain": explain.explain,
        "lineage": lineage.lineage,
        "where": where.where,
        "diff": diff.diff,
        "retract": retract.retract,
    },
    "Training and scoring": {
        "train": train.train,
        "policies": train.policies,
        "study": study.app,
        "score": score.score,
        "leaderboard": leaderboard.leaderboard,
        "compare": compare.compare,
        "calibrate": calibrate.calibrate,
    },
    "Maintenance": {
        "config": config.app,
        "doctor": doctor.doctor,
        "metrics": metrics.metrics,
        "gc": gc.gc,
        "migrate": migrate.migrate,
        "sync": sync.sync,
        "embedded": embedded.app,
    },
}
for panel, members in COMMANDS.items():
    for name, command in members.items():
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, rich_help_panel=panel)
        else:
            app.command(name, rich_help_panel=panel)(command)


def main() -> None:
    """Entry point: 0 done, 1 failed with a message, 2 wrong usage, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name of a file may be no text of the terminal's encoding
    debug = "--debug" in sys.argv[1:2]
    first_contact.ask_at_once()
    try:
        app()
    except KeyboardInterrupt as error:
        sys.exit(failures.report(error, debug))
    except SystemExit as ending:
        if ending.code == signals.INTERRUPTED:  # typer makes that of an interruption
            failures.report(KeyboardInterrupt(), debug=False)
        raise
    except Exception as error:
        # What ends in the middle may fail in its own way; whoever sent the signal asked for no explanation.
        sys.exit(failures.report(KeyboardInterrupt() if signals.received() and not debug else error, debug))


if __name__ == "__main__":
    signals.heed()
    main()
