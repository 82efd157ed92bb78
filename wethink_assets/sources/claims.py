"""Claims on images: the first batch to claim a content keeps it, and later occurrences are noted beside it.

`claims/<2 hex>/<sha256>.json` is created once and never changed, so two batches that meet the same content agree on
its holder, and a batch that runs again finds its own claims. The cost of a claim does not grow with the dataset.
"""

import json
from typing import NamedTuple

from wethink_assets.errors import StoreError
from wethink_assets.identity import canonical_json, digest_of
from wethink_assets.storage.store import Store


class Occurrence(NamedTuple):
    """One place where an image's bytes were found."""

    source: str
    batch: str
    item: str
    licence: str


def _path(image_id: str) -> str:
    return f"claims/{image_id[:2]}/{image_id}"


def holder(store: Store, image_id: str) -> Occurrence | None:
    """The occurrence that holds an image, or None while nobody does."""
    data = store.read_if_present(f"{_path(image_id)}.json")
    return _occurrence(store, f"{_path(image_id)}.json", data) if data is not None else None


def claim(store: Store, image_id: str, occurrence: Occurrence) -> Occurrence:
    """Claim an image for an occurrence; returns who holds it, `occurrence` itself where the claim succeeded."""
    if store.create(f"{_path(image_id)}.json", canonical_json(occurrence._asdict())):
        return occurrence
    held = holder(store, image_id)
    if held is None:
        raise StoreError(f"the claim on image {image_id} vanished from {store.url}")
    return held


def note(store: Store, image_id: str, occurrence: Occurrence) -> None:
    """Keep an occurrence of an image that another holds."""
    store.create(f"{_path(image_id)}/{digest_of(list(occurrence))[:32]}.json", canonical_json(occurrence._asdict()))


def occurrences(store: Store, image_id: str) -> list[Occurrence]:
    """All places where an image was found: its holder first, then the others in order."""
    first = holder(store, image_id)
    names = store.names(_path(image_id))
    paths = [f"{_path(image_id)}/{name}" for name in names]
    others = sorted(_occurrence(store, path, store.read(path)) for path in paths)
    return ([first] if first else []) + others


def _occurrence(store: Store, path: str, data: bytes) -> Occurrence:
    try:
        return Occurrence(**json.loads(data))
    except (ValueError, TypeError) as error:
        raise StoreError(f"{store.link(path)} is damaged: {error}") from error
