"""`wethink diff`: the differences between two versions, with their causes."""

from typing import TYPE_CHECKING, Annotated

import typer

from wethink_assets.commands.terminal import json_text

if TYPE_CHECKING:
    from wethink_assets.dataset.lineage.diff import Difference


def diff(
    before: Annotated[str, typer.Argument(help="Earlier version such as v0002, or a release.")],
    after: Annotated[str, typer.Argument(help="Later version such as v0003, or a release.")],
    rows: Annotated[int, typer.Option(min=0, help="Rows to list for each kind of change; 0 for all.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show rows added, removed, changed and replaced between two versions, with causes, and the models and prompts that differ.

    A replaced row has the same image, kind and position as before, but another question.
    """
    from wethink_assets.config import load_settings
    from wethink_assets.dataset.lineage.diff import diff_versions
    from wethink_assets.dataset.versions.releases import resolve_version
    from wethink_assets.storage.store import Store

    settings = load_settings()
    store = Store.open(settings.store_url, **settings.store.options)
    difference = diff_versions(store, resolve_version(store, before), resolve_version(store, after))
    if as_json:
        typer.echo(json_text(difference.as_json(rows)))
    else:
        _show(difference, rows)


def _show(difference: "Difference", limit: int) -> None:
    from wethink_assets.commands.terminal import table
    from wethink_assets.plain_text import visible

    changes = ", ".join(f"{count} {change}" for change, count in difference.counts.items())
    typer.echo(f"{difference.before} -> {difference.after}: {difference.same} rows are the same, {changes}")
    causes = [[change, cause, n] for change, counts in difference.causes.items() for cause, n in counts.items()]
    table("why", ["change", "cause", "rows"], causes)
    table(
        "recipe", ["setting", "before", "after"], [[name, old, new] for name, (old, new) in difference.recipe.items()]
    )
    for title, sides in (("models", difference.models), ("prompts", difference.prompts)):
        used = [
            ["-" if side == "only_before" else "+", u["stage"], u["name"], _identity(u), u["batches"]]
            for side, listed in sides.items()
            for u in listed
        ]
        table(f"{title} that differ", ["", "stage", "name", "which", "batches"], used)
    for side, sign in (("only_before", "-"), ("only_after", "+")):
        table(f"batches ({sign})", ["batch"], [[entry["batch"]] for entry in difference.batches[side]])
    again = [[b["batch"], b["stage"], b["cause"], b["detail"]] for b in difference.batches["synthesized_again"]]
    table("batches synthesized again", ["batch", "from", "cause", "detail"], again)
    moved = difference.splits[: limit or None]
    if moved:
        typer.echo(f"{len(difference.splits)} rows lie in another split")
    table(
        "splits",
        ["row", "before", "after", "reason"],
        [[r["row_id"], r["before"], r["after"], r["reason"]] for r in moved],
    )
    listed = difference.as_json(limit)["rows"]
    shown = [[r["change"], r["row_id"], r["batch"], r["cause"], visible(r["detail"]), _further(r)] for r in listed]
    table("rows", ["change", "row", "batch", "cause", "detail", "what"], shown, shown=len(shown) or 1)


def _identity(used: dict[str, object]) -> str:
    facts = {k: v for k, v in used.items() if k not in ("stage", "name", "batches") and v not in ("", None)}
    return ", ".join(f"{name} {str(value)[:24]}" for name, value in facts.items())


def _further(row: dict[str, object]) -> str:
    columns = row["columns"]
    return f"now {row['successor']}" if row["successor"] else ", ".join(columns if isinstance(columns, list) else [])
