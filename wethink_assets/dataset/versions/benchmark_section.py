"""Section of a version's card on benchmarks: of each, images compared of how many, what they show of the version, what is not checked."""

from typing import Any

from wethink_assets.dataset.versions.markdown import table

__all__ = ["benchmark_section"]


def benchmark_section(figures: dict[str, Any] | None, altered: str) -> list[str]:
    """Parts of a card; none of a version whose benchmarks were compared by hashes, or that has none.

    figures: `benchmarks` of the statistics (`compared_benchmarks.ComparedBenchmarks.figures`).
    altered: `cut.altered_benchmark_images` of the recipe, `keep` or `drop`.
    """
    if not figures:
        return []
    stay = "were left out too" if altered == "drop" else "stayed"
    parts = [
        "## Benchmarks\n",
        *(f"> **Not checked:** {sentence}\n" for sentence in _unchecked(figures)),
        "Rows about a copy of a benchmark's image were left out, however it is coded, sized, cropped by up to a tenth, framed, mirrored, turned "
        f"or lit; rows about an image that a benchmark shows with a local change (a digit, a label, a mark) {stay}. Questions were not compared.\n",
        table(
            ["benchmark", "md5", "images", "compared", "not checked", "copies here", "altered here", "rows: copy", "rows: altered"],
            [_row(file, figures["rows"]) for file in figures["files"]],
        ),
    ]  # fmt: skip
    return parts


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
        if file["gone"]:
            sentences.append(
                f"the file of {file['benchmark']} was gone when {file['gone']} batches came: their images were held against its hashes, which miss "
                "copies that are cropped, mirrored, turned or lit."
            )
    if figures["unreadable_images"]:
        sentences.append(
            f"{figures['unreadable_images']} images of this version's batches could not be read, and were compared with none."
        )
    return sentences
