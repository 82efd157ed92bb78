"""Images of a folder are taken once, whatever metadata says of them; what it refers to and is not there is named."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.sources.listing import list_source
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.full_disk import full_disk
from wethink_assets_tests.support.sources import drawings, ingest_all, registered, source_at, write_files, zip_of

PICTURES = drawings(4)
NAMES = list(PICTURES)


def lines(*records: Any) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def named(store: Store, folder: Path, **metadata: bytes) -> list[tuple[str, str]]:
    """Refusals of a folder of four images and metadata; the images are always taken, each once."""
    files = {name.replace("__", "/").replace("_dot_", "."): data for name, data in metadata.items()}
    write_files(folder, {**PICTURES, **files})
    outcome = registered(store, folder, batch_size=100)
    assert outcome.files == 4 and outcome.ignored.counts["text"] == len(files)
    assert ingest_all(store, source_at(folder)).results.height == 4
    return [(refusal.name, refusal.reason) for refusal in outcome.refusals]


ALL = [
    lines({"file_name": "00000.png"}, {"file_name": "00001.png", "text": "x"}, {"file_name": "9.png"}),
    lines({"left_file_name": "00000.png", "right_file_name": "9.png"}),
    lines({"file_names": ["00000.png", "9.png"]}),
    lines({"images": ["train/00000.png", "9.png"], "messages": [{"role": "user", "content": "<image>9.png"}]}),
    lines({"image": "train/00000.png"}, {"image": ["9.png", "00001.png"]}, {"image": 7, "other": "gone.png"}),
    lines({"images": [{"path": "train/00000.png"}, {"bytes": None, "path": "9.png"}]}),
    lines({"messages": [{"content": [{"type": "image", "image": "9.png"}, {"type": "text", "text": "a.png"}]}]}),
]


@pytest.mark.parametrize("data", ALL)
def test_each_form_names_what_is_missing(data: bytes, local: Store, tmp_path: Path) -> None:
    [(name, reason)] = named(local, tmp_path / "s", train__metadata_dot_jsonl=data)
    assert reason == "missing_file" and name.startswith("train/metadata.jsonl::0000000")


@pytest.mark.parametrize("width", [None, 1])
def test_an_array_of_json_is_read_as_lines_are(width: int | None, local: Store, tmp_path: Path) -> None:
    records = [{"id": number, "image": f"train/{number:05d}.png"} for number in range(3000)]
    refused = named(local, tmp_path / "s", llava_dot_json=json.dumps(records, indent=width).encode())
    assert len(refused) == 2996 and refused[0] == ("llava.json::00000004/image", "missing_file")


def test_a_table_of_csv(local: Store, tmp_path: Path) -> None:
    data = b"file_name,label\n00000.png,a\n9.png,b\n"
    assert named(local, tmp_path / "s", train__metadata_dot_csv=data) == [
        ("train/metadata.csv::00000001/file_name", "missing_file")
    ]


def test_paths_with_backslashes_are_met(local: Store, tmp_path: Path) -> None:
    data = b"file_name,label\ntrain\\00000.png,a\n.\\train\\00001.png,b\ntrain\\9.png,c\n"
    assert named(local, tmp_path / "s", metadata_dot_csv=data) == [("metadata.csv::00000002/file_name", "missing_file")]


@pytest.mark.parametrize("path", ["../../x.png", "/etc/passwd.png", "C:\\x.png", "..\\..\\x.png"])
def test_paths_that_leave_the_source_are_refused(path: str, local: Store, tmp_path: Path) -> None:
    [(_, reason)] = named(local, tmp_path / "s", train__metadata_dot_jsonl=lines({"file_name": path}))
    assert reason == "unsafe_path"


def test_addresses_and_base64_are_named_once_a_column(local: Store, tmp_path: Path) -> None:
    records = [
        {"image": "data:image/png;base64," + "iVBOR" * 40, "image_url": f"https://example.org/{n}.png"}
        for n in range(5)
    ]
    assert named(local, tmp_path / "s", data_dot_jsonl=lines(*records)) == [
        ("data.jsonl::image", "base64"),
        ("data.jsonl::image_url", "address"),
    ]


def test_references_to_members_of_archives_are_met(local: Store, tmp_path: Path) -> None:
    data = lines({"image": "train/00000.png"}, {"image": "pictures/train/00001.png"}, {"image": "0.png"})
    write_files(tmp_path / "s", {"a.zip": zip_of(PICTURES, zipfile.ZIP_STORED), "a.jsonl": data})
    outcome = registered(local, tmp_path / "s", batch_size=100)
    assert outcome.files == 4
    assert [refusal.name for refusal in outcome.refusals] == ["a.jsonl::00000001/image", "a.jsonl::00000002/image"]


def test_a_missing_shard_of_what_datasets_saved_is_named(local: Store, tmp_path: Path) -> None:
    state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": None}
    assert named(local, tmp_path / "s", state_dot_json=json.dumps(state).encode()) == [
        ("state.json::00000000/_data_files.filename", "missing_file")
    ]


def test_other_json_says_nothing(local: Store, tmp_path: Path) -> None:
    assert not named(
        local,
        tmp_path / "s",
        a_dot_json=b'{"version": 1}',
        b_dot_json=b"no json",
        c_dot_jsonl=b'{"question": "what?"}\n{broken\n\n[1]\n',
        d_dot_csv=b"",
        e_dot_json=b"[]",
        f_dot_tsv=b"\xff\xfe\x00",
    )


def test_a_broken_array_is_named(local: Store, tmp_path: Path) -> None:
    assert named(local, tmp_path / "s", a_dot_json=b'[{"image": "train/00000.png"}, {"im') == [("a.json", "unreadable")]


def test_files_that_stand_beside_one_image_each_are_no_metadata(local: Store, tmp_path: Path) -> None:
    sidecars = {f"n{number}_dot_json": b'{"image": "gone.png"}' for number in range(51)}
    assert named(local, tmp_path / "s", **sidecars) == []


def test_a_listing_needs_no_room_for_what_metadata_names(local: Store, tmp_path: Path) -> None:
    write_files(tmp_path / "s", {**PICTURES, "metadata.jsonl": lines({"file_name": "9.png"})})
    with full_disk():
        listing = list_source(local, source_at(tmp_path / "s"), read_archives=False)
    assert [refusal.reason for refusal in listing.refusals] == ["missing_file"]
    assert local.files("") == []
