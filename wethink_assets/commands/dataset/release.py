"""`wethink release` gives a version a name; `wethink releases` lists the names."""

from typing import Annotated

import typer

from wethink_assets.commands.terminal import json_text

Json = Annotated[bool, typer.Option("--json", help="Print the records as JSON.")]


def release(
    version: Annotated[str, typer.Argument(help="Version such as v0003, or a release of it.")],
    name: Annotated[str, typer.Argument(help="Name to give it, such as paper-1.")],
    note: Annotated[str, typer.Option(help="Remark to keep with the name.")] = "",
    move: Annotated[
        bool, typer.Option("--move", help="Let a name that stands for another version stand for this one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Name a version. `export`, `card`, `diff`, `verify`, `lineage`, `train` and `study` take the name in place of its number.

    A name is kept with the digest of the version's content. What it stood for before it was moved stays in the store.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.releases import release_version
    from wethink_assets.storage.store import Store

    settings = load_settings()
    named = release_version(Store.open(settings.store_url, **settings.store.options), version, name, note, move=move)
    if as_json:
        typer.echo(json_text(named.model_dump(mode="json")))
    else:
        typer.echo(f"{named.name} is {named.version} (digest {named.digest[:16]})")


def releases(as_json: Json = False) -> None:
    """List the releases: each name, its version, and what it stood for before."""
    from wethink_assets.commands.terminal import moment, table
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.releases import list_releases, release_history
    from wethink_assets.plain_text import visible
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    histories = {one.name: release_history(store, one.name) for one in list_releases(store)}
    if as_json:
        records = {name: [one.model_dump(mode="json") for one in history] for name, history in histories.items()}
        typer.echo(json_text(records))
        return
    if not histories:
        typer.echo(f"no release in {store.url} yet: `wethink release VERSION NAME` makes one")
        return
    rows = []
    for name, history in histories.items():
        *before, now = history
        rows.append(
            [
                name,
                now.version,
                moment(now.released.isoformat()),
                ", ".join(one.version for one in before),
                visible(now.note),
            ]
        )
    table("releases", ["name", "version", "released (UTC)", "before", "note"], rows, shown=len(rows))
