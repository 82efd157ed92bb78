"""Samples of the exports `webdataset` and `fiftyone`: a picture beside JSON in a shard, and FiftyOne's samples with labels."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from wethink_assets.dataset.imports.format import FIELDS, Fields, ImportFormat, Record

PICTURES = ("jpg", "jpeg", "png", "webp", "gif", "tif", "tiff")


def in_shard(record: Record) -> bool:
    """Whether a record is a sample of a shard: a picture and `json` by their extensions."""
    return "json" in record and any(name in record for name in PICTURES)


def shard_fields(record: Record) -> Iterator[Fields]:
    """The one pair of a sample. Raises `ValueError` where its JSON is none."""
    about = json.loads(record["json"]) if isinstance(record["json"], (bytes, str)) else record["json"]
    if not isinstance(about, Mapping):
        raise ValueError("its json is no object")
    fields = {name: about[name] for name in FIELDS if name in about}
    yield {**fields, "image": next(record[name] for name in PICTURES if name in record)}


def in_fiftyone(record: Record) -> bool:
    """Whether a record is a sample of FiftyOne."""
    return "filepath" in record and "tags" in record


def fiftyone_fields(record: Record) -> Iterator[Fields]:
    """The one pair of a sample, its labels as plain values."""
    fields = {name: _plain(record[name]) for name in FIELDS if name in record}
    yield {**fields, "image": record["filepath"]}


def _plain(value: Any) -> Any:
    return value.get("label") if isinstance(value, Mapping) and value.get("_cls") == "Classification" else value


WEBDATASET = ImportFormat("shards of pictures and JSON", in_shard, shard_fields)
FIFTYONE = ImportFormat("FiftyOne's samples", in_fiftyone, fiftyone_fields)
