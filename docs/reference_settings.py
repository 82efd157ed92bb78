"""docs/settings.md: every setting of `wethink.toml` with type, bounds, default and meaning, read from the tables of `wethink_assets.config`."""

import inspect
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from reference_markdown import first_sentence, table

from wethink_assets.config import Settings
from wethink_assets.config.loading import table_in

INTRODUCTION = """# Settings

Every setting of `wethink.toml`: what it takes, its default, and what it means. [configuration.md](configuration.md) says how the file is found, and
more of what follows from each. A wrong or unknown setting is refused with its line.

This page is made from the code by `make docs`.
"""
BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
LONGEST_DEFAULT = 60


def settings_page() -> str:
    """The whole page."""
    top, sections = [], []
    for name, field in Settings.model_fields.items():
        inner = table_in(field.annotation)
        if inner is not None:
            one_each = field.annotation is not inner  # one table a name, such as [sources.<name>]
            sections += _sections(inner, f"{name}.<{'role' if name == 'roles' else 'name'}>" if one_each else name)
        elif name != "folder":  # which no file sets
            top.append(_row(name, field))
    return "\n".join([INTRODUCTION, "## Top of the file\n", _table(top), *sections])


def _sections(model: type[BaseModel], title: str) -> Iterator[str]:
    """A table, then the tables inside it."""
    inner = {name: table_in(field.annotation) for name, field in model.model_fields.items()}
    yield f"## `[{title}]`\n\n{first_sentence(inspect.cleandoc(model.__doc__ or ''))}\n"
    yield _table([_row(name, field) for name, field in model.model_fields.items()])
    for name, table_inside in inner.items():
        if (
            table_inside is not None and table_inside.__name__ != "RoleSettings"
        ):  # which has its place at [roles.<role>]
            yield from _sections(table_inside, f"{title}.{name}")


def _table(rows: list[list[str]]) -> str:
    return table(["setting", "takes", "default", "meaning"], rows) + "\n"


def _row(name: str, field: FieldInfo) -> list[str]:
    bounds = [
        f"{sign} {getattr(part, key):g}"
        for part in field.metadata
        for key, sign in BOUNDS.items()
        if hasattr(part, key)
    ]
    return [f"`{name}`", ", ".join([_kind(field.annotation), *bounds]), _default(field), field.description or ""]


def _kind(annotation: Any) -> str:
    """What a setting takes, in words.

    >>> _kind(tuple[str, ...]), _kind(Literal["on", "off"]), _kind(float | None)
    ('list of texts', '`on`, `off`', 'number')
    """
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(parts[0])
    if origin is Literal:
        return ", ".join(f"`{part}`" if part != "" else "empty" for part in parts)
    if origin in (tuple, list):
        return f"list of {_kind(parts[0]).replace('text', 'texts').replace('number', 'numbers').replace('table', 'tables')}"
    if origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "table"
    if parts:
        return " or ".join(dict.fromkeys(_kind(part) for part in parts if part is not type(None)))
    return {bool: "true or false", int: "whole number", float: "number", str: "text"}.get(annotation, "any value")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if field.is_required():
        return "required"
    if value is None or value == "" or isinstance(value, BaseModel):
        return ""
    text = json.dumps(value, default=str, ensure_ascii=False) if not isinstance(value, str) else value
    return f"`{text}`" if len(text) <= LONGEST_DEFAULT else "see the code"
