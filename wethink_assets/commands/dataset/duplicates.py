"""`wethink duplicates`: what the images of near-duplicate rows are to each other."""

import json
from dataclasses import asdict
from typing import Annotated

import typer


def duplicates(
    version: Annotated[str, typer.Argument(help="Version such as v0003, or a release.")],
    pairs: Annotated[int, typer.Option(min=0, help="Largest number of image pairs to compare; 0 compares all.")] = 500,
    as_json: Annotated[bool, typer.Option("--json", help="Print every pair as JSON.")] = False,
) -> None:
    """Compare the images of near-duplicate rows that a version excluded with the images of the rows it kept: copy, altered or other.

    A copy shows the same image throughout, even if it was re-encoded, resized, cropped by up to a tenth, padded, mirrored, turned, or changed in
    brightness. An altered image differs in a detail, such as a digit. Any other image was matched by mistake. The command changes nothing; lower
    limits in [dedup] (phash_distance, pixel_difference) keep such rows in the next version.
    """
    from wethink_assets.commands.terminal import table
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.joined_pictures import joined_pictures
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.plain_text import visible
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    judged = joined_pictures(store, resolve_version(store, version), pairs)
    if as_json:
        typer.echo(json.dumps({**asdict(judged), "counts": judged.counts}, indent=1))
        return
    counts = ", ".join(f"{count} {verdict}" for verdict, count in judged.counts.items())
    typer.echo(
        f"{judged.version}: {judged.in_all} image pairs were matched as near duplicates; {len(judged.pairs)} compared: {counts}"
    )
    for pair, fault in judged.unread.items():
        typer.echo(visible(f"not compared: {pair}: {fault}"), err=True)
    shown = sorted(judged.pairs, key=lambda pair: (-("copy", "altered", "other").index(pair.verdict), pair.left_out))
    rows = [[p.verdict, p.left_out[:16], p.kept[:16], p.rows, p.example, p.distance, p.largest] for p in shown]
    columns = ["verdict", "excluded image", "kept image", "rows", "one row", "distance", "largest difference"]
    table("pairs", columns, rows)
