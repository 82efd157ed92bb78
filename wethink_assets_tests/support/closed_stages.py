"""The claim that a stage closes, as its asset asserts it: by the stage's entry in the registry."""

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.stages.output import StageOutput, require_closed


def require_stage_closed(
    stage: str, source: pl.DataFrame, output: StageOutput, settings: Settings | None = None
) -> None:
    """Raise unless every item that a stage makes of `source` (what it reads first) is in exactly one table of its output."""
    entry = STAGES[stage]
    require_closed(stage, entry.expected(source, settings or Settings()), output, entry.item)
