"""What a second process runs in the test of two registrations at once; it imports little, so both start soon."""

from typing import Any

from wethink_assets.sources.catalog import Source
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store


def register_at_the_gate(url: str, options: dict[str, Any], location: str, batch_size: int, gate: Any) -> None:
    """Register the source `mine` as soon as all processes stand at the gate."""
    store = Store.open(url, **options)
    source = Source("mine", "Mine", "test", "", "", "CC0-1.0", location=location)
    gate.wait()
    register_source(store, source, batch_size)
