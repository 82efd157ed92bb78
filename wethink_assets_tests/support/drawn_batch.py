"""A batch of drawn images: ingested from all sources of the catalog, as one table."""

from pathlib import Path
from typing import Any

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.sources.catalog import sources_of
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.known_sources import KNOWN_SOURCES
from wethink_assets.sources.registration import register_source
from wethink_assets.sources.sample import draw_samples
from wethink_assets.storage.store import Store


def drawn_batch(folder: Path, count: int) -> tuple[Store, dict[str, Any], pl.DataFrame]:
    """A store in the folder with this many images of the 18 sources; settings of the sources; the images' table."""
    draw_samples(folder / "drawn", count, seed=8, hard_share=0.0)
    located = {
        one.name: {"location": str(folder / "drawn" / "images" / one.name), "licence": "CC0-1.0"}
        for one in KNOWN_SOURCES
    }
    settings = Settings.model_validate({"sources": located})
    store = Store.open(str(folder / "store"))
    tables = []
    for source in (sources_of(settings)[one.name] for one in KNOWN_SOURCES):
        tables += [ingest_batch(store, source, key).results for key in register_source(store, source, 64).batches]
    images = pl.concat(tables)
    assert images.height == count
    return store, located, images


def copied(store: Store, folder: Path) -> Store:
    """A store with the same images and nothing else."""
    other = Store.open(str(folder))
    for name in store.names("blobs"):
        for blob in store.names(f"blobs/{name}"):
            other.publish(f"blobs/{name}/{blob}", store.read(f"blobs/{name}/{blob}"))
    return other
