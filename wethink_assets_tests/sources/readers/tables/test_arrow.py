"""Arrow files and streams give the images that `datasets` and pyarrow see in them, and a cut one gives what is whole."""

import io
import random
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pytest

from wethink_assets.sources.locations import FileInfo, Location
from wethink_assets.sources.readers.entries import ReadFailure
from wethink_assets.sources.readers.split_archive import ArchiveStream
from wethink_assets.sources.readers.tables.reader import ARROW
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.sources import drawings, ingest_all, reasons_by_item, registered, source_at

DATA = list(drawings(12).values())
IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})
SIX = pa.table({"image": pa.array([{"bytes": data, "path": "x.png"} for data in DATA[:6]], IMAGE)})


def packed(table: pa.Table, stream: bool = False, rows: int = 2, **options: Any) -> bytes:
    """A table as an IPC file or stream, in record batches of some rows."""
    out = io.BytesIO()
    write = ipc.new_stream if stream else ipc.new_file
    with write(out, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return out.getvalue()


def members(store: Store, folder: Path, data: bytes) -> tuple[list[str], list[str]]:
    """Names of the images in a file, after ingestion, and the reasons of what is refused."""
    folder.mkdir(exist_ok=True)
    (folder / "t.arrow").write_bytes(data)
    refusals = [refusal.reason for refusal in registered(store, folder, batch_size=100).refusals]
    results = ingest_all(store, source_at(folder)).results
    return sorted(item.removeprefix("t.arrow::") for item in results["item"]), refusals


@pytest.mark.parametrize("options", [{}, {"compression": "lz4"}, {"compression": "zstd"}], ids=str)
@pytest.mark.parametrize("stream", [False, True], ids=["file", "stream"])
def test_files_and_streams_are_told_by_their_content(
    stream: bool, options: dict[str, Any], local: Store, tmp_path: Path
) -> None:
    found, refusals = members(local, tmp_path / "s", packed(SIX, stream, **options))
    assert (found, refusals) == ([f"{row:08d}" for row in range(6)], [])


def test_a_record_batch_that_announces_more_rows_than_the_file_can_hold_is_refused_at_once(
    local: Store, tmp_path: Path
) -> None:
    table = pa.table({"image": pa.array([{"bytes": data, "path": None} for data in DATA[:3]], IMAGE)})
    packed_rows = packed(table, stream=True, rows=3)
    announced = (3).to_bytes(8, "little")
    body = packed_rows.index(b"\xff" * 4, 8)  # the second message
    place = packed_rows.index(announced, body)
    damaged = packed_rows[:place] + (5_000_000).to_bytes(8, "little") + packed_rows[place + 8 :]
    started = time.process_time()
    (tmp_path / "t.arrow").write_bytes(damaged)
    refusal = registered(local, tmp_path).refusals[0]
    assert refusal.reason == "damaged_archive" and "more images are announced than" in refusal.detail
    assert time.process_time() - started < 2


def test_streams_of_before_2019_are_read(local: Store, tmp_path: Path) -> None:
    assert len(members(local, tmp_path / "s", packed(SIX, stream=True, use_legacy_format=True))[0]) == 6


@pytest.mark.parametrize(
    ("stream", "left", "rows", "named"),
    [
        (True, -8, 6, False),  # without the mark of the end, which a writer may leave out
        (True, -100, 4, True),
        (True, 0.5, 2, True),
        (False, -20, 6, True),
        (False, 0.5, 2, True),
    ],
)
def test_of_a_cut_file_what_is_whole_is_taken(
    stream: bool, left: float, rows: int, named: bool, local: Store, tmp_path: Path
) -> None:
    data = packed(SIX, stream)
    cut = data[: int(left * len(data)) if 0 < left < 1 else int(left)]
    found, refusals = members(local, tmp_path / "s", cut)
    assert len(found) == rows
    assert refusals == ["damaged_archive"] * named


@pytest.mark.parametrize(
    "column",
    [
        pa.array(DATA[:4]).cast(pa.binary_view()),
        pa.array(DATA[:4]).cast(pa.large_binary()),
        pa.array(DATA[:4]).dictionary_encode(),
        pa.RunEndEncodedArray.from_arrays(pa.array([1, 2, 3, 4], pa.int32()), pa.array(DATA[:4])),
        pa.array([[DATA[0]], [DATA[1], DATA[2]], None, [], [DATA[3]]], pa.list_view(pa.binary())),
        pa.array([[DATA[0], DATA[1]], None, [DATA[2], DATA[3]]], pa.list_(pa.binary(), 2)),
        pa.array([[[DATA[0]], [DATA[1], DATA[2]], None], None, [[DATA[3]]], []], pa.list_(pa.list_(pa.binary()))),
    ],
    ids=lambda column: str(column.type),
)
def test_however_the_bytes_are_kept(column: pa.Array, local: Store, tmp_path: Path) -> None:
    for number, stream in enumerate((False, True)):
        store = Store.open(str(tmp_path / f"store{number}"))
        assert len(members(store, tmp_path / "s", packed(pa.table({"content": column}), stream))[0]) == 4


def test_rows_and_images_are_those_of_pyarrow(local: Store, tmp_path: Path) -> None:
    lists = [[0, 1], [], None, [2], [3, 4, 5]]
    rows = [None if numbers is None else [{"bytes": DATA[number]} for number in numbers] for numbers in lists]
    (tmp_path / "s").mkdir()
    feather.write_feather(pa.table({"images": pa.array(rows, pa.list_(IMAGE))}), str(tmp_path / "s/t.feather"))
    outcome = registered(local, tmp_path / "s", batch_size=100)
    assert outcome.files == 6 and dict(outcome.ignored.counts) == {"empty": 2}
    results = ingest_all(local, source_at(tmp_path / "s")).results
    expected = {
        f"t.feather::{row:08d}/images/{place}": len(DATA[number])
        for row, numbers in enumerate(lists)
        for place, number in enumerate(numbers or ())
    }
    assert dict(results.select("item", "bytes").iter_rows()) == expected


def test_what_datasets_saves_is_what_is_read(local: Store, tmp_path: Path) -> None:
    from datasets import Dataset, Features, Image, LargeList, List, Value

    kinds = Features(
        {"image": Image(), "images": List(Image()), "more": LargeList(Image(decode=False)), "text": Value("string")}
    )
    image = [{"bytes": data, "path": None} for data in DATA]
    rows = [
        {"image": image[0], "images": image[1:3], "more": image[3:4], "text": "a"},
        {"image": None, "images": [], "more": image[4:6], "text": "b"},
        {"image": image[6], "images": image[7:8], "more": [], "text": "c"},
    ]
    Dataset.from_list(rows, features=kinds).save_to_disk(str(tmp_path / "s"), num_shards=2)
    outcome = registered(local, tmp_path / "s", batch_size=100)
    output = ingest_all(local, source_at(tmp_path / "s"))
    assert (output.results.height, dict(outcome.ignored.counts)) == (8, {"empty": 2, "text": 2})
    assert list(reasons_by_item(output).values()) == ["empty"], "the row without an image is named"


def test_a_mutated_file_is_refused_or_read_and_ends_nothing(tmp_path: Path) -> None:
    table = SIX.append_column("some", pa.array([[data] for data in DATA[:6]], pa.list_(pa.binary())))
    forms = [packed(table, True), packed(table, False), packed(table, True, compression="zstd")]
    choose = random.Random(16)
    location = Location.open(str(tmp_path), {})
    for _ in range(120):
        data = bytearray(choose.choice(forms))
        headers = [at for at in range(0, len(data) - 8, 8) if data[at : at + 4] == b"\xff\xff\xff\xff"]
        at = min(choose.choice(headers) + choose.randrange(300), len(data) - 8)
        data[at : at + 8] = choose.choice((0, 1, 2**31 - 1, 2**63 - 1, 2**64 - 1)).to_bytes(8, "little")
        (tmp_path / "t.arrow").write_bytes(data)
        with ArchiveStream(location, [FileInfo("t.arrow", len(data), "e")]) as stream:
            try:
                entries = ARROW.index(stream, "t.arrow", "e", None, "**").entries[:20]  # type: ignore[arg-type]
            except ReadFailure:
                continue
            read = list(ARROW.read(stream, "e", None, entries, lambda entry: None))  # type: ignore[arg-type]
            assert [entry for entry, _ in read] == entries
