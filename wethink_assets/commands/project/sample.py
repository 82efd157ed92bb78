"""`wethink sample`: drawn sample images in the layout of all 18 sources."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def sample(
    directory: Annotated[
        Path,
        typer.Argument(help="Folder for the images (in its folder images) and the scene graphs (in its folder truth)."),
    ],
    images: Annotated[int, typer.Option(min=0, help="Number of images over all 18 sources.")] = 216,
    seed: Annotated[int, typer.Option(help="Seed of the drawings; the same seed gives the same bytes.")] = 0,
    hard: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of images that are made hard to read.")] = 0.25,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Draw sample images in the layout of all 18 sources, and keep their scene graphs apart.

    Four visual kinds (shapes, bar charts, labelled figures, short texts) in JPEG, PNG, WebP, GIF and TIFF. Drawing more images later
    leaves the earlier ones unchanged.
    """
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table
    from rich.text import Text

    from wethink_assets.sources.sample import draw_samples

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("drawing", total=images)
        report = draw_samples(directory, images, seed, hard, lambda _source: progress.advance(task))
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
        return
    table = Table(title=Text(f"{report.images} images ({report.hard} hard) in {directory}/images"))
    table.add_column("source")
    table.add_column("images", justify="right")
    for name, count in report.by_source.items():
        table.add_row(name, str(count))
    Console().print(table)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(report.by_kind.items()))
    formats = ", ".join(f"{count} {form}" for form, count in sorted(report.by_format.items()))
    typer.echo(f"kinds: {kinds}\nformats: {formats}\nscene graphs: {directory}/truth (no stage reads them)")
