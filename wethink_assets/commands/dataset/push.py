"""`wethink push`: an export or a version where others read it."""

import json
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def push(
    source: Annotated[
        str, typer.Argument(help="Folder of an export, or a version or release, which is exported first.")
    ],
    to: Annotated[
        str, typer.Option("--to", help="Where to: s3://bucket/prefix, or hf://datasets/owner/name[@branch].")
    ],
    form: Annotated[
        str, typer.Option("--for", "--format", help="Who reads it, where a version is named: an export format.")
    ] = "huggingface",
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace what the target holds, and remove files that the export lacks.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, and send nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was sent, kept and removed as JSON.")] = False,
) -> None:
    """Push an export to S3 or the Hugging Face hub: what is there already is not sent again, and the last write makes it complete.

    On S3 that is SHA256SUMS, on the hub the one commit.

    Credentials come from the environment alone. The same command resumes a push that was stopped.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.exports.export import export_version
    from wethink_assets.dataset.publishing.push import push as push_export
    from wethink_assets.dataset.publishing.push import target_of
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.storage.store import Store

    target = target_of(to)
    with ExitStack() as stack:
        folder = Path(source)
        if not folder.is_dir():
            settings = load_settings()
            store = Store.open(settings.store_url, **settings.store.options)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "export"
            export_version(store, resolve_version(store, source), folder, form)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        progress = stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
        task = progress.add_task("pushing", total=None)
        done = push_export(
            folder,
            target,
            replace=replace,
            dry_run=dry_run,
            progress=lambda sent, total: progress.update(task, completed=sent, total=total),
        )
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=1))
        return
    verb = "would be sent" if dry_run else "sent"
    removed = f", {done.removed} {'would be ' if dry_run else ''}removed" if done.removed else ""
    typer.echo(
        f"{done.target}: {done.sent} of {done.files} files ({done.sent_bytes:,} bytes) {verb}, {done.kept} there already{removed}"
    )
