"""Claims on images: the first batch to claim a content keeps it, and later occurrences are noted beside it.

`claims/<2 hex>/<sha256>.json` is created once and never changed, so two batches that meet the same content agree on
its holder, and a batch that runs again finds its own claims. The cost of a claim does not grow with the dataset.
A claim is void once its batch has published a table without the image (`sources.standing_claims`). Whoever meets the image next then succeeds to
it by creating `<sha256>.2.json`, and so on: the highest number tells the holder.
Claims are on the disk when their batch's table is published, not before (`sources.torn_claims`).
`rejected/<2 hex>/<sha256>.json` notes a content that is no usable image, so that it is known again too.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from wethink_assets.errors import StoreError
from wethink_assets.identity import canonical_json, digest_of
from wethink_assets.sources.images.decoding import ImageFault, examine
from wethink_assets.sources.torn_claims import drop_torn_claims, is_torn
from wethink_assets.storage.store import Store
from wethink_assets.storage.table_files import scan_table
from wethink_assets.storage.tables import Tables
from wethink_assets.storage.takedowns import takedowns_of

TABLES_IN_MEMORY = 16


class Occurrence(NamedTuple):
    """One place where an image's bytes were found."""

    source: str
    batch: str
    item: str
    licence: str


def _path(image_id: str) -> str:
    return f"claims/{image_id[:2]}/{image_id}"


def claim_path(image_id: str, number: int = 1) -> str:
    """File that says who holds an image, or who succeeded to it as the `number`th."""
    return f"{_path(image_id)}.json" if number == 1 else f"{_path(image_id)}.{number}.json"


def holder(store: Store, image_id: str) -> Occurrence | None:
    """The occurrence that holds an image, or None while nobody does."""
    return newest_claim(store, image_id)[1]


def newest_claim(store: Store, image_id: str) -> tuple[int, Occurrence | None]:
    """The claim in force on an image: which it is, from 1 on, and the occurrence that holds the image; 0 and None while nobody does."""
    number, held = 0, None
    while (later := _read(store, claim_path(image_id, number + 1))) is not None:
        number, held = number + 1, later
    return number, held


def claim(
    store: Store,
    image_id: str,
    occurrence: Occurrence,
    is_void: Callable[[Occurrence], bool] = lambda held: False,
    newest: tuple[int, Occurrence | None] = (0, None),
) -> Occurrence:
    """Claim an image for an occurrence; returns who holds it, `occurrence` itself where the claim succeeded.

    Args:
        is_void: whether a claim stands no more, so that the next one succeeds to it.
        newest: the claim in force as the caller has seen it.
    """
    data = canonical_json(occurrence._asdict())
    while newest[1] is None or is_void(newest[1]):
        number = newest[0] + 1
        # Twice: it may be torn, and removed by that look.
        for _ in range(2):
            if store.create(claim_path(image_id, number), data, durable=False):
                return occurrence
            held = _read(store, claim_path(image_id, number))
            if held is not None:
                break
        else:
            raise StoreError(f"the claim on image {image_id} vanished from {store.url}")
        newest = number, held
    return newest_claim(store, image_id)[1] or newest[1]


def note(store: Store, image_id: str, occurrence: Occurrence) -> None:
    """Keep an occurrence of an image that another holds."""
    path = f"{_path(image_id)}/{digest_of(list(occurrence))[:32]}.json"
    store.create(path, canonical_json(occurrence._asdict()), durable=False)


def occurrences(store: Store, image_id: str) -> list[Occurrence]:
    """All places where an image was found: its holder first, then the others in order."""
    first = holder(store, image_id)
    names = store.names(_path(image_id))
    paths = [f"{_path(image_id)}/{name}" for name in names]
    others = sorted(other for path in paths if (other := _read(store, path)) is not None)
    return ([first] if first else []) + others


def note_rejected(store: Store, content: str, occurrence: Occurrence) -> None:
    """Keep which file had a content first that was rejected for what it is."""
    store.create(_rejected_path(content), canonical_json(occurrence._asdict()), durable=False)


def content_rejected(store: Store, content: str) -> Occurrence | None:
    """The file that had a content first that was rejected for what it is; None where none was."""
    return _read(store, _rejected_path(content))


class KnownContents:
    """Contents that the store knows: images that a batch holds by now, and files that were rejected for what they are."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tables = Tables(store)
        self._takedowns = takedowns_of(store)
        self._retracted = frozenset(self._takedowns.images)
        self._by_batch: OrderedDict[str, _BatchImages] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self._store.names("claims") or self._store.names("rejected"))

    def was_read(self, batch: str) -> bool:
        """Whether a batch went through its ingestion."""
        return self._tables.current("images", batch) is not None

    def held(self, content: str) -> Occurrence | None:
        """Who holds an image: a batch whose table in force has it, or had it before it was taken down."""
        occurrence = holder(self._store, content)
        if occurrence is None:
            return None
        # A claim is made before its batch is done, which may find the file gone when it goes on.
        if content in self._retracted or content in self.of(occurrence.batch).images:
            return occurrence
        return None

    def rejected(self, content: str, data: bytes) -> Occurrence | None:
        """The file that had a content which was rejected for what it is, if it would be rejected today."""
        occurrence = content_rejected(self._store, content)
        return occurrence if occurrence is not None and isinstance(examine(data), ImageFault) else None

    def of(self, batch: str) -> "_BatchImages":
        """Images of a batch's table in force; none before its ingestion."""
        with self._lock:
            if batch in self._by_batch:
                self._by_batch.move_to_end(batch)
                return self._by_batch[batch]
            commit = self._tables.current("images", batch)
            by_item: dict[str, str] = {}
            if commit is not None:
                results = scan_table(self._store, commit, "results").select("item", "image_id")
                by_item = dict(results.collect().iter_rows())
            self._by_batch[batch] = _BatchImages(by_item, frozenset(by_item.values()))
            if len(self._by_batch) > TABLES_IN_MEMORY:
                self._by_batch.popitem(last=False)
            return self._by_batch[batch]


class _BatchImages(NamedTuple):
    """Images of one batch: by item, and all of them."""

    by_item: dict[str, str]
    images: frozenset[str]


def _rejected_path(content: str) -> str:
    return f"rejected/{content[:2]}/{content}.json"


def _read(store: Store, path: str) -> Occurrence | None:
    data = store.read_if_present(path)
    if data is not None and store.local and is_torn(data):
        drop_torn_claims(store, path)
        data = store.read_if_present(path)
    return None if data is None else _occurrence(store, path, data)


def _occurrence(store: Store, path: str, data: bytes) -> Occurrence:
    try:
        return Occurrence(**json.loads(data))
    except (ValueError, TypeError) as error:
        raise StoreError(f"{store.link(path)} is damaged: {error}") from error
