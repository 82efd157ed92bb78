"""`wethink gc`: what nobody needs any more of the store, and its removal."""

import json
from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wethink_assets.dataset.garbage import Garbage


def gc(
    delete: Annotated[bool, typer.Option("--delete", help="Remove it; without this, it is only listed.")] = False,
    older_than: Annotated[
        float, typer.Option(min=1.0, help="Hours for which a file has to be untouched and unneeded.")
    ] = 24.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print counts, bytes and all paths as JSON.")] = False,
) -> None:
    """Collect garbage: leftovers of killed writes, superseded tables that no version names, and images that no table names.

    By default nothing is removed: counts and sizes are shown by kind and reason. Versions, cuts, commits, journals, records of takedowns
    and everything that they name stay. It is safe while other commands run: they renew what they find before they rely on it.
    """
    from rich.console import Console
    from rich.table import Table

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.garbage import collect, find_garbage
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    listed: list[dict[str, object]] = []

    def count(garbage: "Garbage") -> None:
        sums = counts[garbage.kind]
        for place, more in enumerate((1, garbage.files, garbage.bytes)):
            sums[place] += more
        if as_json:
            listed.append(asdict(garbage))

    age = older_than * 3_600
    if delete:
        collect(store, age, count)
    else:
        for garbage in find_garbage(store, age):
            count(garbage)
    kinds = {kind: dict(zip(("count", "files", "bytes"), sums, strict=True)) for kind, sums in counts.items()}
    if as_json:
        typer.echo(json.dumps({"deleted": delete, "kinds": kinds, "garbage": listed}, indent=1))
        return
    if not kinds:
        typer.echo("there is nothing to collect")
        return
    table = Table("kind", "count", "files", "bytes")
    for kind, sums in counts.items():
        table.add_row(kind, *(f"{value:,}" for value in sums))
    Console().print(table)
    typer.echo("removed" if delete else "nothing was removed: `wethink gc --delete` removes it")
