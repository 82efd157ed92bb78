"""Columns of a table that hold images: all of them, at the top, in lists and in structs, as the features of the schema or their contents say.

The `datasets` library writes an image as a struct of `bytes` and `path`, and what each column is into the metadata of the schema; sounds and films
look the same but for that. A bare binary column holds images when some of its first values begin as images do, or when nothing else does and its
name says so. Columns that stand for images in a form that is not read (arrays of pixels, base64, maps, addresses) are named.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from wethink_assets.sources.images.formats import format_of, refused_format

__all__ = [
    "ADDRESS",
    "ELEMENT",
    "Column",
    "UnreadColumn",
    "address_columns",
    "doubled_names",
    "image_columns",
    "is_base64",
    "unread_columns",
    "value_counts",
]

NAMES = ("image", "img", "picture", "photo", "jpg", "png", "bytes")
"""Names of bare binary columns that are taken for images where no contents say so."""
OTHER_MEDIA = ("Audio", "Video", "Pdf", "Nifti")
LISTS = ("Sequence", "List", "LargeList")
PIXELS = ("Array2D", "Array3D", "Array4D", "Array5D")
ELEMENT = "[]"
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|//\w", re.IGNORECASE)
SHORTEST_ENCODED = 64
LOOKED_AT = 512
"""Characters of a text that tell whether it is an image in base64."""
_ALPHABET = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_DATA_URL = "data:image/"
_OF_AN_IMAGE = re.compile(
    r"(?:^|[_\W])(?:images?|imgs?|pictures?|photos?|thumbnails?)(?:$|[_\W])|(?:image|img|picture|photo)_?ur[li]s?$",
    re.IGNORECASE,
)
_IMAGE_FILE = re.compile(r"\.(?:avif|bmp|gif|heic|jp2|jpe?g|png|tiff?|webp)(?:[?#]|$)", re.IGNORECASE)

FirstValues = Callable[[str], Sequence[Any]]


def is_base64(value: object) -> bool:
    """Whether a value is a text, or the bytes of one, with an image in base64: bare, in lines, with the letters for URLs, or as a `data:` URL.

    >>> is_base64("data:image/png;base64," + "iVBOR" * 20), is_base64("iVBOR.png")
    (True, False)
    >>> is_base64(b"iVBORw0KGgo" + b"A" * 80), is_base64("A" * 80)
    (True, False)
    """
    if not isinstance(value, (str, bytes)) or len(value) <= SHORTEST_ENCODED:
        return False
    begin = value[:LOOKED_AT]
    text = "".join((begin.decode("latin-1") if isinstance(begin, bytes) else begin).split())
    if text[: len(_DATA_URL)].lower() == _DATA_URL:
        return True
    text = text[: len(text) // 4 * 4]
    if not _ALPHABET.fullmatch(text):
        return False
    return _is_image(base64.b64decode(text, b"-_" if "-" in text or "_" in text else b"+/"))


@dataclass(frozen=True, slots=True)
class Column:
    """A column: names from the top of the table down, `[]` for the elements of a list."""

    path: tuple[str, ...]
    bare: bool = False
    """Whether its values are bytes or texts and no structs."""

    @property
    def listed(self) -> bool:
        """Whether a row has a list of values in it."""
        return ELEMENT in self.path

    @property
    def own_name(self) -> str:
        """The last of its names."""
        return next(part for part in reversed(self.path) if part != ELEMENT)

    @property
    def name(self) -> str:
        """Its name within an item: dots between the levels, what else might part them escaped.

        >>> Column(("turns", "[]", "im/age.1")).name
        'turns.im%2Fage%2E1'
        """
        return ".".join(quote(part, safe="").replace(".", "%2E") for part in self.path if part != ELEMENT)

    def values(self, row: Any) -> list[Any]:
        """The values of a row in order, given what the row has in the column at the top."""
        return list(_walked(row, self.path[1:]))


@dataclass(frozen=True, slots=True)
class UnreadColumn:
    """A column that stands for images in a form that is not read: a reason code, and what it holds."""

    column: Column
    reason: str
    detail: str


def _walked(value: Any, path: Sequence[str]) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] == ELEMENT:
        for each in value or ():
            yield from _walked(each, path[1:])
    else:
        yield from _walked(value.get(path[0]) if isinstance(value, Mapping) else None, path[1:])


def doubled_names(names: Sequence[str], columns: Sequence[Column] = ()) -> list[str]:
    """Names that several columns have, at the top (`names`) or as items name them: which of them is meant, nothing could say."""
    counts = Counter(names), Counter(column.name for column in columns)
    return [name for counted in counts for name, count in counted.items() if count > 1]


def image_columns(schema: Any, first_values: FirstValues) -> list[Column]:
    """All columns of images of an Arrow schema, in its order; `first_values` gives the first values of a column at the top that are there."""
    features = _features(schema)
    certain: list[Column] = []
    bare: list[Column] = []
    for field in schema:
        for column, kind in _leaves(field.type, (field.name,)):
            feature = _feature_of(features, column.path)
            if feature in OTHER_MEDIA:
                continue
            if feature == "Image" or _has_bytes(kind):
                if not (_is_text(kind) and _holds_base64(column, first_values)):
                    certain.append(column)
            elif _is_binary(kind) and not _holds_base64(column, first_values):
                bare.append(column)
    shown = [column for column in bare if _shows_images(column, first_values)]
    if not (certain or shown):
        shown = sorted(
            (column for column in bare if column.path[-1] in NAMES), key=lambda each: NAMES.index(each.path[-1])
        )[:1]
    order = {name: number for number, name in enumerate(schema.names)}
    return sorted(certain + shown, key=lambda column: order[column.path[0]])


def unread_columns(schema: Any, first_values: FirstValues) -> list[UnreadColumn]:
    """Columns that stand for images in a form that is not read."""
    features = _features(schema)
    unread = []
    for field in schema:
        for column, kind in _leaves(field.type, (field.name,)):
            feature = _feature_of(features, column.path)
            if feature == "Image" and not _is_text(kind):
                continue
            if _is_pixels(kind, feature, column.own_name):
                detail = "holds arrays of pixels: write them as PNG, in a column of bytes"
                unread.append(UnreadColumn(column, "pixel_arrays", detail))
            elif _map_of_bytes(kind):
                detail = "holds bytes in maps, which are not read: make it a list of structs"
                unread.append(UnreadColumn(column, "map_of_images", detail))
            elif (_is_text(kind) or _is_binary(kind)) and _holds_base64(column, first_values):
                detail = "holds images in base64, which are not read: decode them into a column of bytes"
                unread.append(UnreadColumn(column, "base64", detail))
    return unread


def address_columns(schema: Any, first_values: FirstValues) -> list[UnreadColumn]:
    """Columns of addresses, in a table without images: those that are called images or show an image's ending, all of them where none does."""
    found = [
        (column, [text for value in _values(column, first_values) if ADDRESS.match(text := _text_of(value))])
        for field in schema
        for column, kind in _leaves(field.type, (field.name,))
        if _is_text(kind) or not column.bare
    ]
    found = [(column, texts) for column, texts in found if texts]
    shown = [
        column
        for column, texts in found
        if _OF_AN_IMAGE.search(column.own_name) or any(_IMAGE_FILE.search(text) for text in texts)
    ]
    detail = "holds addresses: fetch the images, and give their folder"
    return [UnreadColumn(column, "address", detail) for column in shown or [column for column, _ in found]]


def value_counts(array: Any, path: Sequence[str]) -> Any:
    """How many values each row of an Arrow array has in a column below it, as a numpy array."""
    import numpy
    import pyarrow.compute as compute

    array = _decoded(array)
    if ELEMENT not in path:
        return numpy.ones(len(array), dtype=numpy.int64)
    if path[0] != ELEMENT:
        return value_counts(compute.struct_field(array, path[0]), path[1:])
    lengths = compute.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False).astype(numpy.int64)
    inner = compute.list_flatten(array) if ELEMENT in path[1:] else None
    if inner is None:
        return lengths
    sums = numpy.concatenate([[0], numpy.cumsum(value_counts(inner, path[1:]))])
    ends = numpy.cumsum(lengths)
    return sums[ends] - sums[ends - lengths]


def _decoded(array: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as compute

    while True:
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        elif isinstance(array, pa.DictionaryArray):
            array = array.dictionary_decode()
        elif isinstance(array, pa.RunEndEncodedArray):
            array = compute.run_end_decode(array)
        else:
            return array


def _leaves(kind: Any, path: tuple[str, ...]) -> Iterator[tuple[Column, Any]]:
    """Every value of a type that is neither list nor struct, and structs that may be images, with their types."""
    import pyarrow.types as types

    if _is_tensor(kind):
        yield Column(path, bare=True), kind
        return
    kind = _storage(kind)
    if types.is_struct(kind):
        fields = {kind.field(number).name: kind.field(number).type for number in range(kind.num_fields)}
        if _has_bytes(kind) or set(fields) == {"path"}:
            yield Column(path), kind
            return
        for name, inner in fields.items():
            yield from _leaves(inner, (*path, name))
    elif _is_list(kind) and not _number_at_bottom(kind)[0]:
        yield from _leaves(kind.value_type, (*path, ELEMENT))
    else:
        yield Column(path, bare=True), kind


def _storage(kind: Any) -> Any:
    """A type without what only says how it is kept: extensions, dictionaries, runs."""
    import pyarrow as pa
    import pyarrow.types as types

    while True:
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif types.is_dictionary(kind) or types.is_run_end_encoded(kind):
            kind = kind.value_type
        else:
            return kind


def _is_list(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(
        types.is_list(kind)
        or types.is_large_list(kind)
        or types.is_fixed_size_list(kind)
        or types.is_list_view(kind)
        or types.is_large_list_view(kind)
    )


def _is_binary(kind: Any) -> bool:
    import pyarrow.types as types

    kind = _storage(kind)
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )


def _is_text(kind: Any) -> bool:
    import pyarrow.types as types

    kind = _storage(kind)
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _has_bytes(kind: Any) -> bool:
    import pyarrow.types as types

    kind = _storage(kind)
    if not types.is_struct(kind):
        return False
    own = {kind.field(number).name: kind.field(number).type for number in range(kind.num_fields)}
    if "bytes" not in own:
        return False
    # `datasets` writes a column of images that all lie in files with a `bytes` of no type.
    return _is_binary(own["bytes"]) or (types.is_null(own["bytes"]) and "path" in own)


def _is_tensor(kind: Any) -> bool:
    return getattr(kind, "extension_name", "") == "arrow.fixed_shape_tensor"


def _number_at_bottom(kind: Any) -> tuple[int, Any]:
    """How deep lists of numbers are, and the type of these; 0 for all else."""
    import pyarrow.types as types

    depth = 0
    kind = _storage(kind)
    while _is_list(kind):
        kind, depth = _storage(kind.value_type), depth + 1
    return (depth, kind) if types.is_integer(kind) or types.is_floating(kind) else (0, kind)


def _is_pixels(kind: Any, feature: str, name: str) -> bool:
    import pyarrow.types as types

    if _is_tensor(kind):
        return bool(types.is_uint8(kind.value_type))
    depth, number = _number_at_bottom(kind)
    if types.is_uint8(number):
        return depth >= 2 or (depth == 1 and name in NAMES)
    return depth >= 2 and feature in PIXELS and name in NAMES


def _map_of_bytes(kind: Any) -> bool:
    import pyarrow.types as types

    kind = _storage(kind)
    return bool(types.is_map(kind) and (_is_binary(kind.item_type) or _has_bytes(kind.item_type)))


def _features(schema: Any) -> Any:
    try:
        return json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return None


def _feature_of(features: Any, path: Sequence[str]) -> str:
    """What the features say that a column is, such as `Image`; empty where they say nothing."""
    feature = features
    for part in path:
        feature = _element(feature)
        if part != ELEMENT:
            feature = feature.get(part) if isinstance(feature, Mapping) else None
    feature = _element(feature)
    kind = feature.get("_type") if isinstance(feature, Mapping) else None
    return kind if isinstance(kind, str) else ""


def _element(feature: Any) -> Any:
    """What a feature is within its lists, which stand as `[feature]`, too."""
    while True:
        if isinstance(feature, Mapping) and feature.get("_type") in LISTS:
            feature = feature.get("feature")
        elif isinstance(feature, list):
            feature = feature[0] if feature else None
        else:
            return feature


def _values(column: Column, first_values: FirstValues) -> Iterator[Any]:
    return (value for row in first_values(column.path[0]) for value in column.values(row))


def _holds_base64(column: Column, first_values: FirstValues) -> bool:
    return any(is_base64(value) for value in _values(column, first_values))


def _text_of(value: Any) -> str:
    """A text, or the path of a struct that stands for a file."""
    value = value.get("path") if isinstance(value, Mapping) else value
    return value.strip() if isinstance(value, str) else ""


def _shows_images(column: Column, first_values: FirstValues) -> bool:
    return any(_is_image(value) for value in _values(column, first_values) if isinstance(value, bytes) and value)


def _is_image(data: bytes) -> bool:
    return format_of(data) is not None or bool(refused_format(data))
