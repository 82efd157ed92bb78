"""Card of a version, in the form that the Hugging Face hub shows, with the calibration of its judge and what was taken down since."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from wethink_assets.dataset.cuts.cut import funnel_adds_up, images_are_named
from wethink_assets.dataset.takedown.takedown import rows_taken_down, takedowns_of
from wethink_assets.dataset.versions.benchmark_section import benchmark_section, benchmarks_text
from wethink_assets.dataset.versions.caps import caps_section
from wethink_assets.dataset.versions.files import read_file
from wethink_assets.dataset.versions.manifest import Manifest, Used, read_manifest
from wethink_assets.dataset.versions.markdown import table
from wethink_assets.dataset.versions.split_section import split_section
from wethink_assets.dataset.versions.statistics import FUNNEL, shown_funnel
from wethink_assets.rewards.calibration.catalog import BY_TYPE, Calibration, newest_calibration
from wethink_assets.sources.known_sources import KNOWN_SOURCES
from wethink_assets.storage.store import Store
from wethink_assets.synthesis.imported_pairs import UNCHECKED

__all__ = ["card_of", "write_card"]

TITLE = "## Calibration of the rewards"


def card_of(store: Store, version: str) -> str:
    """The card of a version with the newest calibration of its judge and, below its title, how many of its rows were taken down since."""
    manifest = read_manifest(store, version)
    version = manifest.version
    card = read_file(store, manifest, "README.md").decode("utf-8")
    before, limits, after = card.partition("\n## Limits\n")
    card = f"{before}\n{calibration_section(store, manifest)}{limits}{after}"
    gone = rows_taken_down(store, version, takedowns_of(store))
    if gone.is_empty():
        return card
    notice = (
        f"> **{gone.height} rows over {gone['image_id'].n_unique()} images of this version were taken down after it was built.** They are "
        "left out of listings and exports, and of later versions; the figures below are those of the version as it was built.\n"
    )
    front, title, rest = card.partition("\n# ")
    heading, _, body = rest.partition("\n")
    return f"{front}{title}{heading}\n\n{notice}{body}" if title else f"{notice}\n{card}"


def calibration_section(store: Store, manifest: Manifest) -> str:
    """The newest calibration of each judge's model that made the version, as Markdown; says so where there is none."""
    judges = {
        (
            str(used.identity.get("model_id") or used.identity.get("model") or ""),
            str(used.identity.get("revision") or ""),
        )
        for used in manifest.models
        if used.name == "judge"
    }
    parts = [TITLE, ""]
    for model, revision in sorted(judges):
        calibration = newest_calibration(store, model, revision)
        parts += (
            _calibration_table(calibration)
            if calibration
            else [f"Judge {model} was not calibrated; `wethink calibrate` does it.", ""]
        )
    return "\n".join(parts)


def _calibration_table(calibration: Calibration) -> list[str]:
    outside = len(calibration.out_of_bounds)
    return [
        f"Judge {calibration.judge['model']}, {calibration.created:%Y-%m-%d %H:%M} UTC, record `{calibration.digest[:16]}`; "
        f"second judge: {calibration.second['name']}. "
        + ("All within bounds." if not outside else f"**{outside} lines are out of bounds.**"),
        "",
        "| check | group | cases | rate | 95% interval | demanded | within |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {line.check} | {line.group} | {line.cases} | {line.rate:.1%} | {line.low:.1%} to {line.high:.1%} | {line.bound} | "
            f"{'yes' if line.within else '**no**'} |"
            for line in calibration.other_findings
        ),
        "",
        *_rules_table(calibration),
    ]


def _rules_table(calibration: Calibration) -> list[str]:
    """Errors of the rules by type of answer, where the calibration has them."""
    if not calibration.errors_by_type:
        return []
    rows = [
        f"| {name} | {' | '.join(rates)} | {'yes' if within else '**no**'} |"
        for name, rates, within in calibration.errors_by_type
    ]
    return [f"| type of answer | {' | '.join(BY_TYPE)} | within |", "|---|---|---|---|---|---|", *rows, ""]


SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
COUNTED = ("kind", "answer_type", "ability", "source", "licence", "split")
INTRODUCTION = """\
Question-answer pairs about images, each with a reasoning path, grown by the WeThink pipeline (Yang et al. 2025, arXiv 2506.07905):
a vision-language model and a text reasoner describe an image over several turns, questions are written from the description and filtered,
and a row stays only where the answer from the image and the answer from the description agree or a third model decided between them."""
LIMITS = """\
- Answers were verified by models, not by people: agreement makes an error unlikely, not impossible.
- Reasoning paths are written from image and final answer; they explain the answer and are no record of how a model found it.
- Near-duplicates are found by {methods}; a heavily cropped copy of an image counts as another image.
- Images keep the licences of their sources, listed above; this card grants no rights to them."""


def write_card(path: Path, manifest: Manifest, statistics: dict[str, Any]) -> None:
    """Write `README.md`: front matter, what is in the version, how it was made, its limits. It holds no text of a model but
    templates of questions, where a cap goes by them."""
    logic = manifest.code.get("dataset", "2")
    parts = [
        f"---\n{yaml.safe_dump(_front_matter(manifest), sort_keys=False, allow_unicode=True)}---\n",
        f"# WeThink {manifest.version}\n",
        INTRODUCTION + "\n",
        f"{manifest.rows} rows over {manifest.images} images, out of {manifest.considered} rows with a reasoning path. "
        f"Decided {manifest.created:%Y-%m-%d %H:%M} UTC.\n",
        "## Files\n",
        _files(manifest),
        "## What it holds\n",
        *(
            counts_table(
                f"By {name.replace('_', ' ')}", name.replace("_", " "), statistics["counts"][name], manifest.rows
            )
            for name in COUNTED
            if name in statistics["counts"]
        ),
        "## From images to rows\n",
        _funnel(statistics["funnel"], logic),
        counts_table("Rows left out of this version", "reason", manifest.excluded, manifest.considered),
        *caps_section(statistics.get("over_caps")),
        "### Rejections by stage\n",
        table(
            ["stage", "reason", "items"],
            [[a, r, n] for a, counts in statistics["rejections"].items() for r, n in counts.items()],
        ),
        "### Agreement of the two answers\n",
        _agreement(statistics["agreement"], logic),
        "### Model calls\n",
        _cost_report(statistics["bill"]),
        "## Lineage\n",
        lineage_tables(manifest),
        "## Sources\n",
        sources_table(statistics["counts"]["source"]),
        *split_section(statistics.get("splits")),
        *benchmark_section(
            statistics.get("benchmarks"), manifest.recipe.altered_benchmark_images, manifest.recipe.benchmark_rows
        ),
        "## Limits\n",
        f"{limits_text(manifest)}\n{unchecked_text(_unchecked(statistics))}{benchmarks_text(manifest)}\n",
    ]
    path.write_text("\n".join(parts), encoding="utf-8")


def unchecked_text(rows: int) -> str:
    """What a card says of answers that came with imported rows and that no model has checked; nothing where there are none."""
    return (
        f"- {rows} questions came with an answer that no model has checked (their `agreement` is `{UNCHECKED}`).\n"
        if rows
        else ""
    )


def _unchecked(statistics: dict[str, Any]) -> int:
    return sum(groups.get(UNCHECKED, 0) for groups in statistics.get("agreement", {}).get("source", {}).values())


def limits_text(manifest: Manifest) -> str:
    """What a user of any version must know."""
    comparison = manifest.recipe.comparison
    return LIMITS.format(methods=f"{comparison.images.title} and {comparison.texts.title}")


def described_by(version: str, rows: int, licences: str) -> dict[str, Any]:
    """Front matter of the card of a version or its export; `licences` links to the section that names them."""
    return {
        "pretty_name": f"WeThink {version}",
        "license": "other",
        "license_name": "by-source",
        "license_link": licences,
        "task_categories": ["visual-question-answering", "image-text-to-text"],
        "tags": ["reasoning", "chain-of-thought", "multimodal", "reinforcement-learning", "synthetic"],
        "size_categories": [next((label for limit, label in SIZES if rows < limit), "n>10M")],
    }


def _front_matter(manifest: Manifest) -> dict[str, Any]:
    return {
        **described_by(manifest.version, manifest.rows, "#what-it-holds"),
        "configs": [
            {"config_name": name, "default": name == "default", "data_files": [{"split": "full", "path": path}]}
            for name, path in _tables(manifest)
        ],
        "version": manifest.version,
        "source_datasets": sorted(manifest.counts["source"]),
    }


def _tables(manifest: Manifest) -> list[tuple[str, str]]:
    """Configurations of the hub: parquet only, since it reads one repository with one loader, and none without rows."""
    excluded = [("excluded", "excluded.parquet")] if manifest.excluded else []
    return [("default", "rows.parquet"), *excluded]


def _files(manifest: Manifest) -> str:
    named = images_are_named(manifest.code.get("dataset", "2"))
    contents = {
        "rows.parquet": "one row a question, with identity, split (train or validation, by image) and journal keys; sorted by row_id"
        + ("; images are below the store's root, which has to be two folders up" if named else ""),
        "wethink.jsonl": "the same rows in the paper's format; image_path is below the store's root"
        + (", and `images` names it from this folder" if named else ""),
        "excluded.parquet": "rows that were left out, why, and which row stays in their place",
        "statistics.json": "the figures of this card",
    }
    rows = [
        [f"`{name}`", contents[name], file.bytes, file.content[:16]]
        for name, file in manifest.files.items()
        if name in contents
    ]
    return table(["file", "holds", "bytes", "content (sha256)"], rows)


def counts_table(title: str, name: str, counts: dict[str, int], total: int) -> str:
    """Counts and shares under a heading."""
    return f"### {title}\n\n" + table(
        [name, "rows", "share"], [[key, n, f"{n / max(total, 1):.1%}"] for key, n in counts.items()]
    )


def _funnel(funnel: list[dict[str, Any]], logic: str) -> str:
    if funnel and funnel_adds_up(logic):
        reviews = [name for name in funnel[0] if name not in (*FUNNEL, UNCHECKED, "source")]
        rows = shown_funnel(funnel, ("files", "described", *reviews))
        return table(list(rows[0]), [list(row.values()) for row in rows])
    steps = [step for step in funnel[0] if step != "source"] if funnel else list(FUNNEL)
    counts = [list(row.values()) for row in funnel]
    counts.append(["all", *(sum(row[step] for row in funnel) for step in steps)])
    return table(["source", *(step.replace("_", " ") for step in steps)], counts)


def _agreement(groups: dict[str, dict[str, dict[str, Any]]], logic: str) -> str:
    rates = {f"{name}: {key}": found for name, keys in groups.items() for key, found in keys.items()}
    columns = ["asked", "agreed", "adjudicated", "disagreed", "agreement_rate", "yield"]
    if not funnel_adds_up(logic):
        names = ["rejected" if name == "disagreed" else name.replace("_", " ") for name in columns]
        return table(["questions", *names], [[name, *found.values()] for name, found in rates.items()])
    if any(UNCHECKED in found for found in rates.values()):
        columns.insert(4, UNCHECKED)
    rows = [[name, *(found.get(column, 0) for column in columns)] for name, found in rates.items()]
    return table(["questions", *(column.replace("_", " ") for column in columns)], rows)


def _cost_report(report: dict[str, Any]) -> str:
    """Calls, tokens and money behind the version, by stage and model, in all and by kept row."""
    amounts = [name for name, value in report.items() if not isinstance(value, (list, dict))]
    parts = [(f"stage: {part['stage']}", part) for part in report["stages"]]
    parts += [(f"model: {part['model']}", part) for part in report["models"]]
    parts += [("in all", report), ("by kept row", report["per_kept_row"])]
    rows = [[name, *(part.get(amount, 0) for amount in amounts)] for name, part in parts]
    return table(["of", *(amount.replace("_", " ") for amount in amounts)], rows)


def lineage_tables(manifest: Manifest) -> str:
    """What a version was made from, with which models and prompts."""
    recipe = {name: value for name, value in manifest.recipe.model_dump(mode="json").items() if value not in ([], 0)}
    facts: list[list[Any]] = [
        ["cut", f"`{manifest.cut_digest}`"],
        ["recipe", ", ".join(f"{name} = {value}" for name, value in recipe.items()) or "everything"],
        ["batches", len({entry.batch for entry in manifest.inputs})],
        ["tables", f"{len(manifest.inputs)}, each by digest and data version in `manifest.json`"],
        ["code", ", ".join(f"{name} {version}" for name, version in manifest.code.items())],
    ]
    models = [[u.asset, u.name, _model(u), u.batches] for u in manifest.models]
    prompts = [[u.asset, u.name, f"`{str(u.identity['sha256'])[:16]}`", u.batches] for u in manifest.prompts]
    return "\n".join(
        [
            table(["made from", "which"], facts),
            "### Models\n",
            table(["stage", "role", "model", "batches"], models),
            "### Prompts\n",
            table(["stage", "prompt", "sha256", "batches"], prompts),
        ]
    )


def _model(used: Used) -> str:
    known = used.identity
    name = known.get("model_id") or known.get("model") or "unnamed"
    revision = str(known.get("revision") or "")
    return f"{name} @ {revision[:16]}" if revision else str(name)


def sources_table(sources: Iterable[str]) -> str:
    """Sources with title, home and citation, as far as they are known."""
    known = {source.name: source for source in KNOWN_SOURCES}
    rows = []
    for name in sorted(sources):
        source = known.get(name)
        rows.append(
            [name, source.title if source else "", source.homepage if source else "", source.citation if source else ""]
        )
    return table(["source", "title", "home", "citation"], rows)
