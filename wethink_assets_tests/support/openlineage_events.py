"""OpenLineage events read back by the classes that the project's own client generates from its schemas: a field that they don't have is an error."""

import pkgutil
import types
import typing
from importlib import import_module
from typing import Any

import attr
from openlineage.client import event_v2, generated


def _facets() -> dict[str, type[Any]]:
    classes = {}
    for module in pkgutil.iter_modules(generated.__path__):
        for value in vars(import_module(f"{generated.__name__}.{module.name}")).values():
            if isinstance(value, type) and attr.has(value) and hasattr(value, "_get_schema"):
                classes[value._get_schema()] = value
    return classes


FACETS = _facets()


def read_event(event: dict[str, Any]) -> Any:
    """The event as the client's `RunEvent`. Raises where a field is unknown, missing or of another type."""
    return _read(event_v2.RunEvent, event)


def _read(kind: Any, value: Any) -> Any:
    if isinstance(value, dict) and "_schemaURL" in value:
        kind = FACETS[value["_schemaURL"]]
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kind = next(one for one in typing.get_args(kind) if one is not type(None))
    if typing.get_origin(kind) is list:
        return [_read(typing.get_args(kind)[0], one) for one in value]
    if typing.get_origin(kind) is dict:
        return {name: _read(typing.get_args(kind)[1], one) for name, one in value.items()}
    if attr.has(kind):
        hints = typing.get_type_hints(kind)
        fields = {field.name: field for field in attr.fields(kind)}
        given = {}
        for name, one in value.items():
            assert name in fields, f"{kind.__name__} has no field {name}"
            if fields[name].init:
                given[fields[name].alias] = _read(hints[name], one)
        made = kind(**given)
        assert attr.asdict(made, recurse=False).get("schemaURL", value.get("schemaURL")) == value.get("schemaURL")
        return made
    if isinstance(kind, type) and issubclass(kind, event_v2.RunState):
        return kind(value)
    assert kind in (Any, object) or isinstance(value, kind), f"{value!r} is no {kind}"
    return value
