"""`wethink export` and `wethink card`: a version as it may be shown today, without what was taken down."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from wethink_assets.extensions.builtin import EXPORTS


def show_formats(chosen: bool) -> None:
    """Print the export formats and end the command: an option that comes before all others."""
    if not chosen:
        return
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.exports.export import export_formats

    load_settings()  # its plugins may bring formats
    for name, form in export_formats().items():
        typer.echo(f"{name}: {form.title} ({', '.join(form.files)})")
    raise typer.Exit


def export(
    version: Annotated[str, typer.Argument(help="Version such as v0003, or a release.")],
    folder: Annotated[Path, typer.Argument(help="Local folder to create; it must be empty or absent.")],
    images: Annotated[bool, typer.Option("--images", help="Also copy the images.")] = False,
    form: Annotated[
        str,
        typer.Option("--format", help=f"Format of the export: {', '.join(EXPORTS)}, or one registered by a plugin."),
    ] = "huggingface",
    formats: Annotated[
        bool,
        typer.Option(
            "--formats",
            is_eager=True,
            callback=show_formats,
            help="List the formats with the files that they write, and exit.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write a version into a folder in one of several formats, without the rows that have been taken down."""
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.exports.export import export_version
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    done = export_version(store, resolve_version(store, version), folder, images, form)
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=1))
        return
    taken_down = f"; {done.retracted} rows were taken down and are not in it" if done.retracted else ""
    typer.echo(f"{done.version}: {done.rows} rows over {done.images} images in {done.folder}{taken_down}")


def card(
    version: Annotated[str, typer.Argument(help="Version such as v0003, or a release.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the card as JSON, with the number of rows and images taken down.")
    ] = False,
) -> None:
    """Print the card of a version, with what has been taken down since it was built."""
    from wethink_assets.commands.terminal import visible
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.takedown.takedown import rows_taken_down, takedowns_of
    from wethink_assets.dataset.versions.card import card_of
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    version = resolve_version(store, version)
    text = card_of(store, version)
    if as_json:
        gone = rows_taken_down(store, version, takedowns_of(store))
        taken_down = {"rows": gone.height, "images": gone["image_id"].n_unique()}
        typer.echo(
            json.dumps({"version": version, "retracted": taken_down, "card": text}, indent=1, ensure_ascii=False)
        )
        return
    typer.echo(visible(text))
