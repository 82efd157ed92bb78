"""Answer types in the order in which an answer is tried as one: the first that reads it is its type.

The order goes from what is told by its form alone to what would take anything: a text is what nothing else is.
"""

from wethink_assets.rewards.equivalence.reading import AnswerType
from wethink_assets.rewards.equivalence.types import (
    amounts,
    codes,
    equations,
    formulas,
    geometry,
    lists,
    matrices,
    spans,
    texts,
)
from wethink_assets.rewards.equivalence.types.moments import dates, durations, times

ANSWER_TYPES: tuple[AnswerType, ...] = (
    texts.YES_NO,
    codes.CODE,
    dates.DATE,
    times.TIME,
    durations.DURATION,
    spans.SCORE,
    spans.RATIO,
    spans.DIMENSIONS,
    spans.RANGE,
    amounts.PERCENTAGE,
    amounts.MONEY,
    amounts.QUANTITY,
    amounts.NUMBER,
    geometry.POINT,
    geometry.INTERVAL,
    matrices.MATRIX,
    equations.EQUATION,
    lists.LIST,
    formulas.EXPRESSION,
    texts.TEXT,
)
