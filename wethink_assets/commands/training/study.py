"""`wethink study`: comparisons of ways to train, one command each, and what they came to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wethink_assets.config.training import PROFILE_NAMES, QUESTIONS

if TYPE_CHECKING:
    from wethink_assets.config import Settings
    from wethink_assets.storage.store import Store
    from wethink_assets.training.studies.records import StudyRecord

app = typer.Typer(help="Compare ways to train on a version, each over several seeds.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")]
Plot = Annotated[Path | None, typer.Option(metavar="FILE", help="Copy the plot to a PNG file.")]


def _command(name: str) -> Callable[..., None]:
    def command(
        version: Annotated[str, typer.Option(help="Dataset version, such as v0003; the newest if none is given.")] = "",
        profile: Annotated[
            str, typer.Option(help="quick: 2 seeds and 40% of the recipe's steps; full: 3 seeds and all of them.")
        ] = PROFILE_NAMES[0],
        seeds: Annotated[str, typer.Option(help="Other seeds, such as 1,2,3.")] = "",
        recipe: Annotated[str, typer.Option(help="Recipe to vary; else the one of the table `studies`.")] = "",
        parallel: Annotated[int, typer.Option(min=0, help="Trainings at a time; 0: as suits the model.")] = 0,
        as_json: Json = False,
        markdown: Markdown = False,
        plot: Plot = None,
    ) -> None:
        _conduct(name, version, profile, seeds, recipe, parallel, as_json, markdown, plot)

    command.__doc__ = (
        f"{QUESTIONS[name]}\n\nTrains what is missing, several at a time, asks every policy the version's held-out rows and, of an embedded "
        "model, held-out drawn scenes, and keeps tables and a plot below studies/ of the store. What was trained once is not trained again; "
        "interrupted or killed, it goes on when it is started again. Exit 1 when a training could not be finished."
    )
    return command


for _name in QUESTIONS:
    app.command(_name)(_command(_name))


def _conduct(
    name: str,
    version: str,
    profile: str,
    seeds: str,
    recipe: str,
    parallel: int,
    as_json: bool,
    markdown: bool,
    plot: Path | None,
) -> None:
    from wethink_assets.training.studies.design import design_study
    from wethink_assets.training.studies.execution import run_study

    settings, store = _opened()
    with Watch() as watch:
        try:
            design = design_study(
                settings, store, name, version=version, profile=profile, seeds=_numbers(seeds), recipe=recipe
            )
            record = run_study(design, store, watch, parallel)
        except KeyboardInterrupt:
            watch.report(f"interrupted; `wethink study {name}` goes on from there")
            raise typer.Exit(130) from None
    _tell_instance(store)
    _show(record, store, as_json, markdown, plot)
    if record.failures:
        raise typer.Exit(1)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the comparisons there are, and those that were finished."""
    from wethink_assets.commands.dataset.lineage import table
    from wethink_assets.training.studies.records import list_studies

    _, store = _opened()
    found = list_studies(store)
    if as_json:
        told = [one.model_dump(mode="json", exclude={"outcomes", "settings", "libraries"}) for one in found]
        typer.echo(json.dumps({"studies": QUESTIONS, "finished": told}, indent=1))
        return
    for name, question in QUESTIONS.items():
        typer.echo(f"{name:15} {question}")
    columns = ["study", "version", "recipe", "profile", "seeds", "policies", "finished (UTC)", "digest"]
    table(f"finished, in {store.url}", columns, [_line(one) for one in found])


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Comparison.")],
    digest: Annotated[str, typer.Option(help="Which one, by the first digits of its digest; else the newest.")] = "",
    as_json: Json = False,
    markdown: Markdown = False,
    plot: Plot = None,
) -> None:
    """Show what a comparison came to. Trains nothing."""
    from wethink_assets.errors import VersionError
    from wethink_assets.training.studies.catalog import study_of
    from wethink_assets.training.studies.records import list_studies

    study_of(name)
    _, store = _opened()
    found = [one for one in list_studies(store, name) if one.digest.startswith(digest)]
    if not found:
        raise VersionError(f"{store.url} has no finished comparison {name} {digest}: `wethink study {name}` makes one")
    _show(found[-1], store, as_json, markdown, plot)


class Watch:
    """Tells lines, and draws a bar for each training where there is a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(console=self._console, transient=True, disable=not self._console.is_terminal)
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "Watch":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def report(self, line: str) -> None:
        """One line, above the bars."""
        self._console.print(line, markup=False, soft_wrap=True)

    def step(self, what: str, done: int, total: int) -> None:
        """How far one training is; its bar goes with its last step."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what)
        self._progress.update(self._tasks[what], completed=done, total=total, visible=done < total)


def _opened() -> "tuple[Settings, Store]":
    from wethink_assets.config import load_settings
    from wethink_assets.storage.store import Store

    settings = load_settings()
    return settings, Store.open(settings.store_url, **settings.store.options)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise typer.BadParameter(f"seeds are numbers, such as 1,2,3: {text!r}") from None


def _tell_instance(store: "Store") -> None:
    from wethink_assets.defs.assets.studies import sync_studies
    from wethink_assets.defs.runs.instance import project_instance
    from wethink_assets.defs.runs.sync import Synced

    with project_instance() as instance:
        sync_studies(instance, store, Synced())


def _line(record: "StudyRecord") -> list[str]:
    policies = len({run.policy for outcome in record.outcomes for run in outcome.runs})
    seeds = ", ".join(map(str, record.seeds))
    made = f"{record.created:%Y-%m-%d %H:%M}"
    return [
        record.study,
        record.version,
        record.recipe,
        record.profile,
        seeds,
        str(policies),
        made,
        record.digest[:12],
    ]


def _show(record: "StudyRecord", store: "Store", as_json: bool, markdown: bool, plot: Path | None) -> None:
    from wethink_assets.commands.dataset.lineage import table
    from wethink_assets.training.studies.tables import RUN_COLUMNS, columns, count_of, facts, rows, run_rows
    from wethink_assets.training.studies.tables import markdown as as_markdown

    if plot is not None:
        plot.write_bytes(store.read(f"{record.folder}/study.png"))
    if as_json:
        typer.echo(record.model_dump_json(indent=1))
        return
    if markdown:
        typer.echo(as_markdown(record))
        return
    typer.echo(f"{record.study}: {record.question}\n{facts(record)}")
    for samples in record.sets:
        table(f"{count_of(record, samples)} {samples}", columns(record, samples), rows(record, samples))
    table("trainings", RUN_COLUMNS, run_rows(record))
    typer.echo(f"files: {store.link(record.folder)}")
