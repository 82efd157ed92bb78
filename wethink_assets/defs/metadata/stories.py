"""Stories of rows and images as metadata of a run: each line links to the page of what it names, so that one can follow it there and back."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from wethink_assets.defs.metadata.previews import escaped, thumbnail
from wethink_assets.defs.metadata.version import link, markdown_table, partition_page, uses_markdown
from wethink_assets.sources.catalog import asset_key_part
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store

TEXT = 2000  # characters of a reasoning path that are shown
SHOWN = 40  # rows of each table
ALL = "`wethink where` has all"
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "description": ("fine",),
    "question": ("kind", "question", "options", "category"),
    "answers": ("image_answer", "text_answer", "verdict", "answer"),
    "reasoning_path": ("refined_cot",),
}


def row_metadata(store: Store, story: Mapping[str, Any]) -> dict[str, Any]:
    """What a row's story says, from its picture to the versions that hold it. `story`: that of `explain_row`."""
    image = story["image"]
    texts = [
        f"**{column.replace('_', ' ')}** {escaped(_text(story[section][column]), TEXT)}"
        for section, columns in SECTIONS.items()
        for column in columns
        if story.get(section) and story[section].get(column)
    ]
    return {
        "row": story["row_id"],
        "image": image["image_id"] if image else None,
        "picture": _picture(store, image) if image else None,
        "row as text": dg.MetadataValue.md("  \n".join(texts)),
        "lineage": dg.MetadataValue.md("\n\n".join(filter(None, [_origin(story), _stages(story), _verdicts(story)]))),
        "trained on it": dg.MetadataValue.md(uses_markdown(story["trained"])) if story["trained"] else None,
        "taken down": ", ".join(story["retracted"]["by"]) if story.get("retracted") else None,
    }


def image_metadata(story: Mapping[str, Any]) -> dict[str, Any]:
    """What an image became part of. `story`: an entry of `whereabouts`."""
    rows = [(version["version"], row) for version in story["versions"] for row in version["rows"]]
    left_out = [(version["version"], row) for version in story["versions"] for row in version["left_out"]]
    parts = [
        markdown_table(
            "Files",
            ("source", "file", "batch"),
            [
                (_source(file["source"]), escaped(file["item"]), _batch("images", file["batch"]))
                for file in story["files"]
            ],
            ALL,
            SHOWN,
        ),
        markdown_table(
            "In the tables in force",
            ("row", "batch", "got as far as"),
            [(row["row_id"], _batch(row["reached"], row["batch"]), row["reached"]) for row in story["in_force"]],
            ALL,
            SHOWN,
        ),
        markdown_table(
            "Rows of versions",
            ("version", "row", "kind", "split"),
            [(_version(version), row["row_id"], row["kind"], row["split"]) for version, row in rows],
            ALL,
            SHOWN,
        ),
        markdown_table(
            "Left out of versions",
            ("version", "row", "reason", "stays in its place"),
            [(_version(version), row["row_id"], row["reason"], row["survivor"]) for version, row in left_out],
            ALL,
            SHOWN,
        ),
        uses_markdown(story["trained"]),
    ]
    return {
        "image": story["image_id"],
        "taken down": ", ".join(story["retracted"]) or None,
        "lineage": dg.MetadataValue.md("\n\n".join(filter(None, parts))),
    }


def takedown_metadata(subject: str, impact: Mapping[str, Any], new: bool) -> dict[str, Any]:
    """What was taken down and what it touches. `impact`: that of `takedown_impact`."""
    table = markdown_table(
        "Versions that hold it",
        ("version", "rows", "images"),
        [(_version(entry["version"]), entry["rows"], entry["images"]) for entry in impact["versions"]],
        "`wethink retract --dry-run` has all",
        SHOWN,
    )
    parts = [table or "No version holds it.", uses_markdown(impact["trained"])]
    return {
        "taken down": subject,
        "new": new,
        "touched": dg.MetadataValue.md("\n\n".join(filter(None, parts))),
        "images that may come in instead": len(impact["look_alikes"]),
    }


def _text(value: Any) -> str:
    return " | ".join(map(str, value)) if isinstance(value, list) else str(value)


def _picture(store: Store, image: Mapping[str, Any]) -> dg.MarkdownMetadataValue | None:
    blob = image.get("blob")
    uri = thumbnail(Blobs(store).read(blob)) if blob and store.exists(blob) else ""
    return dg.MetadataValue.md(f"![image]({uri})") if uri else None


def _origin(story: Mapping[str, Any]) -> str:
    """Image and batch that a row comes from."""
    files = story["image"]["occurrences"] if story["image"] else []
    return markdown_table(
        "Image",
        ("source", "file", "batch"),
        [(_source(file["source"]), escaped(file["item"]), _batch("images", file["batch"])) for file in files],
        "`wethink explain` has all",
        SHOWN,
    )


def _stages(story: Mapping[str, Any]) -> str:
    """The tables that a row came through, each with its batch, run and models."""
    return markdown_table(
        "Stages",
        ("stage", "run", "models", "finished (UTC)"),
        [
            (
                link(stage, partition_page(stage, story["batch"])),
                link(made["run_id"][:8], f"/runs/{made['run_id']}") if made["run_id"] else "",
                escaped(", ".join(str(model.get("model", "")) for model in made["models"].values())),
                made["finished"][:16].replace("T", " "),
            )
            for stage, made in story["made_by"].items()
        ],
        "`wethink explain` has all",
        SHOWN,
    )


def _verdicts(story: Mapping[str, Any]) -> str:
    return markdown_table(
        "Versions",
        ("version", "verdict", "stays in its place"),
        [(_version(one["version"]), one["verdict"], one["survivor"] or "") for one in story["versions"]],
        "`wethink explain` has all",
        SHOWN,
    )


def _version(version: str) -> str:
    return link(version, partition_page("dataset", version))


def _batch(asset: str, batch: str) -> str:
    return link(batch, partition_page(asset, batch))


def _source(source: str) -> str:
    return link(source, f"/assets/source/{asset_key_part(source)}")


def gathered(stories: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Metadata of all images that a name fits, numbered where there are several."""
    if len(stories) == 1:
        return image_metadata(stories[0])
    return {
        f"{label} {number}": value
        for number, one in enumerate(stories, 1)
        for label, value in image_metadata(one).items()
    }
