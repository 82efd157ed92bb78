"""`wethink plan`: missing and stale batches, their causes, and the cost of refreshing them."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import polars as pl

    from wethink_assets.config import Settings
    from wethink_assets.dataset.versions.catalog import StaleVersion
    from wethink_assets.storage.store import Store

SHOWN = 20  # batches that are listed


def plan(
    batches: Annotated[bool, typer.Option("--batches", help=f"List every batch, not just the first {SHOWN}.")] = False,
    exact: Annotated[
        bool,
        typer.Option("--exact", help="Search the whole journal of every interrupted batch, however long it takes."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one row per stage and batch as JSON.")] = False,
) -> None:
    """Show what is not registered, which batches are missing or stale, by stage and cause, and how many calls and tokens a refresh would take.

    A version that was cut by other rules than those of now is named too; it stays as it is, and `wethink cut` makes another.
    Calls whose replies are already in the journal are counted apart, since they are paid for. Calls no model and writes nothing.
    `wethink run` makes what is missing or older than its inputs; `wethink run --refresh` makes the rest.
    """
    import math

    from wethink_assets.config import load_settings
    from wethink_assets.dataset.versions.catalog import stale_versions
    from wethink_assets.models.registry import Models
    from wethink_assets.planning.plan import REHEARSE_SECONDS, stale_stages, summary
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    with Models.open(settings) as models:
        stale = stale_stages(store, settings, models, rehearse_seconds=math.inf if exact else REHEARSE_SECONDS)
    summed = summary(stale)
    versions = [price(version, stale) for version in stale_versions(store)]
    waiting = unregistered_of(store, settings)
    if as_json:
        record = {"currency": settings.pipeline.currency, "summary": summed.to_dicts(), "stages": stale.to_dicts()}
        typer.echo(json.dumps({**record, "versions": versions, "unregistered": waiting}, indent=1))
        return
    for source in waiting:
        typer.echo(in_words(source))
    if stale.is_empty() and not versions and not waiting:
        typer.echo("nothing is missing or stale")
        return
    if not stale.is_empty():
        show(summed, stale, settings.pipeline.currency, batches)
    for row in versions:
        typer.echo(
            f"{row['version']}: {row['detail']} ({calls_range(row)} calls to refresh its {row['batches']} batches first, "
            "none for `wethink cut` alone)"
        )


def unregistered_of(store: "Store", settings: "Settings") -> list[dict[str, Any]]:
    """Sources with files that no batch has or that are offered again, and those that cannot be listed, with the `fault`."""
    from wethink_assets.errors import SourceError
    from wethink_assets.sources.catalog import sources_of
    from wethink_assets.sources.registration import unregistered

    waiting = []
    for source in sources_of(settings).values():
        if not source.configured:
            continue
        try:
            found = unregistered(store, source)
        except SourceError as error:
            waiting.append({"source": source.name, "files": 0, "archives": 0, "again": 0, "fault": str(error)})
            continue
        if found.files or found.archives or found.again:
            waiting.append({**asdict(found), "fault": ""})
    return waiting


def in_words(source: dict[str, Any]) -> str:
    """A source with files that no batch has, or that are offered again.

    >>> in_words({"source": "coco", "files": 12, "archives": 0, "again": 0, "fault": ""})
    'coco: 12 files are in no batch yet: `wethink run` and `wethink register` register them'
    >>> in_words({"source": "coco", "files": 0, "archives": 0, "again": 1, "fault": ""})
    'coco: 1 file could not be read or has lost its image: `wethink run` and `wethink register` offer it again once it can be read'
    """
    if source["fault"]:
        return f"{source['source']}: what is not registered is not known: {source['fault']}"
    parts = []
    if source["files"] or source["archives"]:
        kinds = {"file": source["files"], "archive": source["archives"]}
        counts = [_counted(count, name) for name, count in kinds.items() if count]
        verb = "is" if counts in (["1 file"], ["1 archive"]) else "are"
        parts.append(
            f"{' and '.join(counts)} {verb} in no batch yet: `wethink run` and `wethink register` register them"
        )
    if source["again"]:
        one = source["again"] == 1
        has, it, they = ("has lost its image", "it", "it") if one else ("have lost their image", "them", "they")
        parts.append(
            f"{_counted(source['again'], 'file')} could not be read or {has}: "
            f"`wethink run` and `wethink register` offer {it} again once {they} can be read"
        )
    return f"{source['source']}: {'; '.join(parts)}"


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def price(version: "StaleVersion", stale: "pl.DataFrame") -> dict[str, Any]:
    """A stale version with what a refresh of the batches that it is made of would take."""
    rows = stale.filter(stale["batch"].is_in(list(version.batches)))
    sums = {name: int(rows[name].sum()) for name in ("calls", "at_least", "held")}
    money = None if rows["money"].null_count() else float(rows["money"].sum())
    batches = len(version.batches)
    return {
        "version": version.version,
        "cause": "code",
        "detail": version.detail,
        "batches": batches,
        **sums,
        "money": money,
    }


def show(summed: "pl.DataFrame", stale: "pl.DataFrame", currency: str, every: bool) -> None:
    """Print the sums by stage and cause, then the batches."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="to refresh")
    for number, name in enumerate(
        ("stage", "cause", "batches", "calls", "in the journal", "tokens", f"cost ({currency})")
    ):
        table.add_column(name, justify="left" if number < 2 else "right")
    for row in summed.iter_rows(named=True):
        tokens, cost = (
            "?" if row[name] is None else f"{row[name]:,.{d}f}" for name, d in (("tokens", 0), ("money", 2))
        )
        counts = (f"{row['batches']:,}", calls_range(row), f"{row['held']:,}", tokens, cost)
        table.add_row(row["stage"], row["cause"], *counts)
    Console(width=None if every else 110).print(table)
    names = stale["batch"].unique(maintain_order=True)
    shown = names if every else names.head(SHOWN)
    for row in stale.filter(stale["batch"].is_in(shown.implode())).iter_rows(named=True):
        calls = f"{calls_range(row)} calls" if row["calls"] or row["held"] else "no calls"
        held = f", {row['held']:,} in the journal{'' if row['exact'] else ' (estimated)'}" if row["held"] else ""
        typer.echo(f"{row['batch']} {row['stage']}: {row['detail']} ({calls}{held})")
    if len(shown) < len(names):
        typer.echo(f"... and {len(names) - len(shown)} more batches: --batches lists them")


def calls_range(row: dict[str, Any]) -> str:
    """Calls to be made: a number, or the range that it is in."""
    if row["at_least"] == row["calls"]:
        return f"{row['calls']:,}"
    return f"{row['at_least']:,} to {row['calls']:,}"
