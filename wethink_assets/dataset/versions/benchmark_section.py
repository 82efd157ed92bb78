"""Section of a version's card on benchmarks: of each, images and questions compared of how many, what it has of the version, what is not checked."""

from typing import Any

from wethink_assets.dataset.versions.manifest import Manifest
from wethink_assets.dataset.versions.markdown import table

__all__ = ["benchmark_section", "benchmarks_text"]


def benchmark_section(figures: dict[str, Any] | None, altered: str, by: str = "either") -> list[str]:
    """Parts of a card; none of a version whose benchmarks were compared by hashes, or that has none.

    figures: `benchmarks` of the statistics (`compared_benchmarks.ComparedBenchmarks.figures`).
    altered, by: `cut.altered_benchmark_images` and `cut.benchmark_rows` of the recipe.
    """
    if not figures:
        return []
    parts = [
        "## Benchmarks\n",
        *(f"> **Not checked:** {sentence}\n" for sentence in _unchecked(figures)),
        f"{_policy(figures, altered, by)}\n",
        table(
            ["benchmark", "md5", "images", "compared", "not checked", "copies here", "altered here", "rows: copy", "rows: altered"],
            [_row(file, figures["rows"]) for file in figures["files"]],
        ) if figures["files"] else "",
        _questions(figures["questions"]) if "questions" in figures else "",
    ]  # fmt: skip
    return [part for part in parts if part]


def benchmarks_text(manifest: Manifest) -> str:
    """Benchmarks that the version was compared with."""
    if not manifest.benchmarks:
        return "- Rows were not compared with evaluation benchmarks: hold them against yours before you train on them."
    names = ", ".join(dict.fromkeys(one.key for one in manifest.benchmarks))
    if any(one.method for one in manifest.questions):
        return f"- Rows were held against images and questions of benchmarks; compared were {names}, and no other benchmark was."
    return (
        f"- Rows whose image is one of a benchmark's, or nearly so, were left out; compared were {names}. Questions were not compared, "
        "and no other benchmark was."
    )


def _policy(figures: dict[str, Any], altered: str, by: str) -> str:
    """Which rows were left out."""
    stay = "were left out too" if altered == "drop" else "stayed"
    copies = "however it is coded, sized, cropped by up to a tenth, framed, mirrored, turned or lit"
    change = "with a local change (a digit, a label, a mark)"
    if not figures["files"]:
        image = "Images of benchmarks were compared by their hashes"
    elif by in ("text", "both"):
        image = f"Images were compared, {copies}, or {change}"
    else:
        image = f"Rows about a copy of a benchmark's image were left out, {copies}; rows about an image that a benchmark shows {change} {stay}"
    if "questions" not in figures:
        return f"{image}. Questions were not compared."
    asks = "whose question a benchmark asks, by thirteen words in a row that cover four fifths of it"
    near = "about an image that a benchmark shows, as a copy or with a local change, with a question that is nearly its own"
    return {
        "either": f"{image}. So were rows {asks}; and rows {near}.",
        "image": f"{image}. Rows {asks}, were counted and stayed.",
        "text": f"{image}, and rows about them were counted and stayed. Rows {asks}, were left out.",
        "both": f"{image}. Rows {near}, were left out; others were counted and stayed.",
    }[by]


def _questions(files: list[dict[str, Any]]) -> str:
    columns = [
        "benchmark",
        "md5",
        "questions",
        "compared",
        "not checked",
        "long enough for text alone",
        "rows: asked",
        "rows: asked, image too",
    ]
    return table(
        columns,
        [
            [one["benchmark"], f"`{one['md5'][:8]}`", one["questions"], one["compared"], one["questions"] - one["compared"], one["by_text"],
             one["asked"], one["beside"]]
            for one in files
        ],
    )  # fmt: skip


def _row(file: dict[str, Any], rows: dict[str, dict[str, int]]) -> list[Any]:
    of = rows.get(file["benchmark"], {})
    checked = 0 if file["gone"] else file["images"] - file["unreadable"]
    return [
        file["benchmark"],
        f"`{file['md5'][:8]}`",
        file["images"],
        checked,
        file["images"] - checked,
        file["copies"],
        file["altered"],
        of.get("copy", 0),
        of.get("altered", 0),
    ]


def _unchecked(figures: dict[str, Any]) -> list[str]:
    sentences = [f"nothing was compared with {one['key']}: {one['reason']}" for one in figures["unread"]]
    for file in figures["files"]:
        if file["unreadable"]:
            sentences.append(
                f"{file['unreadable']} of the {file['images']} images of {file['benchmark']} cannot be decoded or are missing."
            )
        if file.get("partly"):
            sentences.append(
                f"{file['partly']} images of this version's batches look like many pictures of {file['benchmark']}, and were compared with "
                "the nearest of these only."
            )
        if file["gone"]:
            sentences.append(
                f"the file of {file['benchmark']} was gone when {file['gone']} batches came: their images were held against its hashes, which miss "
                "copies that are cropped, mirrored, turned or lit."
            )
    for one in figures.get("questions", []):
        if one["compared"] < one["questions"]:
            sentences.append(
                f"none of the {one['questions']} questions of {one['benchmark']} (`{one['md5'][:8]}`) were compared: an earlier release signed "
                "its file, which is gone."
            )
    if figures["unreadable_images"]:
        sentences.append(
            f"{figures['unreadable_images']} images of this version's batches could not be read, and were compared with none."
        )
    return sentences
