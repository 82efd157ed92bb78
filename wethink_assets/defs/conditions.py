"""When a stage starts by itself."""

import dagster as dg


def when_missing() -> dg.AutomationCondition:
    """Once for each partition that is added, when its inputs are there and no other run makes it already.

    `eager` would run old partitions again when a model, a prompt or a source changes; this never does.
    """
    return dg.AutomationCondition.on_missing() & ~dg.AutomationCondition.in_progress()
