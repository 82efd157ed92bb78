"""`wethink verify`: a check that versions are still what they were."""

import json
from dataclasses import asdict
from typing import Annotated

import typer


def verify(
    version: Annotated[
        str | None, typer.Argument(help="Version such as v0003, or a release; all versions if none is given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was checked and what is wrong as JSON.")] = False,
) -> None:
    """Verify the hashes of a version's files, of the tables it was made from, and of the images of its rows.

    Names every missing or altered file, and exits with 1 if there is one. What was erased after a takedown is listed as retracted and is
    not an error.
    """
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.dataset.versions.verification import verify_versions
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("verifying", total=None)
        result = verify_versions(
            store,
            [resolve_version(store, version)] if version else [],
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        typer.echo(json.dumps({"sound": result.sound, **asdict(result)}, indent=1))
    else:
        for fault in [*result.retracted, *result.faults]:
            typer.echo(f"{fault.fault}: {store.link(fault.path)} ({fault.detail})")
        checked = f"{result.files} files, {result.tables} tables and {result.blobs} images of {', '.join(result.versions) or 'no version'}"
        taken_down = f", {len(result.retracted)} retracted" if result.retracted else ""
        verdict = f"{len(result.faults)} wrong" if result.faults else "all as they were"
        typer.echo(f"{checked}: {verdict}{taken_down}")
    if not result.sound:
        raise typer.Exit(1)
