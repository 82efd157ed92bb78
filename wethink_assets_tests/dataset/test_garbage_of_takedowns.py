"""Garbage on a disk and on a server, and of images that were taken down: what nothing else names goes, and nothing that is needed."""

import polars as pl
import pytest

from wethink_assets.dataset.garbage import collect, find_garbage
from wethink_assets.dataset.takedown.erasure import erase
from wethink_assets.dataset.takedown.takedown import Subject, take_down
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Tables
from wethink_assets_tests.support.question_tables import COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.takedowns import IMAGE, TWO, filled, images_of
from wethink_assets_tests.support.versions import cut

pytestmark = pytest.mark.slow  # seconds on a server


def blob_of_one(store: Store) -> str:
    """Where the image that is taken down lies."""
    images = Tables(store).load("images", "coco.000001").results
    return str(images.filter(pl.col("image_id") == IMAGE)["blob"].item())


def grown_without_it(store: Store) -> None:
    Grower(store).grow("coco.000001", [(TWO, [COLOUR])])


def test_what_is_superseded_and_unnamed_goes_from_disk_and_server_alike(store: Store) -> None:
    filled(store)
    before = {Tables(store).current(asset, "coco.000001").folder for asset in stage_names()}  # type: ignore[union-attr]
    path, unnamed = blob_of_one(store), Blobs(store).put(b"unnamed", "png")
    grown_without_it(store)
    listed = {garbage.path for garbage in find_garbage(store, 0.0)}
    removed: set[str] = set()
    collect(store, 0.0, lambda garbage: removed.add(garbage.path))  # also an image that only a collected table named
    assert path in listed and removed == listed
    assert not store.exists(unnamed) and not store.exists(path)
    assert not any(store.files(folder) for folder in before) and not list(find_garbage(store, 0.0))
    assert verify_versions(store, [cut(store)]).sound


def test_an_image_that_was_taken_down_stays_while_a_version_names_it(store: Store) -> None:
    first = cut(filled(store))
    path = blob_of_one(store)
    take_down(store, Subject("image", IMAGE))
    grown_without_it(store)
    second = cut(store)
    collect(store, 0.0)
    assert store.exists(path) and IMAGE in images_of(store, first) and IMAGE not in images_of(store, second)
    assert verify_versions(store, [first, second]).sound


def test_an_image_that_was_taken_down_goes_when_nothing_else_names_it(store: Store) -> None:
    filled(store)
    path = blob_of_one(store)
    take_down(store, Subject("image", IMAGE))
    version = cut(store)
    assert IMAGE not in images_of(store, version)
    collect(store, 0.0)
    assert store.exists(path), "tables that a version names hold it"
    erase(store, Subject("image", IMAGE))
    collect(store, 0.0)
    assert not store.exists(path) and not list(find_garbage(store, 0.0))
    assert verify_versions(store, [version]).sound
