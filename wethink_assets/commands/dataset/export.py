"""`wethink export` and `wethink card`: a version as it may be shown today, without what was taken down."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from wethink_assets.commands.terminal import json_text
from wethink_assets.extensions.builtin import EXPORTS


def show_formats(chosen: bool) -> None:
    """Print the export formats and end the command: an option that comes before all others."""
    if not chosen:
        return
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.exports.export import export_formats

    load_settings()  # its plugins may bring formats
    for name, form in export_formats().items():
        parts = [", ".join(form.files), f"images {' or '.join(form.images)}" if form.images else ""]
        detail = "; ".join(part for part in parts if part)
        typer.echo(f"{name}: {form.title} ({detail})")
    raise typer.Exit


def export(
    version: Annotated[str, typer.Argument(help="Version such as v0003, or a release.")],
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Local folder to create; it must be empty or absent. By default `wethink-VERSION-NAME` in the folder where the command is given.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option("--for", "--format", help=f"Who reads it: {', '.join(EXPORTS)}, or a format of a plugin."),
    ] = "huggingface",
    images: Annotated[
        str,
        typer.Option(
            "--images",
            help="How the images go along: files, or embedded in the rows. By default as the format's reader wants them.",
            show_default=False,
        ),
    ] = "",
    max_side: Annotated[
        int, typer.Option(min=0, help="Longest side of an image in pixels; larger ones are scaled down. 0: as it is.")
    ] = 0,
    max_pixels: Annotated[
        int,
        typer.Option(min=0, help="Pixels of an image, width times height; larger ones are scaled down. 0: as it is."),
    ] = 0,
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
    """Write a version into a folder as its reader wants it, images included, without the rows that have been taken down.

    Train and validation are files of their own. The folder carries a card, `croissant.json`, the version's manifest and `SHA256SUMS`, which
    `sha256sum -c` checks. It is there when all of it is.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.exports.export import export_version
    from wethink_assets.dataset.exports.pictures import ImageOptions, image_mode
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.storage.store import Store

    settings = load_settings()
    options = ImageOptions(image_mode(images), max_side, max_pixels)
    target = folder or Path(f"wethink-{version}-{form}")
    store = Store.open(settings.store_url, **settings.store.options)
    done = export_version(store, resolve_version(store, version), target, form, options)
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
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.takedown.takedown import rows_taken_down, takedowns_of
    from wethink_assets.dataset.versions.card import card_of
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.plain_text import visible
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    version = resolve_version(store, version)
    text = card_of(store, version)
    if as_json:
        gone = rows_taken_down(store, version, takedowns_of(store))
        taken_down = {"rows": gone.height, "images": gone["image_id"].n_unique()}
        typer.echo(json_text({"version": version, "retracted": taken_down, "card": text}))
        return
    typer.echo(visible(text))
