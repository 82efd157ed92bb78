"""`wethink cut`: the next dataset version, decided and built."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def cut(
    recipe: Annotated[Path | None, typer.Option(help="TOML or JSON file that says what to include.")] = None,
    sources: Annotated[str | None, typer.Option(help="Sources to include, separated by commas.")] = None,
    kinds: Annotated[
        str | None, typer.Option(help="Question kinds to include, separated by commas, such as MC,FIB.")
    ] = None,
    licences: Annotated[str | None, typer.Option(help="Licences to include, separated by commas.")] = None,
    max_rows: Annotated[int | None, typer.Option(min=0, help="Most rows in all; 0 for no limit.")] = None,
    max_rows_per_source: Annotated[
        int | None, typer.Option(min=0, help="Most rows of each source; 0 for no limit.")
    ] = None,
    max_rows_per_template: Annotated[
        int | None,
        typer.Option(min=0, help="Most questions that differ in numbers, names and quotations alone; 0 for no limit."),
    ] = None,
    conflicting_answers: Annotated[
        str | None,
        typer.Option(
            help="Rows that answer one question about one image differently: drop them, or keep the majority."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed that decides which rows a limit keeps.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the version's figures as JSON.")] = False,
) -> None:
    """Cut the next dataset version from all complete batches.

    The options override the recipe file, which overrides [cut] and [dedup] of wethink.toml. The same recipe over the same tables makes no
    new version. Exits with 1 where the version leaks: a row that a benchmark shows, alike images across its splits, a duplicate.
    """
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.cuts.alike_images import compare_images
    from wethink_assets.dataset.cuts.decision import NothingNew, decide_cut, require_sources
    from wethink_assets.dataset.cuts.recipe import CutRecipe
    from wethink_assets.dataset.versions.build import build_version
    from wethink_assets.dataset.versions.leaks import find_leaks
    from wethink_assets.evaluation.benchmarks.contamination import compare_with_benchmarks
    from wethink_assets.storage.store import Store

    settings = load_settings()
    options: dict[str, Any] = {
        "sources": _listed(sources),
        "kinds": _listed(kinds),
        "licences": _listed(licences),
        "max_rows": max_rows,
        "max_rows_per_source": max_rows_per_source,
        "max_rows_per_template": max_rows_per_template,
        "conflicting_answers": conflicting_answers,
        "seed": seed,
    }
    changes = {name: value for name, value in options.items() if value is not None}
    base = CutRecipe.read(recipe, settings) if recipe else CutRecipe.of(settings)
    store = Store.open(settings.store_url, **settings.store.options)
    wanted = base.changed(changes)
    require_sources(store, settings, wanted)
    unread = compare_with_benchmarks(store, settings)
    for one in unread:
        typer.echo(f"not compared with {one.key}: {one.reason}", err=True)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done)

        compare_images(store, wanted, show)
    decided = decide_cut(store, wanted, unread)
    if isinstance(decided, NothingNew):
        if as_json:
            typer.echo(json.dumps({"new": False, "version": decided.version, "batches": decided.batches}))
        else:
            typer.echo(
                f"nothing new: {decided.version} already holds all {decided.batches} complete batches of this recipe"
            )
            _show_left_out(decided.left_out)
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"building {decided.version}", total=None)
        summary = build_version(
            store, decided.version, lambda done, total: progress.update(task, completed=done, total=total)
        )
    leaks = find_leaks(store, summary.version)
    if as_json:
        typer.echo(json.dumps({"new": True, **asdict(summary), "leaks": asdict(leaks)}, indent=1, default=str))
    else:
        typer.echo(
            f"{summary.version}: {summary.considered} rows in, {summary.rows} kept, over {summary.images} images"
        )
        for reason, count in summary.excluded.items():
            typer.echo(f"  {count} left out: {reason}")
        _show_left_out(decided.left_out)
        typer.echo(f"written to {summary.location}")
    if not leaks.tight:
        typer.echo(f"it leaks: {leaks}; `wethink verify {summary.version} --leaks` names them", err=True)
        raise typer.Exit(1)


def _show_left_out(left_out: Any) -> None:
    if left_out:
        shown = "; ".join(f"{entry.batch}: {entry.reason}" for entry in left_out[:3])
        typer.echo(f"  {len(left_out)} batches are not in it ({shown}{' ...' if len(left_out) > 3 else ''})")
