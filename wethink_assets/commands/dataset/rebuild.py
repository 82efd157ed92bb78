"""`wethink rebuild`: a version made again from the store alone, without a model call, and compared with what is there."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def rebuild(
    version: Annotated[str, typer.Argument(help="Version such as v0003, or a release.")],
    folder: Annotated[
        Path | None, typer.Option("--into", metavar="FOLDER", help="Also keep the rebuilt files in this new folder.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was made again and what differs as JSON.")
    ] = False,
) -> None:
    """Make a version again from journal and images, without a model call, and compare every table and file with what is there.

    Needs nothing but the store. Exits with 1 and names what differs, or cannot be made again. Tables whose rows were erased after a takedown are
    listed as retracted.
    """
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.rebuild import rebuild_version
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("rebuilding", total=None)
        result = rebuild_version(
            store,
            resolve_version(store, version),
            folder,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        typer.echo(json.dumps({"same": result.same, **asdict(result)}, indent=1))
    else:
        for path in result.retracted:
            typer.echo(f"retracted: {store.link(path)} (rows of images that were taken down are erased)")
        for difference in result.differences:
            typer.echo(f"differs: {store.link(difference.path)} ({difference.detail})")
        tables = ", ".join(f"{count} {how}" for how, count in result.tables.items() if count)
        same = sum(how == "bytes" for how in result.files.values())
        verdict = f"{len(result.differences)} differ" if result.differences else "all as they were"
        typer.echo(
            f"{result.version}: {sum(result.tables.values())} tables ({tables}) of {result.rows} rows, {result.images} images, "
            f"{same} of {len(result.files)} files byte for byte: {verdict}"
        )
    if not result.same:
        raise typer.Exit(1)
