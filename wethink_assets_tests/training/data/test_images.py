"""Images are checked before a run: what is missing, altered or beyond the decoders is named, and an outage is no verdict."""

import os
from pathlib import Path

import pytest

from wethink_assets.errors import ModelError, StoreUnreachable
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.training.data import images
from wethink_assets.training.data.images import UnreadableImages, unreadable_images


@pytest.fixture
def blobs(store: Store) -> Blobs:
    """The blobs of an empty store, on disk and on S3."""
    return Blobs(store)


def decode(data: bytes) -> None:
    if data.startswith(b"heic"):
        raise ModelError("no decoder for HEIC")


def check(blobs: Blobs, paths: list[str]) -> UnreadableImages:
    return unreadable_images(blobs, paths, decode, lambda count: None)


def test_each_fault_has_its_reason(blobs: Blobs) -> None:
    paths = [blobs.put(f"image {number}".encode(), "png") for number in range(5)]
    paths += [blobs.put(f"heic {number}".encode(), "heic") for number in range(2)]
    assert not check(blobs, paths[:5]).reasons
    blobs.store.delete(paths[1])
    blobs.store.publish(paths[3], b"image 4")
    unreadable = check(blobs, paths)
    assert unreadable.reasons == {
        paths[1]: images.MISSING,
        paths[3]: images.ALTERED,
        paths[5]: images.UNDECODABLE,
        paths[6]: images.UNDECODABLE,
    }
    assert "no decoder for HEIC" in unreadable.messages[images.UNDECODABLE]
    assert paths[5] in unreadable.messages[images.UNDECODABLE]


def test_a_first_image_that_is_altered_says_nothing_about_its_format(blobs: Blobs) -> None:
    paths = [blobs.put(f"image {number}".encode(), "png") for number in range(3)]
    blobs.store.publish(paths[0], b"heic")
    assert check(blobs, paths).reasons == {paths[0]: images.ALTERED}


def test_progress_counts_all_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "CHUNK", 2)
    blobs, counts = Blobs(Store.open(str(tmp_path))), list[int]()
    paths = [blobs.put(f"image {number}".encode(), "png") for number in range(5)]
    unreadable_images(blobs, paths, decode, counts.append)
    assert counts == [2, 4, 5]


def test_a_store_that_fails_is_no_verdict_on_its_images(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    blobs = Blobs(store)
    path = blobs.put(b"image", "png")
    target = Path(store.path(path))
    target.unlink()
    os.symlink(target.name, target)  # a loop: the disk cannot read it
    with pytest.raises(StoreUnreachable, match=path):
        check(blobs, [path])


def test_what_was_found_is_kept(tmp_path: Path) -> None:
    unreadable = UnreadableImages()
    unreadable.add("blobs/aa/aa.png", images.MISSING, "it is missing")
    unreadable.write(tmp_path / "unreadable.json")
    assert UnreadableImages.read(tmp_path / "unreadable.json") == unreadable
