"""The order of the registered stages, and which stage's table each of them reads."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from wethink_assets.errors import ConfigError
from wethink_assets.extensions.builtin import STAGES
from wethink_assets.stages.spec import Stage

__all__ = ["model_stages", "provider_of", "stage_names", "upstream_of"]


@dataclass(frozen=True)
class _Order:
    names: tuple[str, ...]
    upstream: Mapping[str, tuple[str, ...]]


def stage_names() -> tuple[str, ...]:
    """All stages in the order in which a batch goes through them.

    Raises `ConfigError` that names the stage whose declaration lacks something or does not fit the others.
    """
    return _order().names


def upstream_of(stage: str) -> tuple[str, ...]:
    """The stages whose tables a stage reads, in the order of its arguments. Raises `UnknownName`, or `ConfigError` as `stage_names` does."""
    return _order().upstream[STAGES[stage].name]


def model_stages() -> tuple[str, ...]:
    """The stages that ask models, in order."""
    return tuple(name for name in stage_names() if STAGES[name].prompts)


def provider_of(table: str, among: Collection[str] | None = None) -> str:
    """The stage whose table stands for a table in the end: its own, or that of the last stage which provides it (among some stages)."""
    names = [name for name in stage_names() if among is None or name in among]
    return next((name for name in reversed(names) if STAGES[name].provides == table), table)


def _order() -> _Order:
    return _ordered(tuple(STAGES.values()))


@lru_cache(maxsize=8)
def _ordered(stages: tuple[Stage, ...]) -> _Order:
    names = [stage.name for stage in stages if not stage.before]
    waiting = [stage for stage in stages if stage.before]
    while waiting:
        ready = next((stage for stage in waiting if stage.before in names), None)
        if ready is None:
            raise ConfigError(
                f"stage {waiting[0].name!r}: it comes before {waiting[0].before!r}, which is no stage; stages are {', '.join(names)}"
            )
        names.insert(names.index(ready.before), ready.name)
        waiting.remove(ready)
    by_name = {stage.name: stage for stage in stages}
    providers: dict[str, str] = {}
    upstream: dict[str, tuple[str, ...]] = {}
    for position, name in enumerate(names):
        stage = by_name[name]
        unknown = [table for table in stage.reads if table not in providers]
        if unknown:
            earlier = ", ".join(names[:position]) or "none"
            raise ConfigError(
                f"stage {name!r}: it reads {', '.join(unknown)}, which no stage before it makes; stages before it: {earlier}"
            )
        if stage.provides:
            replaced = by_name[providers[stage.provides]] if stage.provides != name else stage
            absent = [column for column, kind in replaced.schema.items() if stage.schema.get(column) != kind]
            if absent:
                raise ConfigError(
                    f"stage {name!r}: it provides {stage.provides!r} but its schema lacks columns that this table has, or has them of another "
                    f"type: {', '.join(absent)}"
                )
        upstream[name] = tuple(providers[table] for table in stage.reads)
        providers[name] = name
        if stage.provides:
            providers[stage.provides] = name
    return _Order(tuple(names), upstream)
