"""All families of questions, in a fixed order: training draws from it by seed, so a new family goes to the end of its table."""

from wethink_assets.sources.sample.families.chart import CHART_QUESTIONS
from wethink_assets.sources.sample.families.figure import FIGURE_QUESTIONS
from wethink_assets.sources.sample.families.shapes import SHAPE_QUESTIONS
from wethink_assets.sources.sample.families.text import TEXT_QUESTIONS
from wethink_assets.sources.sample.questions import Family
from wethink_assets.sources.sample.scenes import VisualKind

FAMILIES: tuple[Family, ...] = (*SHAPE_QUESTIONS, *CHART_QUESTIONS, *FIGURE_QUESTIONS, *TEXT_QUESTIONS)


def families_for(kind: VisualKind, question_kind: str) -> list[Family]:
    """Families that fit a visual kind and a question kind (MC, FIB, DES)."""
    return [family for family in FAMILIES if kind in family.kinds and question_kind in family.question_kinds]
