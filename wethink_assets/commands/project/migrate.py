"""`wethink migrate`: a store that an earlier release wrote, brought to the layout of this one."""

import json
from dataclasses import asdict
from typing import Annotated

import typer


def migrate(
    apply: Annotated[bool, typer.Option("--apply", help="Take the steps; without this, they are only listed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the steps, and what was sealed, as JSON.")] = False,
) -> None:
    """Bring a store that an earlier release wrote to the layout of this one: list what there is to do, and do it with `--apply`.

    Earlier stores are read as they are; no step touches the bytes of a version, a table or a journal, and no model is asked. Steps are the number
    in `format.json`, by which earlier releases refuse to write, indexes of archives that no release looks for any more, and seals of files that have
    none (as by `wethink seal`). It may be stopped at any moment and called again. Exits with 1 where a file is not what is said of it.
    """
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.inventory import migration
    from wethink_assets.plain_text import in_one_line, visible_name
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    if apply:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            tasks = {name: progress.add_task(name, total=None, visible=False) for name in migration.STEPS}
            done = migration.migrate(
                store,
                lambda step, done, total: progress.update(tasks[step], completed=done, total=total, visible=True),
            )
    else:
        done = migration.Migration(migration.needed_steps(store))
    sealing = done.sealing
    if as_json:
        steps = [asdict(step) for step in done.steps]
        typer.echo(json.dumps({"applied": apply, "steps": steps, "sealing": sealing and asdict(sealing)}, indent=1))
    else:
        for step in done.steps:
            typer.echo(in_one_line(f"{step.name}: {step.files:,} files: {step.reason}"))
        for path, detail in sorted(sealing.faults.items()) if sealing else ():
            typer.echo(in_one_line(f"not sealed: {store.link(visible_name(path))} ({detail})"))
        for path in sealing.foreign if sealing else ():
            typer.echo(in_one_line(f"foreign: {store.link(visible_name(path))} (no file of a store has such a name)"))
        if sealing:
            trusted = sum(sealing.trusted.values())
            typer.echo(
                f"{sealing.files} files sealed: {sealing.vouched} by hashes that they carry or others keep, {trusted} taken on trust"
            )
        if not done.steps:
            typer.echo(f"{store.url} is as this release writes it: there is nothing to do")
        elif not apply:
            typer.echo("nothing was done: `wethink migrate --apply` does it")
    if sealing and (sealing.faults or sealing.foreign):
        raise typer.Exit(1)
