"""`wethink browse`: rows with their images, looked at in a browser: served on this machine, or written as pages."""

import json
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def browse(
    version: Annotated[
        str | None,
        typer.Argument(
            help="Version such as v0003, or a release. By default the newest; where none is built, all batches that have reasoning paths.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the loopback interface. 0: one that is free.")
    ] = 0,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--static",
            metavar="FOLDER",
            help="Write the pages into this new folder instead of serving them; a browser opens its `index.html` without a server.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the address, or what was written, as JSON.")] = False,
) -> None:
    """Look at rows: images, filters, full text search, the story of each row, and duplicates side by side.

    Serves on the loopback interface until interrupted, to this machine alone. Rows that were taken down are not shown.
    """
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.browse.collection import collection_of
    from wethink_assets.dataset.browse.index import BrowseIndex
    from wethink_assets.dataset.browse.server import browse_app, listening, serve
    from wethink_assets.dataset.browse.written import write_pages
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    collection = collection_of(store, resolve_version(store, version) if version else None)
    with tempfile.TemporaryDirectory(prefix="wethink-browse-") as scratch:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("indexing rows", total=collection.rows)
            index = BrowseIndex.build(
                collection, Path(scratch), lambda done, total: progress.update(task, completed=done, total=total)
            )
            if folder is not None:
                task = progress.add_task("writing pages", total=index.height)
                written = write_pages(
                    collection, index, folder, lambda done, total: progress.update(task, completed=done, total=total)
                )
        if folder is not None:
            typer.echo(
                json.dumps(asdict(written), indent=1)
                if as_json
                else f"{collection.title}: {written.rows} rows, {written.images} images, {written.duplicates} groups of duplicates, "
                f"{written.bytes / 1e6:.1f} MB: open {written.index}"
            )
            return
        with listening(port) as opened, suppress(KeyboardInterrupt):
            address = f"http://127.0.0.1:{opened.getsockname()[1]}/"
            shown = {"version": collection.version, "rows": index.height, "url": address}
            line = (
                json.dumps(shown) if as_json else f"{collection.title}: {index.height} rows at {address} (Ctrl+C ends)"
            )
            serve(browse_app(collection, index), opened, lambda: typer.echo(line))
