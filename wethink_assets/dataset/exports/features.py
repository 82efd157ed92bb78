"""Columns of exported data files, declared once and written as each reader has them: Arrow schema, Hugging Face features, YAML of the card.

A feature is the name of a type (`string`, `int32`, `float64`, `bool`, `image`), a list of one feature, or a mapping of names to features.
An image is `{bytes, path}`, as the Hugging Face library `datasets` stores it.
"""

import json
from collections.abc import Mapping
from typing import Any, Union

Feature = Union[str, "list[Feature]", "Mapping[str, Feature]"]
IMAGE = "image"
STRINGS: Feature = ["string"]


def arrow_type(feature: Feature) -> Any:
    """The Arrow type of a feature."""
    import pyarrow as pa

    if isinstance(feature, list):
        return pa.list_(arrow_type(feature[0]))
    if isinstance(feature, Mapping):
        return pa.struct([(name, arrow_type(part)) for name, part in feature.items()])
    if feature == IMAGE:
        return pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.type_for_alias(feature)


def arrow_schema(features: Mapping[str, Feature]) -> Any:
    """Arrow schema of a data file, with the features in the metadata from which `datasets` reads them."""
    import pyarrow as pa

    known = {"info": {"features": {name: _as_json(feature) for name, feature in features.items()}}}
    schema = pa.schema([(name, arrow_type(feature)) for name, feature in features.items()])
    return schema.with_metadata({"huggingface": json.dumps(known)})


def _as_json(feature: Feature) -> Any:
    if isinstance(feature, list):
        return [_as_json(feature[0])] if not isinstance(feature[0], str) else _sequence(feature[0])
    if isinstance(feature, Mapping):
        return {name: _as_json(part) for name, part in feature.items()}
    return {"_type": "Image"} if feature == IMAGE else {"dtype": feature, "_type": "Value"}


def _sequence(name: str) -> Any:
    # A list of plain values is written in the form that releases of `datasets` before 4 read, too.
    return {"feature": _as_json(name), "_type": "Sequence"}


def as_yaml(features: Mapping[str, Feature]) -> list[dict[str, Any]]:
    """Features as `dataset_info` of a card lists them.

    >>> as_yaml({"image": "image", "options": ["string"], "prompt": [{"role": "string"}]})
    [{'name': 'image', 'dtype': 'image'}, {'name': 'options', 'list': 'string'}, {'name': 'prompt', 'list': [{'name': 'role', 'dtype': 'string'}]}]
    """
    return [{"name": name, **_yaml_of(feature)} for name, feature in features.items()]


def _yaml_of(feature: Feature) -> dict[str, Any]:
    if isinstance(feature, list):
        part = feature[0]
        return {
            "list": part if isinstance(part, str) else as_yaml(part) if isinstance(part, Mapping) else _yaml_of(part)
        }
    return {"struct": as_yaml(feature)} if isinstance(feature, Mapping) else {"dtype": feature}
