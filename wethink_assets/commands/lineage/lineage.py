"""`wethink lineage`: everything that a version was made from, and everything that was made from it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from wethink_assets.commands.lineage.explain import standing
from wethink_assets.commands.terminal import json_text, moment, table
from wethink_assets.plain_text import visible

if TYPE_CHECKING:
    from wethink_assets.storage.store import Store

CHANGES = ("changed", "removed", "added", "set_aside")


def lineage(
    version: Annotated[str, typer.Argument(help="Version such as v0003, or a release.")],
    prompts: Annotated[bool, typer.Option("--prompts", help="Also print the texts of the prompts.")] = False,
    form: Annotated[
        Literal["prov", "openlineage"] | None,
        typer.Option(
            "--format",
            help="Write it as others read it: prov, W3C PROV (JSON) of every row; openlineage, the events of the runs that made its tables.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="Local folder to create for --format; it must be empty or absent. By default `lineage-VERSION-FORMAT`.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything, table by table, as JSON.")] = False,
) -> None:
    """Show what a version was made from: batches, tables, runs, models, prompts, code, source listings and licences.

    Also shows what was made from it: training runs and scores. Everything is read from the version's manifest, so it stays right
    whatever is synthesized again later. With `--format` it is written into a folder, which is there when all of it is.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.lineage.version import lineage_of
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.errors import ConfigError
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    version = resolve_version(store, version)
    if form is not None:
        _write(store, version, form, output or Path(f"lineage-{version}-{form}"), as_json)
        return
    if output is not None:
        raise ConfigError("--output names the folder of --format: say which, prov or openlineage")
    story = lineage_of(store, version)
    if as_json:
        typer.echo(json_text(story))
        return
    _show(story)
    if prompts:
        for sha256, text in {one["sha256"]: one["text"] for one in story["prompts"]}.items():
            typer.echo(f"\n--- prompt {sha256}\n{visible(text) if text else 'its text was not kept'}")


def _write(store: "Store", version: str, form: str, folder: Path, as_json: bool) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from wethink_assets.dataset.lineage.openlineage.history import export_events
    from wethink_assets.dataset.lineage.prov.export import export_prov

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"lineage of {version}", total=None)
        write = export_prov if form == "prov" else export_events
        done = write(store, version, folder, lambda done, total: progress.update(task, completed=done, total=total))
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=1))
        return
    counts = {name: value for name, value in asdict(done).items() if name not in ("version", "folder") and value}
    counted = ", ".join(
        f"{value} {'taken-down rows left out' if name == 'retracted' else name}" for name, value in counts.items()
    )
    typer.echo(f"{done.version}: {counted} in {done.folder}")


def _show(story: dict[str, Any]) -> None:
    code = ", ".join(f"{name} {version}" for name, version in story["code"]["built_by"].items())
    typer.echo(
        f"{story['version']}: {story['rows']} rows over {story['images']} images, decided {moment(story['created'])} UTC, built by {code}"
    )
    recipe = ", ".join(f"{name} = {value}" for name, value in story["recipe"].items() if value not in ([], 0))
    typer.echo(f"recipe: {recipe or 'everything'}; cut {story['cut_digest'][:16]}")
    calls = story["calls"]
    if calls.get("calls") is not None:
        tokens = calls.get("prompt_tokens", 0) + calls.get("completion_tokens", 0)
        typer.echo(
            f"model calls: {calls['calls']:.0f} made, {calls.get('cached_calls', 0):.0f} from the journal, {tokens:.0f} tokens"
        )
    licences = [
        [source["source"], name, count["rows"], count["images"]]
        for source in story["sources"]
        for name, count in (source["licences"] or {"no row": {"rows": 0, "images": 0}}).items()
    ]
    table("sources and licences", ["source", "licence", "rows", "images"], licences)
    listings = [
        [source["source"], source["batches"], one["digest"][:16], one["files"], one["refused"], one["batches"]]
        for source in story["sources"]
        for one in source["listings"]
    ]
    table("source listings", ["source", "batches", "listing", "files", "refused", "its batches"], listings)
    models = [
        [m["stage"], m["role"], m.get("model_id") or m.get("model"), str(m.get("revision") or "")[:16], m["batches"]]
        for m in story["models"]
    ]
    table("models", ["stage", "role", "model", "revision", "batches"], models)
    prompts = [[p["stage"], p["prompt"], p["sha256"][:16], p["batches"], _size(p["text"])] for p in story["prompts"]]
    table("prompts", ["stage", "prompt", "sha256", "batches", "text"], prompts)
    code_versions = [[stage, code, n] for stage, codes in story["code"]["stages"].items() for code, n in codes.items()]
    table("code", ["stage", "code version", "batches"], code_versions)
    runs = [[r["run_id"], len(r["batches"]), r["tables"], moment(r["finished"])] for r in story["runs"]]
    table("runs", ["run", "batches", "tables", "finished (UTC)"], runs)
    batches = [[b["batch"], *(t["data_version"][:8] for t in b["tables"].values())] for b in story["batches"]]
    stages = list(story["batches"][0]["tables"]) if story["batches"] else []
    table("batches, by data version", ["batch", *stages], batches)
    edits = [
        [
            e["stage"],
            e["batch"],
            moment(e["edited"]),
            ", ".join(e["editors"]),
            *(e["rows"].get(n, 0) for n in CHANGES),
            e["note"],
        ]
        for e in story["edits"]
    ]
    table("edits by hand", ["stage", "batch", "last (UTC)", "by", *CHANGES, "note"], edits)
    for entry in story["left_out"]:
        typer.echo(f"left out: {entry['batch']}: {entry['reason']}")
    show_uses(story["trained"])
    retracted = story["retracted"]
    if retracted["rows"]:
        typer.echo(
            f"retracted since: {retracted['rows']} rows over {retracted['images']} images, {retracted['erased']} of them erased"
        )
    for path in story["missing"]:
        typer.echo(f"missing: {path}")


def _size(text: str | None) -> str:
    return f"{len(text)} characters" if text is not None else "not kept"


def show_uses(uses: Sequence[dict[str, Any]], scores: bool = True) -> None:
    """Print training runs, and with `scores` the scores of their policies on each benchmark."""
    from wethink_assets.dataset.lineage.downstream import standings

    rows = [
        [use["version"], use["key"], str(use["digest"])[:16], use["created"] and moment(str(use["created"]))]
        for use in uses
    ]
    table("trained on it", ["version", "training run", "policy", "created (UTC)"], rows)
    standings_shown = [
        [use["key"], one["benchmark"], standing(one)] for use in uses for one in standings(use["scores"])
    ]
    if scores:
        table(
            "scores, of 100",
            ["training run", "benchmark", "greedy with its interval, mean of sampled"],
            standings_shown,
        )
