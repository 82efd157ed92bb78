"""Pools of answers: for each type of answer some thousands of different values, each in several real forms, as questions about pictures have them."""

from collections.abc import Callable
from functools import cache

from wethink_assets_tests.support.answer_pools import amounts, codes, mathematics, moments, quantities, spans, texts
from wethink_assets_tests.support.answer_pools.pool import Group, Value

__all__ = ["MAKERS", "Group", "Value", "pool"]

MAKERS: dict[str, Callable[[], list[Group]]] = {
    "number": amounts.numbers,
    "percentage": amounts.percentages,
    "money": amounts.money,
    "quantity": quantities.quantities,
    "range": spans.ranges,
    "date": moments.dates,
    "time": moments.times,
    "duration": moments.durations,
    "score": spans.scores,
    "ratio": spans.ratios,
    "dimensions": spans.dimensions,
    "code": codes.codes,
    "point": mathematics.points,
    "interval": mathematics.intervals,
    "list": texts.lists,
    "equation": mathematics.equations,
    "expression": mathematics.expressions,
    "matrix": mathematics.matrices,
    "yes_no": texts.replies,
    "text": texts.texts,
}


@cache
def pool(name: str) -> tuple[Group, ...]:
    """Groups of the values of a type; values of one pool are all different, those of two groups too."""
    return tuple(MAKERS[name]())
