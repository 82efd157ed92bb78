"""`wethink metrics`: figures of the project for Prometheus, as text, as a file for the node exporter, or served on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from wethink_assets.plain_text import visible


def metrics(
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write them to this file, whole or not at all: `*.prom` for the node exporter."
        ),
    ] = None,
    listen: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, metavar="PORT", help="Serve them at /metrics of 127.0.0.1 until interrupted."),
    ] = None,
) -> None:
    """Print figures for Prometheus: runs by status, pools, the daemon, batches by stage, versions, free space.

    They are read when they are asked for, and change nothing. `wethink_up` is 0 where instance or store could not be read; then it exits with 1.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.defs.resources import store_of
    from wethink_assets.defs.runs.metrics import metrics_text, serve_metrics, write_metrics

    if out and listen:
        raise typer.BadParameter("--out and --listen exclude each other")
    store = store_of(load_settings())
    faults: list[str] = []

    def failed(why: str) -> None:
        faults.append(why)
        typer.echo(visible(f"wethink: {why}"), err=True)

    if listen:
        _, thread = serve_metrics(store, listen, failed)
        typer.echo(f"http://127.0.0.1:{listen}/metrics", err=True)
        thread.join()
        return
    text = metrics_text(store, failed)
    if out:
        write_metrics(out, text)
    else:
        typer.echo(text, nl=False)
    if faults:
        raise typer.Exit(1)
