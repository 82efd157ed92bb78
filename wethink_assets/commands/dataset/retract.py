"""`wethink retract`: take an image, a source or a licence down."""

import json
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer


class Kind(StrEnum):
    """What a name stands for."""

    image = "image"
    source = "source"
    licence = "licence"


def retract(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE|SOURCE|LICENCE", help="Image id, its start or file; a source; or a licence as rows name it."
        ),
    ],
    kind: Annotated[Kind | None, typer.Option(help="What the name stands for, where it may mean several.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    erase: Annotated[
        bool, typer.Option("--erase", help="Also delete images, replies and rows of stage tables. Cannot be undone.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what it would touch, and with --erase what it would delete.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done and what it touches as JSON.")] = False,
) -> None:
    """Take something down: ingestion refuses it from now on, the next version leaves it out, exports are made without it.

    Versions that exist are not edited; the rows that they have of it, and what was trained on them, are listed. With --erase, images,
    models' replies and rows of the stage tables are deleted; `wethink verify` then says "retracted".
    """
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.takedown.erasure import erase as erase_subject
    from wethink_assets.dataset.takedown.erasure import held_images
    from wethink_assets.dataset.takedown.retraction import find_subject, record, touched
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    meant = find_subject(store, subject, kind.value if kind else None)
    if dry_run:
        told: dict[str, Any] = {**asdict(meant), "dry_run": True, **touched(store, meant)}
        if erase:
            told["would_erase"] = sorted({image for held in held_images(store, meant).values() for image in held})
        typer.echo(json.dumps(told, indent=1, ensure_ascii=False)) if as_json else _tell(told, "would be")
        return
    made, new = record(store, meant, reason)
    told = {**made.model_dump(mode="json"), "new": new, **touched(store, meant), "erased": []}
    if not as_json:
        _tell(told, "is" if new else "was already")
    if erase:
        images = sum(map(len, held_images(store, meant).values()))
        question = f"Delete {images} images with all replies about them from {store.url}? This cannot be undone."
        if not yes and not typer.confirm(question, err=True):
            typer.echo("nothing was erased; the takedown stands", err=True)
            raise typer.Exit(1)
        done = erase_subject(store, meant)
        told["erased"] = [one.model_dump(mode="json") for one in done]
        if not as_json:
            replies, blobs = sum(one.replies for one in done), sum(len(one.blobs) for one in done)
            typer.echo(
                f"erased: {blobs} images, {replies} replies, rows of {sum(len(one.tables) for one in done)} tables"
            )
            typer.echo(
                "pictures in the previews of old events stay in Dagster's own database: wipe those partitions there"
            )
    if as_json:
        typer.echo(json.dumps(told, indent=1, ensure_ascii=False))


def _tell(told: dict[str, Any], verb: str) -> None:
    from wethink_assets.commands.dataset.explain import visible
    from wethink_assets.commands.dataset.lineage import table, tell_uses

    typer.echo(f"{told['kind']} {visible(told['name'])} {verb} taken down")
    rows = [[entry["version"], entry["rows"], entry["images"]] for entry in told["versions"]]
    table("versions that hold it", ["version", "rows", "images"], rows)
    if not rows:
        typer.echo("no version holds it")
    tell_uses(told["trained"], scores=False)
    if told["look_alikes"]:
        shown = ", ".join(image[:16] for image in told["look_alikes"][:5])
        typer.echo(
            f"{len(told['look_alikes'])} images were left out as near-duplicates of it and may come in instead: {shown}"
        )
    if "would_erase" in told:
        typer.echo(f"--erase would delete {len(told['would_erase'])} images with all replies about them")
