"""From files to images: content known globally, bytes kept, every file accounted for."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wethink_assets.errors import SourceError, StoreError
from wethink_assets.identity import sha256_hex
from wethink_assets.sources.batches import list_batches
from wethink_assets.sources.claims import occurrences
from wethink_assets.sources.ingestion import ingest_batch
from wethink_assets.sources.registration import register_source
from wethink_assets.stages.schemas import IMAGES
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
from wethink_assets.storage.takedowns import Takedown
from wethink_assets_tests.support.images import PHOTOGRAPHS, drawing, encoded, photograph
from wethink_assets_tests.support.s3_server import S3Server
from wethink_assets_tests.support.sources import (
    drawings,
    ingest_all,
    reasons_by_item,
    source_at,
    tar_of,
    write_files,
    zip_of,
)


def test_images_are_kept_and_described(store: Store, tmp_path: Path) -> None:
    photo = photograph("astronaut.png")
    files = {"a.jpg": encoded(photo), "b.dat": encoded(photo, "WEBP"), "c": encoded(photo.convert("L"), "PNG")}
    source = source_at(write_files(tmp_path / "s", files), "web-celebrity", licence="academic use only")
    (key,) = register_source(store, source, 10).batches
    output = ingest_batch(store, source, key)
    assert output.results.schema == IMAGES
    assert output.rejections.is_empty()
    for row in output.results.iter_rows(named=True):
        data = files[row["item"]]
        assert row["image_id"] == sha256_hex(data)
        assert Blobs(store).read(row["blob"]) == data
        assert (row["source"], row["batch"], row["licence"]) == ("web-celebrity", key, "academic use only")
        assert (row["width"], row["height"], row["bytes"]) == (*photo.size, len(data))
    # The extension is that of the content, not of the name.
    assert [blob.rpartition(".")[2] for blob in output.results["blob"]] == ["jpg", "webp", "png"]
    assert output.results["mode"].to_list() == ["RGB", "RGB", "L"]


def test_what_was_taken_down_is_not_kept(local: Store, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "s", {"a.png": drawing(1), "b.png": drawing(2)})
    (key,) = register_source(local, source_at(folder), 10).batches
    taken_down = Takedown(kind="image", name=sha256_hex(drawing(1)), created=datetime.now(UTC))
    local.create(taken_down.path, taken_down.model_dump_json().encode())
    output = ingest_batch(local, source_at(folder), key)
    assert output.results["item"].to_list() == ["b.png"] and reasons_by_item(output) == {"a.png": "retracted"}
    assert len(local.files("blobs")) == 1
    whole = Takedown(kind="source", name=source_at(folder).name, created=datetime.now(UTC))
    local.create(whole.path, whole.model_dump_json().encode())
    assert reasons_by_item(ingest_batch(local, source_at(folder), key)) == {"a.png": "retracted", "b.png": "retracted"}


def test_every_file_is_an_image_or_a_rejection(local: Store, tmp_path: Path) -> None:
    good = encoded(photograph("coffee.png"))
    files = {
        "good.jpg": good,
        "empty.jpg": b"",
        "page.jpg": b"<html>not found</html>",
        "cut.jpg": good[: len(good) // 2],
        "tiny.png": encoded(photograph("coffee.png").resize((27, 60)), "PNG"),
        "same.jpg": good,
        "gone.png": drawing(1),
        "changed.png": drawing(2),
    }
    folder = write_files(tmp_path / "s", files)
    register_source(local, source_at(folder), 10)
    (folder / "gone.png").unlink()
    (folder / "changed.png").write_bytes(drawing(3))
    output = ingest_all(local, source_at(folder))
    assert output.results["item"].to_list() == ["good.jpg"]
    assert reasons_by_item(output) == {
        "empty.jpg": "empty",
        "page.jpg": "not_an_image",
        "cut.jpg": "truncated",
        "tiny.png": "too_small",
        "same.jpg": "already_ingested",
        "gone.png": "unreadable",
        "changed.png": "changed_since_registration",
    }
    found = register_source(local, source_at(folder), 10)
    assert found.changed == 1 and ingest_all(local, source_at(folder), found.batches).results.height == 1


def test_content_is_known_across_sources_and_all_occurrences_are_kept(store: Store, tmp_path: Path) -> None:
    shared = drawing(7)
    coco = source_at(write_files(tmp_path / "coco", {"1.png": shared, "2.png": drawing(8)}), "coco", licence="A")
    vg = source_at(write_files(tmp_path / "vg", {"x/9.png": shared, "x/8.png": shared}), "vg", licence="B")
    register_source(store, coco, 10)
    register_source(store, vg, 10)
    first, second = ingest_all(store, coco), ingest_all(store, vg)
    assert first.results.height == 2 and second.results.is_empty()
    for detail in second.rejections["detail"]:
        assert detail == f"sha256 {sha256_hex(shared)} is held by coco.000001 as 1.png"
    found = occurrences(store, sha256_hex(shared))
    assert [(one.source, one.batch, one.item, one.licence) for one in found] == [
        ("coco", "coco.000001", "1.png", "A"),
        ("vg", "vg.000001", "x/8.png", "B"),
        ("vg", "vg.000001", "x/9.png", "B"),
    ]
    assert occurrences(store, "0" * 64) == []


def test_running_a_batch_again_gives_the_same(local: Store, tmp_path: Path) -> None:
    source = source_at(write_files(tmp_path / "s", {**drawings(20), "copy.png": drawing(3)}))
    register_source(local, source, 7)
    once = [ingest_batch(local, source, key) for key in list_batches(local)]
    again = [ingest_batch(local, source, key) for key in reversed(list_batches(local))][::-1]
    for one, other in zip(once, again, strict=True):
        assert one.results.equals(other.results) and one.rejections.equals(other.rejections)


def test_source_and_store_on_s3(s3: S3Server, store: Store) -> None:
    client, prefix = s3.client(), uuid.uuid4().hex
    files = {**drawings(5), "a.zip": zip_of(drawings(4, first=10)), "b.tar.gz": tar_of(drawings(3, first=20), "w:gz")}
    for path, data in files.items():
        client.put_object(Bucket=s3.bucket, Key=f"{prefix}/{path}", Body=data)
    source = source_at(f"s3://{s3.bucket}/{prefix}", options=s3.options)
    register_source(store, source, 5)
    client.put_object(Bucket=s3.bucket, Key=f"{prefix}/train/00004.png", Body=drawing(70))
    client.delete_object(Bucket=s3.bucket, Key=f"{prefix}/train/00003.png")
    output = ingest_all(store, source)
    assert output.results.height == 10
    assert reasons_by_item(output) == {
        "train/00003.png": "unreadable",
        "train/00004.png": "changed_since_registration",
    }
    assert Blobs(store).read(output.results["blob"][0])


def test_wrong_credentials_are_an_error_that_names_the_location(s3: S3Server, local: Store, tmp_path: Path) -> None:
    source = source_at(f"s3://{s3.bucket}/secret", options={**s3.options, "secret": "wrong"})
    with pytest.raises(SourceError, match="secret"):
        register_source(local, source, 10)


def test_photographs_of_every_kind_go_through(local: Store, tmp_path: Path) -> None:
    forms = ("JPEG", "PNG", "WEBP", "TIFF")
    files = {f"{name}.{form.lower()}": encoded(photograph(name), form) for name in PHOTOGRAPHS for form in forms}
    source = source_at(write_files(tmp_path / "s", files))
    register_source(local, source, 50)
    seen: list[tuple[int, int]] = []
    for key in list_batches(local):
        ingest_batch(local, source, key, lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] and all(done <= total for done, total in seen)
    output = ingest_all(local, source)
    assert output.results.height == len(files) and set(output.results["format"]) == {f.lower() for f in forms}


def test_what_cannot_run_says_why(local: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no batch mine\.000001"):
        ingest_batch(local, source_at(tmp_path), "mine.000001")
    folder = write_files(tmp_path / "s", drawings(1))
    register_source(local, source_at(folder), 10)
    with pytest.raises(SourceError, match="not configured"):
        ingest_batch(local, source_at(""), "mine.000001")
    with pytest.raises(SourceError, match="does not exist"):
        ingest_batch(local, source_at(tmp_path / "moved"), "mine.000001")
