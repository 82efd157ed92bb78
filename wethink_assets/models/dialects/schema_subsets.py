"""Subsets of JSON schema that services take where they refuse the whole: closed objects, without bounds.

What is left out here is held when the reply is parsed: no reply gets by that the whole schema refuses.
"""

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["closed", "closed_with_named_choices"]

# Keywords that a schema keeps. Source: platform.openai.com/docs/guides/structured-outputs, "Supported schemas".
KEPT = ("type", "description", "enum", "const", "$ref", "title")

Schema = Mapping[str, Any]


def closed(schema: Schema) -> dict[str, Any]:
    """A schema without bounds, all of whose objects are closed and require every property, as OpenAI's strict mode wants it.

    >>> closed({"type": "object", "properties": {"name": {"type": "string", "maxLength": 9, "default": ""}}})["properties"]
    {'name': {'type': 'string'}}
    """
    return _subset(schema, lambda choices: True)


def closed_with_named_choices(schema: Schema) -> dict[str, Any]:
    """As `closed`, with enumerations of strings alone.

    >>> closed_with_named_choices({"type": "number", "enum": [0, 1]})
    {'type': 'number'}
    """
    return _subset(schema, lambda choices: all(isinstance(choice, str) for choice in choices))


def _subset(schema: Schema, takes: Callable[[list[Any]], bool]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key in KEPT and (key != "enum" or takes(value))}
    if "const" in kept and not takes([kept["const"]]):
        del kept["const"]
    if "properties" in schema or schema.get("type") == "object":
        properties = {name: _subset(each, takes) for name, each in schema.get("properties", {}).items()}
        kept |= {"properties": properties, "required": list(properties), "additionalProperties": False}
    if isinstance(schema.get("items"), Mapping):
        kept["items"] = _subset(schema["items"], takes)
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives:
        kept["anyOf"] = [_subset(each, takes) for each in alternatives]
    if "allOf" in schema and len(schema["allOf"]) == 1:  # pydantic's way to describe a reference
        kept |= _subset(schema["allOf"][0], takes)
    if "$defs" in schema:
        kept["$defs"] = {name: _subset(each, takes) for name, each in schema["$defs"].items()}
    return kept
