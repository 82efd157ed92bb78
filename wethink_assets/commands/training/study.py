"""`wethink study`: studies that compare ways to train, one command each, and their results."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wethink_assets.commands.terminal import json_text
from wethink_assets.training.studies.catalog import DEFAULT_PROFILE, STUDIES

if TYPE_CHECKING:
    from wethink_assets.config import Settings
    from wethink_assets.storage.store import Store
    from wethink_assets.training.studies.records import StudyRecord

app = typer.Typer(help="Compare ways to train on a version, each over several seeds.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")]
Plot = Annotated[Path | None, typer.Option(metavar="FILE", help="Also save the plot as a PNG file.")]


def _command(name: str) -> Callable[..., None]:
    def command(
        version: Annotated[
            str, typer.Option(help="Dataset version such as v0003, or a release; the newest by default.")
        ] = "",
        profile: Annotated[
            str, typer.Option(help="Effort: quick (2 seeds, 40% of the recipe's steps) or full (3 seeds, all steps).")
        ] = DEFAULT_PROFILE,
        seeds: Annotated[str, typer.Option(help="Seeds to use instead of the profile's, such as 1,2,3.")] = "",
        recipe: Annotated[str, typer.Option(help="Recipe to vary; the one named in [studies] by default.")] = "",
        parallel: Annotated[
            int, typer.Option(min=0, help="Number of trainings at a time; 0 for as many as suit the model.")
        ] = 0,
        as_json: Json = False,
        markdown: Markdown = False,
        plot: Plot = None,
    ) -> None:
        _conduct(name, version, profile, seeds, recipe, parallel, as_json, markdown, plot)

    command.__doc__ = (
        f"{STUDIES[name].question}\n\nTrains what is missing, several at a time. Every policy then answers the version's held-out rows and, if its "
        "model is embedded, held-out drawn scenes. Tables and a plot are kept below studies/ in the store. Policies that exist are not "
        "trained again, and an interrupted or killed study resumes when it is started again. Exits with 1 if a training could not be finished."
    )
    return command


for _name in STUDIES:
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
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.training.studies.design import design_study
    from wethink_assets.training.studies.execution import run_study

    settings, store = _opened()
    version = resolve_version(store, version) if version else ""
    with TrainingProgress() as progress:
        design = design_study(
            settings, store, name, version=version, profile=profile, seeds=_numbers(seeds), recipe=recipe
        )
        record = run_study(design, store, progress, parallel)
    _register(store)
    _show(record, store, as_json, markdown, plot)
    if record.failures:
        raise typer.Exit(1)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the studies with the questions that they answer, and those that were finished."""
    from wethink_assets.commands.terminal import table
    from wethink_assets.training.studies.records import list_studies

    _, store = _opened()
    finished = list_studies(store)
    if as_json:
        records = [one.model_dump(mode="json", exclude={"outcomes", "settings", "libraries"}) for one in finished]
        typer.echo(
            json.dumps(
                {"studies": {name: study.question for name, study in STUDIES.items()}, "finished": records}, indent=1
            )
        )
        return
    for name, study in STUDIES.items():
        typer.echo(f"{name:15} {study.question}")
    columns = ["study", "version", "recipe", "profile", "seeds", "policies", "finished (UTC)", "digest"]
    table(f"finished, in {store.url}", columns, [_line(one) for one in finished])


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Name of the study.")],
    digest: Annotated[str, typer.Option(help="Start of the digest of the one to show; the newest by default.")] = "",
    as_json: Json = False,
    markdown: Markdown = False,
    plot: Plot = None,
) -> None:
    """Show the results of a finished study, without training anything."""
    from wethink_assets.errors import VersionError
    from wethink_assets.training.studies.records import list_studies

    STUDIES[name]  # an unknown one is an error that names the known ones
    _, store = _opened()
    finished = [one for one in list_studies(store, name) if one.digest.startswith(digest)]
    if not finished:
        which = f"{name} whose digest begins with {digest}" if digest else name
        raise VersionError(f"{store.url} has no finished study {which}: `wethink study {name}` makes one")
    _show(finished[-1], store, as_json, markdown, plot)


class TrainingProgress:
    """Progress of a study: lines, and on a terminal a bar for each training."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(console=self._console, transient=True, disable=not self._console.is_terminal)
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "TrainingProgress":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def report(self, line: str) -> None:
        """One line, above the bars."""
        self._console.print(line, markup=False, soft_wrap=True)

    def step(self, what: str, done: int, total: int) -> None:
        """Progress of one training; its bar disappears with its last step."""
        from rich.markup import escape

        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(escape(what))
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


def _register(store: "Store") -> None:
    from wethink_assets.defs.assets.studies import sync_studies
    from wethink_assets.defs.runs.instance import project_instance
    from wethink_assets.defs.runs.reporting import Synced

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
    from wethink_assets.commands.terminal import table
    from wethink_assets.training.studies.tables import RUN_COLUMNS, columns, count_of, facts, rows, run_rows
    from wethink_assets.training.studies.tables import markdown as as_markdown

    if plot is not None:
        from wethink_assets.storage.local_files import replace_file

        replace_file(plot, store.read(f"{record.folder}/study.png"))
    if as_json:
        typer.echo(json_text(record.model_dump(mode="json")))
        return
    if markdown:
        typer.echo(as_markdown(record))
        return
    typer.echo(f"{record.study}: {record.question}\n{facts(record)}")
    for samples in record.sets:
        table(f"{count_of(record, samples)} {samples}", columns(record, samples), rows(record, samples))
    table("trainings", RUN_COLUMNS, run_rows(record))
    typer.echo(f"files: {store.link(record.folder)}")
