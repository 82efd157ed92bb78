"""`wethink retract`: takedown of an image, a source or a licence, and erasure on request."""

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer

from wethink_assets.commands.terminal import json_text


class Kind(StrEnum):
    """What a name stands for."""

    image = "image"
    source = "source"
    licence = "licence"


def retract(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE|SOURCE|LICENCE",
            help="Image id, a prefix of it or an image file; a source; or a licence as rows name it.",
        ),
    ],
    kind: Annotated[Kind | None, typer.Option(help="Type of what is named, if the name could mean several.")] = None,
    reason: Annotated[str, typer.Option(help="Reason for the takedown, kept in its record.")] = "",
    erase: Annotated[
        bool,
        typer.Option("--erase", help="Also delete images, replies and rows of stage tables. This cannot be undone."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only show what would be affected, and with --erase what would be deleted."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking for confirmation.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done and what it affects as JSON.")] = False,
) -> None:
    """Take down an image, a source or a licence: ingestion refuses it from now on, and new versions and exports leave it out.

    Existing versions are not edited; their rows of it, and what was trained on them, are listed. With --erase, the images, the models'
    replies about them and their rows of the stage tables are deleted; `wethink verify` then lists them as retracted.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.takedown.erasure import erase as erase_subject
    from wethink_assets.dataset.takedown.erasure import held_images
    from wethink_assets.dataset.takedown.takedown import find_subject, take_down, takedown_impact
    from wethink_assets.storage.store import Store
    from wethink_assets.synthesis.batch_jobs.records import jobs_about

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    target = find_subject(store, subject, kind.value if kind else None)
    held = sorted({image for images in held_images(store, target).values() for image in images})
    jobs = {"batch_jobs": [job.name for job in jobs_about(store, held)]}
    if dry_run:
        report: dict[str, Any] = {**asdict(target), "dry_run": True, **takedown_impact(store, target), **jobs}
        if erase:
            report["would_erase"] = held
        typer.echo(json_text(report)) if as_json else _show(report, "would be")
        return
    made, new = take_down(store, target, reason)
    report = {**made.model_dump(mode="json"), "new": new, **takedown_impact(store, target), **jobs, "erased": []}
    if not as_json:
        _show(report, "is" if new else "was already")
    if erase:
        question = f"Delete {len(held)} images with all replies about them from {store.url}? This cannot be undone."
        if not yes and not typer.confirm(question, err=True):
            typer.echo("nothing was erased; the takedown stands", err=True)
            raise typer.Exit(1)
        done = erase_subject(store, target)
        report["erased"] = [one.model_dump(mode="json") for one in done]
        if not as_json:
            replies, blobs = sum(one.replies for one in done), sum(len(one.blobs) for one in done)
            typer.echo(
                f"erased: {blobs} images, {replies} replies, rows of {sum(len(one.tables) for one in done)} tables"
            )
            typer.echo(
                "images in the previews of old events stay in Dagster's own database: wipe those partitions there"
            )
    if as_json:
        typer.echo(json_text(report))


def _show(report: dict[str, Any], verb: str) -> None:
    from wethink_assets.commands.lineage.lineage import show_uses
    from wethink_assets.commands.terminal import table
    from wethink_assets.plain_text import visible

    typer.echo(f"{report['kind']} {visible(report['name'])} {verb} taken down")
    rows = [[entry["version"], entry["rows"], entry["images"]] for entry in report["versions"]]
    table("versions that hold it", ["version", "rows", "images"], rows)
    if not rows:
        typer.echo("no version holds it")
    show_uses(report["trained"], scores=False)
    if report["look_alikes"]:
        shown = ", ".join(image[:16] for image in report["look_alikes"][:5])
        typer.echo(
            f"{len(report['look_alikes'])} images were left out as near-duplicates of it and may come in instead: {shown}"
        )
    if report["batch_jobs"]:
        typer.echo(
            f"{len(report['batch_jobs'])} open batch jobs have calls about it, and their services its images until they have ended: "
            f"`wethink jobs {' '.join(report['batch_jobs'][:3])} --cancel` ends them"
        )
    if "would_erase" in report:
        typer.echo(f"--erase would delete {len(report['would_erase'])} images with all replies about them")
