"""Latitude of answers: what a question allows beside its answer, by the source of its image and by what the answer is."""

import re

from wethink_assets.config import Settings
from wethink_assets.identity import digest_of
from wethink_assets.kinds import KINDS
from wethink_assets.rewards.equivalence.answers import Allowed, answer_type
from wethink_assets.sources.catalog import Source

MEASURED = ("number", "percentage", "money", "quantity")
"""Answer types of values that are read off a scale."""
# Nobody counts, or reads a year, within five per cent.
_COUNTED = re.compile(r"\bhow many\b|\bnumber of\b|\bcount\b|\b(?:which|what|in what|by what) years?\b", re.IGNORECASE)
_YEAR = re.compile(r"(?:1[0-9]|20)\d\d")


def latitude_of(source: Source, kind: str, question: str, answer: str) -> Allowed:
    """What is allowed of an answer about an image of a source: a tolerance of values, an edit distance of texts that are no sentences.

    Counts, years, letters of options, and whatever else an answer may be are exact.

    >>> chart = Source("chartqa", "ChartQA", "charts", "", "", "", tolerance=0.05)
    >>> [latitude_of(chart, 'FIB', f"{asked} in the chart?", "12").tolerance for asked in ("What is the value", "How many bars are")]
    [0.05, 0.0]
    """
    entry = KINDS[kind]
    if entry.has_options or entry.prose or entry.normalised:
        return Allowed()
    kind_of_answer = answer_type(kind, answer, question=question)
    exact = bool(_COUNTED.search(question) or _YEAR.fullmatch(answer.strip()))
    return Allowed(
        tolerance=source.tolerance if kind_of_answer in MEASURED and not exact else 0.0,
        edit_distance=source.edit_distance if kind_of_answer == "text" else 0.0,
    )


def latitude_suffix(settings: Settings) -> str:
    """What the logic version of `answers` ends in where `[sources.<name>]` sets what answers are allowed; empty where nothing does."""
    own = {
        name: [table.tolerance, table.edit_distance]
        for name, table in settings.sources.items()
        if table.tolerance is not None or table.edit_distance is not None
    }
    return f"+{digest_of(own)[:8]}" if own else ""
