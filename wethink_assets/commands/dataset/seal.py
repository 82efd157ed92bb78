"""`wethink seal`: every file of the store gets its hash into a chain of seals, against which `wethink verify --all` holds it."""

import json
from dataclasses import asdict
from typing import Annotated

import typer


def seal(
    anew: Annotated[
        bool,
        typer.Option(
            "--anew", help="Begin a new chain that takes all files as they are, where the one there is damaged."
        ),
    ] = False,
    accepted: Annotated[
        list[str] | None,
        typer.Option(
            "--accept",
            metavar="PATH",
            help="A file, by its path in the store, that counts as it is now; may be repeated.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was sealed as JSON.")] = False,
) -> None:
    """Seal all files of the store that are not sealed yet, and say which of them are taken on trust.

    A file is vouched for by its name, by its own seal, or by the commit, manifest or policy that names its hash; one for which nothing does is taken
    as it is, and counted as taken on trust. Commands seal what they write; this seals stores of before, and what a killed command left.
    Exits with 1 where a file is not what is said of it, which is named and not sealed.
    """
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.inventory.sealing import seal_store
    from wethink_assets.plain_text import in_one_line, visible_name
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("sealing", total=None)
        result = seal_store(
            store,
            command="wethink seal",
            anew=anew,
            accepted=accepted or (),
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        typer.echo(json.dumps(asdict(result), indent=1))
    else:
        for path, detail in sorted(result.faults.items()):
            typer.echo(in_one_line(f"not sealed: {store.link(visible_name(path))} ({detail})"))
        for path in result.foreign:
            typer.echo(in_one_line(f"foreign: {store.link(visible_name(path))} (no file of a store has such a name)"))
        trust = ", ".join(f"{count} of kind {kind}" for kind, count in result.trusted.most_common())
        typer.echo(
            f"{result.files} files sealed in {store.url}: {result.vouched} by hashes that they carry or others keep, "
            f"{sum(result.trusted.values())} taken on trust{f' ({trust})' if trust else ''}"
        )
    if result.faults or result.foreign:
        raise typer.Exit(1)
