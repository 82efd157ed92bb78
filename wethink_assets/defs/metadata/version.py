"""Lineage of a version as Markdown for its page: tables with links to runs, batches and sources."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import dagster as dg

from wethink_assets.dataset.lineage.downstream import percents
from wethink_assets.dataset.lineage.version import lineage_of
from wethink_assets.defs.metadata.previews import ELLIPSIS, escaped
from wethink_assets.sources.catalog import asset_key_part
from wethink_assets.storage.store import Store

SHOWN = 8  # rows of each table
SHOWN_SOURCES = 24  # with all of the catalog
CELL = 60
ALL = "`wethink lineage` has all"


def lineage_metadata(store: Store, version: str) -> dict[str, Any]:
    """What a version follows from and what follows from it, as metadata of its materialization."""
    story = lineage_of(store, version)
    gone = story["retracted"]
    return {
        **({"taken down since": gone["rows"]} if gone["rows"] else {}),
        **({"trained on it": ", ".join(use["key"] for use in story["trained"])} if story["trained"] else {}),
        "lineage": dg.MetadataValue.md(lineage_markdown(story)),
    }


def lineage_markdown(story: dict[str, Any]) -> str:
    """Tables of sources, models, prompts, runs and batches; text of others cannot write Markdown in it."""
    parts = [
        markdown_table(
            "Sources",
            ("source", "licence", "rows", "images", "listing"),
            [
                (
                    link(source["source"], f"/assets/source/{asset_key_part(source['source'])}"),
                    escaped(", ".join(source["licences"]) or "no row", CELL),
                    source["rows"],
                    source["images"],
                    ", ".join(listing["digest"][:8] for listing in source["listings"]),
                )
                for source in story["sources"]
            ],
            shown=SHOWN_SOURCES,
        ),
        markdown_table(
            "Models",
            ("stage", "role", "model", "revision", "batches"),
            [
                (
                    m["stage"],
                    link(m["role"], f"/assets/model/{m['role']}"),
                    escaped(str(m.get("model_id") or m.get("model") or ""), CELL),
                    escaped(str(m.get("revision") or "")[:12], CELL),
                    m["batches"],
                )
                for m in story["models"]
            ],
        ),
        markdown_table(
            "Prompts",
            ("stage", "prompt", "sha256", "batches"),
            [(p["stage"], escaped(p["prompt"], CELL), p["sha256"][:12], p["batches"]) for p in story["prompts"]],
        ),
        markdown_table(
            "Runs",
            ("run", "batches", "tables", "finished (UTC)"),
            [
                (
                    link(r["run_id"][:8], f"/runs/{r['run_id']}"),
                    _some(r["batches"]),
                    r["tables"],
                    r["finished"][:16].replace("T", " "),
                )
                for r in reversed(story["runs"])
            ],
        ),
        markdown_table(
            "Batches",
            ("batch", "rows with a path", "data version of reasoning paths"),
            [
                (
                    link(b["batch"], partition_page("reasoning_paths", b["batch"])),
                    b["tables"]["reasoning_paths"]["results"],
                    b["tables"]["reasoning_paths"]["data_version"][:12],
                )
                for b in story["batches"]
                if "reasoning_paths" in b["tables"]
            ],
            "[all](/assets/reasoning_paths?view=partitions)",
        ),
    ]
    parts.append(uses_markdown(story["trained"]))
    code = ", ".join(f"{name} {version}" for name, version in story["code"]["built_by"].items())
    origin = f"Built by {escaped(code)}; cut {story['cut_digest'][:12]}. `wethink lineage {story['version']}` tells all of it."
    return "\n\n".join([*filter(None, parts), origin])


def uses_markdown(uses: Sequence[Mapping[str, Any]]) -> str:
    """Table of the training runs on a version with what their policies scored; empty where there is none. `uses`: those of `uses_of`."""
    return markdown_table(
        "Trained on it",
        ("training run", "policy", "created (UTC)", "scores"),
        [
            (
                link(use["key"], partition_page("policy", use["key"])),
                str(use["digest"])[:12],
                str(use["created"] or "")[:16].replace("T", " "),
                _scores(percents(use["scores"])),
            )
            for use in uses
        ],
        "[all](/assets/policy?view=partitions)",
    )


def _scores(scores: Mapping[str, float]) -> str:
    return (
        f"{len(scores)} benchmarks, {sum(scores.values()) / len(scores):.1f} of 100 on average"
        if scores
        else "none yet"
    )


def link(text: str, target: str) -> str:
    """A link in Markdown; nothing in its text is taken for Markdown."""
    return f"[{escaped(text, CELL)}]({target})"


def partition_page(asset: str, key: str) -> str:
    """Address of the page of a partition, within the UI."""
    # Without its view the page shows the newest partition, whichever is asked for.
    return f"/assets/{asset}?view=partitions&partition={quote(key, safe='')}"


def _some(names: Sequence[str]) -> str:
    return escaped(", ".join(names[:2]), CELL) + (f" {ELLIPSIS} ({len(names)})" if len(names) > 2 else "")


def markdown_table(
    title: str, columns: Sequence[str], rows: Sequence[Iterable[Any]], others: str = ALL, shown: int = SHOWN
) -> str:
    """A table with its title; empty without rows. others: what shows all of them, where there are more than `shown`."""
    if not rows:
        return ""
    more = f" ({shown} of {len(rows)}; {others})" if len(rows) > shown else ""
    lines = [f"**{title}**{more}", "", f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows[:shown])])
