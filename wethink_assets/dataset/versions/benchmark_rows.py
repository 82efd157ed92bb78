"""Rows that a benchmark shows or asks, and which of these a recipe leaves out: by image, by the question's text, or by both (`[cut] benchmark_rows`).

An image is evidence as a `copy`, or `altered`; a question by its text alone (`BenchmarkQuestions.asked`), or beside an image that the same benchmark
shows (`alike`). An altered picture stays by default and so does a question that is like another, but both at once are the benchmark's row.
"""

from collections.abc import Sequence

import polars as pl

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dedup.question_overlap import AskedText, BenchmarkQuestions, Overlap

__all__ = ["DETAILS", "HITS", "REASONS", "benchmark_hits"]

REASONS = {
    "copy": "benchmark_image",
    "altered": "benchmark_altered",
    "text": "benchmark_text",
    "both": "benchmark_both",
}
"""Why a row is left out, by what of it a benchmark has."""
DETAILS = {
    "benchmark_image": "a benchmark shows the image, or nearly so",
    "benchmark_altered": "a benchmark shows the image with a local change",
    "benchmark_text": "a benchmark asks the question",
    "benchmark_both": "a benchmark shows the image and asks nearly the question",
}
HITS = pl.Schema(
    {
        "slot": pl.String(),
        "verdict": pl.String(),  # on the image: copy | altered, null where no benchmark shows it
        "shown_in": pl.String(),  # benchmark and index of the row that does
        "asked_in": pl.String(),  # of the row that asks the question by its text alone, else of one of `shown_in`'s benchmark that asks nearly so
        "by_text": pl.Boolean(),  # whether the text alone says so
        "text": pl.String(),  # words of the question that both have
        "reason": pl.String(),  # why the recipe leaves the row out, null where it stays
        "detail": pl.String(),
    }
)


def benchmark_hits(
    recipe: CutRecipe, rows: pl.DataFrame, shown: pl.DataFrame, questions: BenchmarkQuestions
) -> pl.DataFrame:
    """Those of a batch's rows that a benchmark shows, or asks (`HITS`), in the order of the rows.

    rows: columns `slot`, `image_id`, `question`, `options`; shown: images of them that benchmarks show (`contamination.SHOWN`), each once.
    """
    seen = rows.select("slot", "image_id", "question", "options").join(
        shown, on="image_id", how="left", maintain_order="left"
    )
    asked = [(question, options or []) for question, options in seen.select("question", "options").iter_rows()]
    by_text = {one.row: one for one in questions.asked(asked)}
    beside = _beside(seen["shown_in"].to_list(), asked, questions) if len(questions) else {}
    hits = []
    for place, (slot, verdict, shown_in) in enumerate(seen.select("slot", "verdict", "shown_in").iter_rows()):
        overlap = by_text.get(place) or beside.get(place)
        if verdict is None and overlap is None:
            continue
        reason = _reason(recipe, verdict, place in by_text, overlap is not None)
        where = [shown_in] if reason in (REASONS["copy"], REASONS["altered"]) else []
        where = where or ([overlap.text, overlap.asked_in] if overlap else [])
        hits.append(
            {
                "slot": slot, "verdict": verdict, "shown_in": shown_in, "asked_in": overlap and overlap.asked_in,
                "by_text": place in by_text, "text": overlap and overlap.text, "reason": reason,
                "detail": ": ".join([DETAILS[reason], *where]) if reason else None,
            }
        )  # fmt: skip
    return pl.DataFrame(hits, schema=HITS, orient="row")


def _beside(
    shown_in: Sequence[str | None], asked: Sequence[AskedText], questions: BenchmarkQuestions
) -> dict[int, Overlap]:
    """Overlaps with questions of the benchmark that shows the image, by row."""
    places: dict[str, list[int]] = {}
    for place, where in enumerate(shown_in):
        if where is not None:
            places.setdefault(where.partition(" ")[0], []).append(place)
    return {
        own[one.row]: one
        for benchmark, own in places.items()
        for one in questions.alike([asked[place] for place in own], benchmark)
    }


def _reason(recipe: CutRecipe, verdict: str | None, by_text: bool, overlaps: bool) -> str | None:
    """Why a row is left out. overlaps: by its text alone, or like a question of the benchmark that shows its image."""
    by = recipe.benchmark_rows
    both = verdict is not None and overlaps
    if by == "both":
        return REASONS["both"] if both else None
    if by in ("either", "image") and (
        verdict == "copy" or (verdict == "altered" and recipe.altered_benchmark_images == "drop")
    ):
        return REASONS[verdict]
    if by in ("either", "text") and by_text:
        return REASONS["text"]
    return REASONS["both"] if by == "either" and both else None
