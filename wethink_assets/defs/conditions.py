"""When a stage starts by itself."""

import dagster as dg


def when_missing() -> dg.AutomationCondition:
    """Once for each partition that is added, when its inputs are there and no other run makes it already.

    `eager` would run old partitions again when a model, a prompt or a source changes; this never does.
    """
    return dg.AutomationCondition.on_missing() & ~dg.AutomationCondition.in_progress()


def when_changed() -> dg.AutomationCondition:
    """For reports over all partitions: when any of them was updated, and no run draws the report already.

    Not `eager`, which waits until no partition upstream is missing: there is always one.
    """
    updated = dg.AutomationCondition.any_deps_updated() & ~dg.AutomationCondition.in_progress()
    return updated.with_label("when_changed")
