"""Columns of a table that hold images: all of them, at the top, in lists and in structs, as the features of the schema or their contents say.

The `datasets` library writes an image as a struct of `bytes` and `path`, and what each column is into the metadata of the schema; sounds and films
look the same but for that. A bare binary column holds images when its first values begin as images do, or when nothing else does and its name says
so.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from wethink_assets.sources.images.formats import format_of, refused_format

__all__ = ["ELEMENT", "ImageColumn", "image_columns"]

NAMES = ("image", "img", "picture", "photo", "jpg", "png", "bytes")
"""Names of bare binary columns that are taken for images where no contents say so."""
OTHER_MEDIA = ("Audio", "Video", "Pdf", "Nifti")
ELEMENT = "[]"


@dataclass(frozen=True, slots=True)
class ImageColumn:
    """A column of images: names from the top of the table down, `[]` for the elements of a list."""

    path: tuple[str, ...]
    bare: bool = False
    """Whether its values are bytes and no structs."""

    @property
    def listed(self) -> bool:
        """Whether a row has a list of images in it."""
        return ELEMENT in self.path

    @property
    def name(self) -> str:
        """Its name within an item: dots between the levels, what else might part them escaped.

        >>> ImageColumn(("turns", "[]", "im/age.1")).name
        'turns.im%2Fage%2E1'
        """
        return ".".join(quote(part, safe="").replace(".", "%2E") for part in self.path if part != ELEMENT)

    def values(self, row: Any) -> list[Any]:
        """The values of a row in order, given what the row has in the column at the top."""
        return list(_walked(row, self.path[1:]))


def _walked(value: Any, path: Sequence[str]) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] == ELEMENT:
        for each in value or ():
            yield from _walked(each, path[1:])
    else:
        yield from _walked(value.get(path[0]) if isinstance(value, Mapping) else None, path[1:])


def image_columns(schema: Any, first_values: Callable[[str], Sequence[Any]]) -> list[ImageColumn]:
    """All columns of images of an Arrow schema, in its order; `first_values` gives some values of a column at the top."""
    features = _features(schema)
    structs: list[ImageColumn] = []
    bare: list[ImageColumn] = []
    for field in schema:
        for column in _candidates(field.type, (field.name,)):
            if _feature_of(features, column.path) not in OTHER_MEDIA:
                (bare if column.bare else structs).append(column)
    shown = [column for column in bare if _shows_images(column, first_values)]
    if not (structs or shown):
        shown = sorted(
            (column for column in bare if column.path[-1] in NAMES), key=lambda each: NAMES.index(each.path[-1])
        )[:1]
    order = {name: number for number, name in enumerate(schema.names)}
    return sorted(structs + shown, key=lambda column: order[column.path[0]])


def _candidates(kind: Any, path: tuple[str, ...]) -> Iterator[ImageColumn]:
    import pyarrow.types as types

    if _is_binary(kind):
        yield ImageColumn(path, bare=True)
    elif types.is_struct(kind):
        fields = {kind.field(number).name: kind.field(number).type for number in range(kind.num_fields)}
        if "bytes" in fields and _is_binary(fields["bytes"]):
            yield ImageColumn(path)
            return
        for name, inner in fields.items():
            yield from _candidates(inner, (*path, name))
    elif types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        yield from _candidates(kind.value_type, (*path, ELEMENT))


def _is_binary(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _features(schema: Any) -> Any:
    try:
        return json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return None


def _feature_of(features: Any, path: Sequence[str]) -> str:
    """What the features say that a column is, such as `Image`; empty where they say nothing."""
    feature = features
    for part in path:
        while isinstance(feature, Mapping) and feature.get("_type") in ("Sequence", "List", "LargeList"):
            feature = feature.get("feature")
        if isinstance(feature, list):
            feature = feature[0] if feature else None
        if part != ELEMENT:
            feature = feature.get(part) if isinstance(feature, Mapping) else None
    while isinstance(feature, Mapping) and feature.get("_type") in ("Sequence", "List", "LargeList"):
        feature = feature.get("feature")
    if isinstance(feature, list):
        feature = feature[0] if feature else None
    kind = feature.get("_type") if isinstance(feature, Mapping) else None
    return kind if isinstance(kind, str) else ""


def _shows_images(column: ImageColumn, first_values: Callable[[str], Sequence[Any]]) -> bool:
    values = (value for row in first_values(column.path[0]) for value in column.values(row) if value)
    first = next(values, b"")
    return format_of(first) is not None or bool(refused_format(first))
