"""The story of a row for its page: what `explain_row` tells, put in sections of names and values, each text as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.storage.store import Store

__all__ = ["Section", "sections_of", "story_of"]

HIDDEN = frozenset({"schema_version", "slot", "image_id", "occurrences", "pixels", "minhash"})
APART = frozenset({"row_id", "slot", "batch", "told_from", "retracted", "image", "calls", "prompts"})
"""What a page shows elsewhere, or in sections of its own."""
SECTIONS = (
    ("versions", "Versions"),
    ("import", "Imported from"),
    ("description", "Description of the image"),
    ("question", "Question as it was asked for"),
    ("screening", "Verdicts of the filters"),
    ("answers", "Both answers"),
    ("further_stages", "Further stages"),
    ("reasoning_path", "Reasoning path"),
    ("edits", "Edits by hand"),
    ("rejections", "Rejections"),
    ("neighbours", "Rows left out in favour of this one"),
    ("signature", "Signature"),
    ("made_by", "Made by: runs, code, models, prompts"),
    ("trained", "Trained on it"),
)


@dataclass(frozen=True)
class Section:
    """A part of a story: plain values, of which empty ones are left out. `folded` says that it is long and of use to few."""

    title: str
    value: Any
    folded: bool = False


def story_of(store: Store, row_id: str, version: str) -> Mapping[str, Any]:
    """Everything that the store knows of a row. Raises `VersionError` when there is none of this id."""
    return explain_row(store, row_id, version or None)


def sections_of(story: Mapping[str, Any]) -> list[Section]:
    """A story in the order in which it came about: files of the image, stages, calls, prompts."""
    image = story["image"]
    files = [dict(file) for file in image.get("occurrences", ())]
    sections = [Section("Image", _plain({**image, "files": files}))]
    titles = dict(SECTIONS) | {
        name: name.replace("_", " ").capitalize() for name in story.keys() - dict(SECTIONS).keys() - APART
    }
    sections += [Section(title, _plain(story[name])) for name, title in titles.items() if story.get(name)]
    for stage, calls in story["calls"].items():
        if calls:
            sections.append(
                Section(f"Model calls of {stage.replace('_', ' ')} ({len(calls)})", _plain(calls), folded=True)
            )
    prompts = {f"prompt {sha256[:16]}": text for sha256, text in story["prompts"].items() if text}
    if prompts:
        sections.append(Section(f"Prompts ({len(prompts)})", prompts, folded=True))
    return sections


def _plain(value: Any) -> Any:
    """A value without what is empty or of no use to people."""
    if isinstance(value, Mapping):
        pairs = ((str(name).replace("_", " "), _plain(item)) for name, item in value.items() if name not in HIDDEN)
        return {name: item for name, item in pairs if item not in ("", None, [], {})}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [item for item in map(_plain, value) if item not in ("", None, [], {})]
    return value.hex() if isinstance(value, bytes) else value
