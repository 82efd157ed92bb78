"""`wethink where`: everything that an image became part of."""

from typing import Annotated, Any

import typer

from wethink_assets.commands.terminal import json_text


def where(
    image: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE_OR_SOURCE_FILE",
            help="Image id or a prefix of it, an image file, or a file of a source such as coco/0001.jpg.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show where an image is used: its files, and every row, version, training run and score that it is part of."""
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.lineage.image import whereabouts
    from wethink_assets.storage.store import Store

    settings = load_settings()
    stories = whereabouts(Store.open(settings.store_url, **settings.store.options), image)
    if as_json:
        typer.echo(json_text(stories))
        return
    for story in stories:
        _show(story)


def _show(story: dict[str, Any]) -> None:
    from wethink_assets.commands.lineage.lineage import show_uses
    from wethink_assets.commands.terminal import table
    from wethink_assets.plain_text import visible

    typer.echo(f"image {story['image_id']}")
    if story["retracted"]:
        typer.echo(f"taken down: {visible(', '.join(story['retracted']))}{', erased' if story['erased'] else ''}")
    files = [[file["source"], file["item"], file["batch"], file["licence"]] for file in story["files"]]
    table("files", ["source", "file", "batch", "licence"], files)
    in_force = [
        [row["row_id"], row["slot"].partition(":")[2], row["batch"], row["reached"]] for row in story["in_force"]
    ]
    table("in the tables in force", ["row", "question", "batch", "got as far as"], in_force)
    rows = [
        [version["version"], row["row_id"], row["kind"], row["batch"], row["split"]]
        for version in story["versions"]
        for row in version["rows"]
    ]
    table("rows of versions", ["version", "row", "kind", "batch", "split"], rows)
    left_out = [
        [version["version"], row["row_id"], row["reason"], row["survivor"]]
        for version in story["versions"]
        for row in version["left_out"]
    ]
    table("left out of versions", ["version", "row", "reason", "stays in its place"], left_out)
    show_uses(story["trained"])
    if not story["versions"]:
        typer.echo("no version holds it")
