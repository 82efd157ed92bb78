"""Claims without their bytes, as a power cut leaves them, are nobody's; those of images that a table holds stay and are named."""

from pathlib import Path

import pytest

from wethink_assets.errors import StoreError
from wethink_assets.sources.claims import Occurrence, claim, content_rejected, holder, note, note_rejected, occurrences
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.sources import drawings, source_at, write_files

ONE, TWO = "a" * 64, "b" * 64
OURS = Occurrence("mine", "mine.000001", "1.png", "CC0-1.0")


@pytest.mark.parametrize("torn", [b"", bytes(80), b'{"batch":"mi', b'{"batch":"mi' + bytes(30)])
def test_a_torn_claim_is_claimed_by_who_meets_its_image(tmp_path: Path, torn: bytes) -> None:
    store = Store.open(str(tmp_path))
    for image in (ONE, TWO):
        store.publish(f"claims/{image[:2]}/{image}.json", torn)
    store.publish(f"rejected/{ONE[:2]}/{ONE}.json", torn)
    assert claim(store, ONE, OURS) == OURS == holder(store, ONE)
    assert store.files("rejected") == [] and store.files("claims") == [f"claims/aa/{ONE}.json"]
    assert holder(store, TWO) is None and content_rejected(store, ONE) is None


def test_a_torn_note_is_none(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    claim(store, ONE, OURS)
    note(store, ONE, OURS._replace(item="2.png"))
    (path,) = (path for path in store.files("claims") if path.count("/") == 3)
    store.publish(path, b"")
    assert occurrences(store, ONE) == [OURS]
    note_rejected(store, TWO, OURS)
    assert content_rejected(store, TWO) == OURS


def test_a_torn_claim_of_an_image_in_a_table_is_damage(tmp_path: Path) -> None:
    store, source = Store.open(str(tmp_path / "store")), source_at(write_files(tmp_path / "s", drawings(2)))
    (key,) = register_source(store, source, batch_size=10).batches
    output = ingest_batch(store, source, key)
    Tables(store).publish("images", key, output, Provenance())
    image = output.results["image_id"][0]
    store.publish(f"claims/{image[:2]}/{image}.json", b"")
    with pytest.raises(StoreError, match=f"{image}.json is damaged"):
        claim(store, image, OURS)
