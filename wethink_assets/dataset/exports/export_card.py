"""The card of an export, `README.md`: figures, files and front matter of what was exported, not of what was built.

Its file table has the bytes and sha256 of every file that is no image; images that are files are one line, with the sha256 of their lines in
`SHA256SUMS`. It holds no text of a model.
"""

import hashlib
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from wethink_assets.dataset.exports.checksums import SUMS, FileSum, sums_text
from wethink_assets.dataset.exports.contents import Contents
from wethink_assets.dataset.exports.features import Feature, as_yaml
from wethink_assets.dataset.exports.files import Layout
from wethink_assets.dataset.versions.benchmark_section import benchmarks_text
from wethink_assets.dataset.versions.card import (
    INTRODUCTION,
    calibration_section,
    counts_table,
    described_by,
    limits_text,
    lineage_tables,
    sources_table,
    table,
    unchecked_text,
)
from wethink_assets.storage.store import Store

__all__ = ["CARD", "counts_text", "images_text", "licences_text", "rows_text", "write_export_card"]

CARD = "README.md"
HELD = {
    "manifest.json": "the version's manifest: recipe, inputs, code, models, prompts, as it was built",
    "croissant.json": "files and columns for tools that read Croissant",
    "excluded.parquet": "rows that the version left out, why, and which row stays in their place",
    "wethink_reward.py": "the reward function",
    "wethink_rewards.zip": "code that the reward function needs where the package is not installed",
    "dataset_info.json": "index of the data files",
}


def write_export_card(
    store: Store,
    folder: Path,
    form: str,
    title: str,
    reading: str,
    contents: Contents,
    layout: Layout | None,
    sums: Mapping[str, FileSum],
) -> None:
    """Write `README.md`. `form` and `title` are the format's, `reading` says how its reader is given the folder, `sums` are of all other files."""
    manifest = contents.manifest
    front = yaml.safe_dump(_front_matter(contents, layout, sums), sort_keys=False, allow_unicode=True, width=1000)
    gone = (
        f" {contents.taken_down} rows of the version were taken down after it was built and are not in these files, nor in any figure below."
        if contents.taken_down
        else ""
    )
    parts = [
        f"---\n{front}---\n",
        f"# WeThink {contents.version}\n",
        INTRODUCTION + "\n",
        rows_text(contents)
        + f" Images are train or validation, never both. The version was decided {manifest.created:%Y-%m-%d %H:%M} UTC.{gone}\n",
        "## Reading\n",
        f"The format is `{form}`: {title}.\n",
        reading + "\n",
        "## Files\n",
        _files(contents, layout, sums),
        f"`sha256sum -c {SUMS}` checks all of them, images too.\n",
        "## What it holds\n",
        *counts_text(contents).values(),
        licences_text(contents),
        "## Lineage\n",
        lineage_tables(manifest),
        "## Sources\n",
        sources_table(contents.counts["source"]),
        calibration_section(store, manifest),
        "## Limits\n",
        f"{limits_text(manifest)}\n{unchecked_text(contents.unchecked)}{benchmarks_text(manifest)}\n",
    ]
    (folder / CARD).write_text("\n".join(parts), encoding="utf-8")


def rows_text(contents: Contents) -> str:
    """Rows and images in all, and rows of each split."""
    splits = ", ".join(f"{rows} {split}" for split, rows in contents.splits.items())
    return f"{contents.rows} rows over {contents.images} images: {splits}."


def counts_text(contents: Contents) -> dict[str, str]:
    """Tables of rows by what they are counted by, where they have it."""
    return {
        name: counts_table(f"By {name.replace('_', ' ')}", name.replace("_", " "), counts, contents.rows)
        for name, counts in contents.counts.items()
        if counts
    }


def licences_text(contents: Contents) -> str:
    """Table of the licences of each source, with rows and images."""
    lines = [[entry.source, entry.licence, entry.rows, entry.images] for entry in contents.licences]
    return "### Licences by source\n\n" + table(["source", "licence of its images", "rows", "images"], lines)


def images_text(images: Mapping[str, FileSum]) -> str:
    """Line of the images in the table of files: how many, their bytes, and the sha256 of their lines in `SHA256SUMS`."""
    total = sum(known.bytes for known in images.values())
    digest = hashlib.sha256(sums_text(images).encode("utf-8")).hexdigest()
    return (
        f"| {len(images)} images | pictures; the sha256 is that of their lines in `{SUMS}` | {total} | `{digest}` |\n"
    )


def _front_matter(contents: Contents, layout: Layout | None, sums: Mapping[str, FileSum]) -> dict[str, Any]:
    version = contents.version
    front: dict[str, Any] = {
        **described_by(version, contents.rows, "#licences-by-source"),
        "version": version,
        "source_datasets": sorted(contents.counts["source"]),
    }
    if layout is None or not layout.loads:
        return front
    files = layout.loader or layout.files
    front["configs"] = [
        {
            "config_name": "default",
            "default": True,
            "data_files": [{"split": split, "path": files[split]} for split in contents.splits],
        }
    ]
    if "excluded.parquet" in sums and contents.manifest.excluded:
        front["configs"].append(
            {"config_name": "excluded", "data_files": [{"split": "full", "path": "excluded.parquet"}]}
        )
    features = layout.loader_features or ({} if layout.loader else layout.features)
    if features:
        front["dataset_info"] = _dataset_info(contents, files, features, sums)
    return front


def _dataset_info(
    contents: Contents, files: Mapping[str, str], features: Mapping[str, Feature], sums: Mapping[str, FileSum]
) -> dict[str, Any]:
    bytes_of = {
        split: sum(known.bytes for name, known in sums.items() if fnmatch(name, files[split]))
        for split in contents.splits
    }
    return {
        "config_name": "default",
        "features": as_yaml(features),
        "splits": [
            {"name": split, "num_bytes": bytes_of[split], "num_examples": rows}
            for split, rows in contents.splits.items()
        ],
        "download_size": sum(bytes_of.values()),
        "dataset_size": sum(bytes_of.values()),
    }


def _files(contents: Contents, layout: Layout | None, sums: Mapping[str, FileSum]) -> str:
    rows: list[list[Any]] = []
    images: dict[str, FileSum] = {}
    for name, known in sums.items():
        if layout and layout.is_image(name):
            images[name] = known
        else:
            rows.append([f"`{name}`", _held(name, contents, layout), known.bytes, f"`{known.sha256}`"])
    listed = table(["file", "holds", "bytes", "sha256"], rows)
    return listed + images_text(images) if images else listed


def _held(name: str, contents: Contents, layout: Layout | None) -> str:
    for files in (layout.files, layout.shards) if layout else ():
        for split, pattern in files.items():
            if fnmatch(name, pattern):
                return f"rows of {split}, {contents.splits.get(split, 0)} in all"
    return HELD.get(name, "")
