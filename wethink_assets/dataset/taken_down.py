"""Which takedowns can touch the rows of some batches."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from wethink_assets.sources.batches import split_batch_key
from wethink_assets.sources.claims import holder
from wethink_assets.storage.retracted import READERS, Retractions
from wethink_assets.storage.store import Store


def touching(store: Store, taken_down: Retractions, batches: Iterable[str]) -> Retractions:
    """What was taken down, without the images and sources that none of the batches holds: those change no version."""
    whole = set(batches)
    sources = {split_batch_key(batch)[0] for batch in whole}

    def held(image: str) -> bool:
        found = holder(store, image)
        return found is None or found.batch in whole

    with ThreadPoolExecutor(READERS) as pool:
        near_by = list(pool.map(held, taken_down.images))
    return Retractions(
        images=tuple(image for image, near in zip(taken_down.images, near_by, strict=True) if near),
        sources=tuple(source for source in taken_down.sources if source in sources),
        licences=taken_down.licences,
    )
