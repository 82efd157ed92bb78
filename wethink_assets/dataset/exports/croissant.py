"""`croissant.json` of an export: its files and rows in the Croissant format (MLCommons, version 1.0), which tools read without the package.

Each split that has rows is a record set of its own, with image, answer, split and the other plain columns. Every data file is listed with size
and sha256; images that are files are one file set, joined to the rows by their paths.
"""

import json
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from wethink_assets.dataset.exports.checksums import FileSum
from wethink_assets.dataset.exports.contents import Contents
from wethink_assets.dataset.exports.features import IMAGE, Feature
from wethink_assets.dataset.exports.files import Layout

__all__ = ["CROISSANT", "IMAGE_FILES", "described", "write_croissant"]

CROISSANT = "croissant.json"
FORMATS = {
    ".parquet": "application/x-parquet",
    ".jsonl": "application/jsonlines",
    ".json": "application/json",
    ".tar": "application/x-tar",
    ".py": "text/x-python",
    ".zip": "application/zip",
    ".yaml": "application/yaml",
}
TYPES = {"string": "sc:Text", "bool": "sc:Boolean", "float32": "sc:Float", "float64": "sc:Float"}
IMAGE_FILES = "image-files"
CITATION = "Yang et al. 2025, WeThink, arXiv 2506.07905"
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def described(contents: Contents) -> str:
    """What an export holds, in a sentence."""
    return (
        f"{contents.rows} question-answer pairs with reasoning paths over {contents.images} images; licences of the "
        "images by source are in README.md."
    )


def write_croissant(folder: Path, contents: Contents, layout: Layout | None, sums: Mapping[str, FileSum]) -> None:
    """Write `croissant.json` for the files of an export, whose sums these are."""
    listed = {name: known for name, known in sums.items() if layout is None or not layout.is_image(name)}
    licences = sorted({entry.licence for entry in contents.licences})
    metadata = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": f"WeThink-{contents.version}",
        "description": described(contents),
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "citeAs": CITATION,
        "license": licences[0] if len(licences) == 1 else licences,
        "url": "https://arxiv.org/abs/2506.07905",
        "datePublished": contents.manifest.created.date().isoformat(),
        "version": f"{int(contents.version[1:])}.0.0",
        "distribution": [_file_object(name, known) for name, known in listed.items()]
        + ([_image_set(layout)] if layout and layout.image_files else [])
        + (_shard_sets(layout, contents, listed) if layout else []),
        "recordSet": _record_sets(layout, contents) if layout else [],
    }
    (folder / CROISSANT).write_text(json.dumps(metadata, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _file_object(name: str, known: FileSum) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{known.bytes} B",
        "encodingFormat": FORMATS.get(Path(name).suffix, "text/plain"),
        "sha256": known.sha256,
    }


def _image_set(layout: Layout) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": IMAGE_FILES,
        "name": IMAGE_FILES,
        "encodingFormat": "image/*",
        "includes": layout.image_files,
    }


def _shard_sets(layout: Layout, contents: Contents, listed: Mapping[str, FileSum]) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileSet",
            "@id": f"{split}-pictures",
            "name": f"{split}-pictures",
            "containedIn": [{"@id": name} for name in listed if fnmatch(name, layout.shards[split])],
            "encodingFormat": "image/*",
            "includes": ["*.jpg", "*.png", "*.webp"],
        }
        for split in contents.splits
        if split in layout.shards
    ]


def _record_sets(layout: Layout, contents: Contents) -> list[dict[str, Any]]:
    splits: dict[str, Any] = {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [{"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"}],
        "data": [{"splits/name": split} for split in contents.splits],
    }
    pictures = [split for split in contents.splits if split in layout.shards]
    return [splits, *(_record_set(layout, split) for split in contents.splits), *map(_pictures_of, pictures)]


def _record_set(layout: Layout, split: str) -> dict[str, Any]:
    fields = [_image_field(layout, split)]
    for name, path in (("answer", layout.answer), ("split", layout.split)):
        fields.append(_field(layout, split, name, path, "string"))
    for name, feature in layout.features.items():
        if name not in ("image", "answer", "split") and name != layout.image.partition(".")[0] and _is_plain(feature):
            fields.append(_field(layout, split, name, name, feature))
    return {"@type": "cr:RecordSet", "@id": split, "name": split, "field": fields}


def _is_plain(feature: Feature) -> bool:
    inner = feature[0] if isinstance(feature, list) else feature
    return isinstance(inner, str) and inner != IMAGE


def _field(layout: Layout, split: str, name: str, path: str, feature: Feature) -> dict[str, Any]:
    inner = feature[0] if isinstance(feature, list) else feature
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{split}/{name}",
        "name": name,
        "dataType": TYPES.get(str(inner), "sc:Integer"),
        "source": _source(layout, split, path),
    }
    if isinstance(feature, list):
        field["repeated"] = True
    return field


def _source(layout: Layout, split: str, path: str) -> dict[str, Any]:
    column, _, rest = path.partition(".")
    source: dict[str, Any] = {"fileObject": {"@id": layout.files[split]}}
    if layout.form == "json":
        return {**source, "extract": {"jsonPath": f"samples[*].{path}"}}
    source["extract"] = {"column": column}
    if rest:
        source["transform"] = {"jsonPath": rest}
    return source


def _image_field(layout: Layout, split: str) -> dict[str, Any]:
    """The image itself where it is in the rows or the shard, else the path of its file."""
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{split}/image",
        "name": "image",
        "dataType": "sc:ImageObject",
    }
    feature = layout.features[layout.image]
    if isinstance(feature, list):
        field["repeated"] = True
    source = _source(layout, split, layout.image)
    if layout.image_files or layout.shards:
        return {**field, "dataType": "sc:Text", "description": "name of the image's file", "source": source}
    return {**field, "source": {**source, "transform": {"jsonPath": "bytes"}}}


def _pictures_of(split: str) -> dict[str, Any]:
    """The pictures of the shards of a split by the names of their members, which the rows have as `image`."""
    files = {"fileSet": {"@id": f"{split}-pictures"}}
    return {
        "@type": "cr:RecordSet",
        "@id": f"{split}-images",
        "name": f"{split}-images",
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{split}-images/name",
                "name": "name",
                "dataType": "sc:Text",
                "source": {**files, "extract": {"fileProperty": "filename"}},
            },
            {
                "@type": "cr:Field",
                "@id": f"{split}-images/content",
                "name": "content",
                "dataType": "sc:ImageObject",
                "source": {**files, "extract": {"fileProperty": "content"}},
            },
        ],
    }
