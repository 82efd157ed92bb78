"""Verification of an export by what it carries: `SHA256SUMS`, `croissant.json`, manifest and card, against its files and against each other.

Nothing but the folder is needed, on whatever machine it lies. Sums show that a file is not what it was. Where they were made anew after a change,
the other three still tell: `croissant.json` and the card have the size and sha256 of files, too, the manifest has its seal, and the card's figures,
licences and splits are counted again in the rows.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
import yaml
from pydantic import ValidationError

from wethink_assets.dataset.exports.checksums import SUMS, FileSum, sums_of, sums_text
from wethink_assets.dataset.exports.contents import COUNTED, Contents, contents_of
from wethink_assets.dataset.exports.croissant import CROISSANT, IMAGE_FILES, described
from wethink_assets.dataset.exports.export_card import CARD, counts_text, images_text, licences_text, rows_text
from wethink_assets.dataset.exports.files import NESTED, read_rows
from wethink_assets.dataset.versions.manifest import MANIFEST, Manifest
from wethink_assets.dataset.versions.verification import Fault
from wethink_assets.errors import VersionError
from wethink_assets.stages.schemas import STRINGS

__all__ = ["ExportVerification", "verify_export"]

LINE = re.compile(r"([0-9a-f]{64})  (.+)")
LISTED = re.compile(r"^\| `([^`]+)` \| .*\| (\d+) \| `([0-9a-f]{64})` \|$", re.MULTILINE)
"""A file's line in the card: name, bytes and sha256."""
COLUMNS = (*COUNTED, "abilities", "image_id", "agreement")


@dataclass(slots=True)
class ExportVerification:
    """What of an export was checked and what is wrong with it."""

    folder: str
    version: str = ""
    files: int = 0
    bytes: int = 0
    rows: int = 0
    images: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify_export(folder: Path, progress: Callable[[int, int], None] | None = None) -> ExportVerification:
    """Check the folder of an export, and name each file that is missing, altered, damaged or does not belong to it.

    Args:
        progress: called with bytes read and bytes in all.

    Raises `VersionError` when there is no folder, or nothing in it is of an export.
    """
    if not folder.is_dir():
        raise VersionError(f"{folder} is no folder: name a version, a release, or the folder of an export")
    if not any((folder / name).exists() for name in (SUMS, CROISSANT, MANIFEST)):
        raise VersionError(f"{folder} is no export: it has neither {SUMS} nor {CROISSANT} nor {MANIFEST}")
    result = ExportVerification(str(folder))
    names = sorted(_names(folder, result.faults))
    sums = sums_of(folder, names, progress)
    result.files, result.bytes = len(sums), sum(known.bytes for known in sums.values())
    _check_sums(folder, sums, result.faults)
    listed = {name: known for name, known in sums.items() if name != SUMS}
    manifest = _manifest(folder, result.faults)
    croissant = _croissant(folder, listed, result.faults)
    if manifest is not None and croissant is not None:
        result.version = manifest.version
        contents = _contents(folder, croissant, manifest, listed, result)
        _check_card(folder, croissant, listed, contents, result.faults)
    result.faults = sorted(set(result.faults))
    return result


def _names(folder: Path, faults: list[Fault]) -> Iterator[str]:
    """Files below the folder; what is none, and folders without any, do not belong to an export."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            faults.append(Fault(name, "unexpected", "a link or device, not a file"))
        elif path.is_file():
            yield name
        elif not any(path.iterdir()):
            faults.append(Fault(name, "unexpected", "an empty folder"))


def _check_sums(folder: Path, sums: Mapping[str, FileSum], faults: list[Fault]) -> None:
    """Hold the files against `SHA256SUMS`, which is written in one way only: what `sha256sum` overlooks in it shows, too."""
    if SUMS not in sums:
        faults.append(Fault(SUMS, "missing", "the export's own sums"))
        return
    text = (folder / SUMS).read_bytes().decode("utf-8", errors="replace")
    listed: dict[str, str] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        match = LINE.fullmatch(line)
        if match:
            listed[match[2]] = match[1]
        else:
            faults.append(Fault(SUMS, "damaged", f"line {number} is no sum: {line[:80]!r}"))
    for name in listed.keys() - sums.keys():
        faults.append(Fault(name, "missing", f"{SUMS} names it"))
    for name in sums.keys() - listed.keys() - {SUMS}:
        faults.append(Fault(name, "unexpected", f"{SUMS} does not name it"))
    for name in listed.keys() & sums.keys():
        if sums[name].sha256 != listed[name]:
            faults.append(Fault(name, "altered", f"sha256 is {sums[name].sha256[:16]}, was {listed[name][:16]}"))
    if not faults and text != sums_text({name: known for name, known in sums.items() if name != SUMS}):
        faults.append(Fault(SUMS, "altered", "its lines are not those that an export writes"))


def _manifest(folder: Path, faults: list[Fault]) -> Manifest | None:
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        kind = "damaged" if (folder / MANIFEST).exists() else "missing"
        faults.append(Fault(MANIFEST, kind, str(error).partition("\n")[0]))
        return None
    if manifest.seal != manifest.sealed().seal:
        faults.append(Fault(MANIFEST, "altered", "its seal is not that of its content"))
    return manifest


def _croissant(folder: Path, listed: Mapping[str, FileSum], faults: list[Fault]) -> dict[str, Any] | None:
    """Metadata of the export, if it can be read; the files that it lists are held against those that are there."""
    try:
        metadata: dict[str, Any] = json.loads((folder / CROISSANT).read_text(encoding="utf-8"))
        parts = list(metadata["distribution"])
        objects = {part["@id"]: part for part in parts if part["@type"] == "cr:FileObject"}
        patterns = [part["includes"] for part in parts if part["@id"] == IMAGE_FILES]
        named = {name: (part["contentSize"], part["sha256"]) for name, part in objects.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        kind = "damaged" if (folder / CROISSANT).exists() else "missing"
        faults.append(Fault(CROISSANT, kind, f"{type(error).__name__}: {error}"))
        return None
    for name, (size, sha256) in named.items():
        known = listed.get(name)
        if known is None:
            faults.append(Fault(name, "missing", f"{CROISSANT} names it"))
        elif (f"{known.bytes} B", known.sha256) != (size, sha256):
            faults.append(Fault(name, "altered", f"{CROISSANT} has another size or sha256 of it"))
    for name in listed.keys() - named.keys() - {CROISSANT, CARD}:
        if not any(fnmatch(name, pattern) for pattern in patterns):
            faults.append(Fault(name, "unexpected", f"{CROISSANT} does not name it"))
    return metadata


@dataclass(frozen=True, slots=True)
class _SplitFile:
    """The file of a split's rows, and the column that names or holds their images."""

    split: str
    name: str
    image: str


def _split_files(croissant: Mapping[str, Any]) -> list[_SplitFile]:
    files = []
    for record_set in croissant["recordSet"]:
        for entry in record_set.get("field", ()):
            if entry["name"] == "image" and "fileObject" in entry["source"]:
                extract = entry["source"]["extract"]
                column = extract.get("column") or extract["jsonPath"].rpartition(".")[2]
                files.append(_SplitFile(record_set["name"], entry["source"]["fileObject"]["@id"], column))
    return files


def _contents(
    folder: Path,
    croissant: Mapping[str, Any],
    manifest: Manifest,
    listed: Mapping[str, FileSum],
    result: ExportVerification,
) -> Contents | None:
    """Figures of the rows as they are in the files; none where the format does not tell how it is read, or a file cannot be."""
    frames: list[pl.DataFrame] = []
    images: set[str] = set()
    try:
        files = _split_files(croissant)
    except (KeyError, TypeError, AttributeError) as error:
        result.faults.append(Fault(CROISSANT, "damaged", f"{type(error).__name__}: {error}"))
        return None
    named = any(part["@id"] == IMAGE_FILES for part in croissant["distribution"])
    for file in files:
        try:
            for rows in read_rows(folder / file.name, (*COLUMNS, *([file.image] if named else []))):
                counted = [_counted(row) for row in rows]
                frames.append(pl.DataFrame(counted, schema_overrides={"abilities": STRINGS}, infer_schema_length=None))
                if named:
                    images |= _image_names(rows, file, listed, result.faults)
                result.rows += len(rows)
                if strange := {str(row.get("split", file.split)) for row in counted} - {file.split}:
                    result.faults.append(Fault(file.name, "altered", f"holds rows of {', '.join(sorted(strange))}"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, pl.exceptions.PolarsError) as error:
            culprit = file.name if file.name in listed else CROISSANT
            detail = f"rows of {file.name} cannot be read: {type(error).__name__}: {error}"
            result.faults.append(Fault(culprit, "damaged", detail[:300]))
            return None
    if named:
        _check_images(croissant, files, images, listed, result.faults)
    if not frames:
        return None
    table = pl.concat(frames, how="diagonal_relaxed")
    absent = [name for name in COLUMNS if name not in table.columns]
    filled = table.with_columns(
        pl.lit(None, STRINGS if name == "abilities" else pl.String()).alias(name) for name in absent
    )
    contents = contents_of(filled.lazy(), manifest)
    if "image_id" in absent:
        contents = replace(contents, images=len(images), licences=())
    result.images = contents.images
    return contents


def _counted(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that a card counts, of a row in any format: plain, below `extra_info`, or as a label."""
    values = {**row, **(row.get(NESTED) or {})}
    return {
        name: values[name].get("label") if isinstance(values[name], dict) else values[name]
        for name in COLUMNS
        if name in values
    }


def _image_names(
    rows: list[dict[str, Any]], file: _SplitFile, listed: Mapping[str, FileSum], faults: list[Fault]
) -> set[str]:
    """Names of the image files of rows, which are below the folder, or beside the file of the rows."""
    found = set()
    for row in rows:
        value = row[file.image]
        for path in value if isinstance(value, list) else [value]:
            beside = str(PurePosixPath(file.name).parent / path)
            name = next((name for name in (path, beside) if name in listed), None)
            if name is None:
                faults.append(Fault(path, "missing", f"a row of {file.name} names it"))
            else:
                found.add(name)
    return found


def _check_images(
    croissant: Mapping[str, Any],
    files: list[_SplitFile],
    images: set[str],
    listed: Mapping[str, FileSum],
    faults: list[Fault],
) -> None:
    (pattern,) = (part["includes"] for part in croissant["distribution"] if part["@id"] == IMAGE_FILES)
    objects = {part["@id"] for part in croissant["distribution"]} | {file.name for file in files}
    for name in listed:
        if fnmatch(name, pattern) and name not in objects and name not in images:
            faults.append(Fault(name, "unexpected", "no row names this image"))


def _check_card(
    folder: Path,
    croissant: Mapping[str, Any],
    listed: Mapping[str, FileSum],
    contents: Contents | None,
    faults: list[Fault],
) -> None:
    """Hold the card against files and figures: what it must say is made anew and looked for in it."""
    try:
        card = (folder / CARD).read_text(encoding="utf-8")
        front = yaml.safe_load(card.split("---\n")[1])
        splits = {part["name"]: part["num_examples"] for part in (front.get("dataset_info") or {}).get("splits", ())}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, yaml.YAMLError) as error:
        kind = "damaged" if (folder / CARD).exists() else "missing"
        faults.append(Fault(CARD, kind, f"its front matter cannot be read: {type(error).__name__}"))
        return
    patterns = [part["includes"] for part in croissant["distribution"] if part["@id"] == IMAGE_FILES]
    objects = {part["@id"] for part in croissant["distribution"]} | {CROISSANT}
    others = {name: known for name, known in listed.items() if name != CARD}
    images = {
        name: known
        for name, known in others.items()
        if name not in objects and any(fnmatch(name, pattern) for pattern in patterns)
    }
    expected = {(name, str(known.bytes), known.sha256) for name, known in others.items() if name not in images}
    for name in sorted({name for name, _, _ in expected ^ set(LISTED.findall(card))}):
        faults.append(Fault(CARD, "altered", f"its line of {name} is not that of the file"))
    wanted = {"images": images_text(images)} if images else {}
    if contents is not None:
        wanted |= {f"count by {name}": text for name, text in counts_text(contents).items()}
        if contents.images:
            wanted["rows and images"] = rows_text(contents)
            if croissant.get("description") != described(contents):
                faults.append(Fault(CROISSANT, "altered", "its description is not what its files say"))
        if contents.licences and any(entry.source is not None for entry in contents.licences):
            wanted["licences by source"] = licences_text(contents)
        if splits and splits != contents.splits:
            faults.append(Fault(CARD, "altered", f"its front matter has {splits} rows, its files {contents.splits}"))
    for name, text in wanted.items():
        if text not in card:
            faults.append(Fault(CARD, "altered", f"its figures of {name} are not what its files say"))
