"""Tables of the Hugging Face hub: every column of images is read, and nothing that is none."""

import base64
import io
import json
import textwrap
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from wethink_assets.storage.store import Store
from wethink_assets_tests.support.sources import drawings, ingest_all, reasons_by_item, registered, source_at

DATA = list(drawings(12).values())
IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})


def image(number: int) -> dict[str, Any]:
    return {"bytes": DATA[number], "path": f"{number}.png"}


def written(folder: Path, table: pa.Table, features: dict[str, Any] | None = None, **options: Any) -> Path:
    folder.mkdir()
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, folder / "t.parquet", **options)
    return folder


def members(store: Store, folder: Path) -> list[str]:
    """Names of the images in `t.parquet`, after ingestion."""
    assert not registered(store, folder, batch_size=100).refusals
    return sorted(item.removeprefix("t.parquet::") for item in ingest_all(store, source_at(folder)).results["item"])


def test_every_one_of_several_columns_is_read(local: Store, tmp_path: Path) -> None:
    columns = {f"image_{number + 1}": [image(number), None] for number in range(7)}
    folder = written(tmp_path / "s", pa.table({"id": ["a", "b"], **columns}))
    assert members(local, folder) == [f"00000000/image_{number + 1}" for number in range(7)]
    assert set(reasons_by_item(ingest_all(local, source_at(folder))).values()) == {"empty"}


@pytest.mark.parametrize("kind", [pa.list_(IMAGE), pa.large_list(IMAGE), pa.list_(IMAGE, 2)], ids=str)
def test_lists_of_images_are_read_with_their_places(kind: pa.DataType, local: Store, tmp_path: Path) -> None:
    rows = pa.array([[image(0), image(1)], [image(2), image(3)], [image(4), image(5)]], kind)
    folder = written(tmp_path / "s", pa.table({"texts": ["x", "y", "z"], "images": rows}), row_group_size=2)
    assert members(local, folder) == [f"{row:08d}/images/{place}" for row in range(3) for place in range(2)]


def test_lists_of_any_length_and_none_at_all(local: Store, tmp_path: Path) -> None:
    rows = pa.array([[], None, [image(0)], [image(1), image(2), image(3)]], pa.list_(IMAGE))
    folder = written(tmp_path / "s", pa.table({"images": rows}))
    assert members(local, folder) == ["00000002/images/0", *(f"00000003/images/{place}" for place in range(3))]


def test_bare_bytes_in_lists(local: Store, tmp_path: Path) -> None:
    rows = pa.array([[DATA[0], DATA[1]], [DATA[2]]], pa.list_(pa.binary()))
    folder = written(tmp_path / "s", pa.table({"pages": rows}))
    assert members(local, folder) == ["00000000/pages/0", "00000000/pages/1", "00000001/pages/0"]


def test_nested_images(local: Store, tmp_path: Path) -> None:
    turns = pa.array(
        [[{"text": "a", "image": image(0)}, {"text": "b", "image": image(1)}]],
        pa.list_(pa.struct({"text": pa.string(), "image": IMAGE})),
    )
    inner = pa.array([{"figure": image(2), "note": "n"}], pa.struct({"figure": IMAGE, "note": pa.string()}))
    folder = written(tmp_path / "s", pa.table({"turns": turns, "meta": inner}))
    assert members(local, folder) == ["00000000/meta.figure", "00000000/turns.image/0", "00000000/turns.image/1"]


def test_one_column_keeps_the_plain_names(local: Store, tmp_path: Path) -> None:
    folder = written(tmp_path / "s", pa.table({"q": ["x", "y"], "image": [image(0), image(1)]}))
    assert members(local, folder) == ["00000000", "00000001"]


@pytest.mark.parametrize("binary", [pa.binary(), pa.large_binary()], ids=str)
def test_contents_tell_which_bytes_are_images(binary: pa.DataType, local: Store, tmp_path: Path) -> None:
    table = pa.table(
        {
            "md5": pa.array([b"0" * 16, b"1" * 16], binary),
            "content": pa.array(DATA[:2], binary),
            "mask": pa.array([None, DATA[2]], binary),
        }
    )
    folder = written(tmp_path / "s", table)
    assert members(local, folder) == ["00000000/content", "00000001/content", "00000001/mask"]


def test_features_tell_images_from_sounds(local: Store, tmp_path: Path) -> None:
    sounds = [{"bytes": b"RIFF....WAVE", "path": "a.wav"}] * 2
    table = pa.table({"audio": pa.array(sounds, IMAGE), "picture": pa.array([image(0), image(1)], IMAGE)})
    features = {"audio": {"_type": "Audio"}, "picture": {"_type": "Image"}}
    assert members(local, written(tmp_path / "s", table, features)) == ["00000000", "00000001"]


ADDRESSES = ["https://example.org/1.jpg", "https://example.org/2.jpg"]
ENCODED = [base64.b64encode(DATA[number]).decode() for number in range(2)]
PIXELS = Image.linear_gradient("L").resize((64, 64))


def encoded_as(name: str) -> list[str]:
    out = io.BytesIO()
    PIXELS.save(out, name)
    return [base64.b64encode(out.getvalue()).decode()] * 2


@pytest.mark.parametrize(
    ("values", "name", "reason"),
    [
        (ADDRESSES, "image", "address"),
        ([[text] for text in ADDRESSES], "image", "address"),
        ([{"path": text} for text in ADDRESSES], "image", "address"),
        (["data:image/png;base64," + "A" * 80] * 2, "image", "base64"),
        (["iVBORw0KGgo" + "A" * 80] * 2, "image", "base64"),
        (ENCODED, "image", "base64"),
        ([None, "", *ENCODED], "image", "base64"),
        ([[text] for text in ENCODED], "image", "base64"),
        ([{"bytes": text, "path": "a.png"} for text in ENCODED], "image.bytes", "base64"),
        ([text.encode() for text in ENCODED], "image", "base64"),
        ([textwrap.fill(text) for text in ENCODED], "image", "base64"),
        ([text.replace("+", "-").replace("/", "_") for text in ENCODED], "image", "base64"),
        *((encoded_as(name), "image", "base64") for name in ("JPEG", "TIFF", "WEBP", "GIF", "BMP", "AVIF", "JPEG2000")),
        (["a", "b"], "", "no_image_column"),
        (["A" * 100, "B" * 100], "", "no_image_column"),
    ],
)
def test_what_stands_for_images_is_named_by_its_column(
    values: list[Any], name: str, reason: str, local: Store, tmp_path: Path
) -> None:
    folder = written(tmp_path / "s", pa.table({"image": values, "question": ["?"] * len(values)}))
    found = registered(local, folder)
    [refusal] = found.refusals
    assert found.files == 0 and refusal.reason == reason
    assert refusal.name.partition("::")[2] == name and (name or "has no column of image bytes") in refusal.detail


def test_of_several_columns_of_addresses_those_of_images_are_named(local: Store, tmp_path: Path) -> None:
    table = pa.table({"licence": ["https://example.org/by"] * 2, "url": ADDRESSES, "photo_url": ["s3://b/1"] * 2})
    found = registered(local, written(tmp_path / "s", table))
    assert [refusal.name.partition("::")[2] for refusal in found.refusals] == ["photo_url", "url"]


def test_rows_of_base64_in_place_of_bytes_are_named(local: Store, tmp_path: Path) -> None:
    rows = [image(0), {"bytes": ENCODED[1].encode(), "path": "1.png"}]
    folder = written(tmp_path / "s", pa.table({"image": pa.array(rows, IMAGE)}))
    assert registered(local, folder).files == 2
    output = ingest_all(local, source_at(folder))
    assert (output.results.height, output.rejections["reason"].to_list()) == (1, ["base64"])


def test_names_of_columns_stay_apart_within_items(local: Store, tmp_path: Path) -> None:
    names = ["a/b", "a.b", "a::b", "ä b"]
    folder = written(tmp_path / "s", pa.table({name: [image(number)] for number, name in enumerate(names)}))
    assert len(members(local, folder)) == len(names)


def test_images_without_names_are_counted_a_few_rows_at_a_time(local: Store, tmp_path: Path) -> None:
    """Arrow refuses to read 2 GB of a list at once, which 1000 rows of photographs are (huggingface/datasets#7793)."""
    nameless = pa.list_(pa.struct({"bytes": pa.binary()}))
    rows = [[{"bytes": DATA[0] + bytes(number, "ascii") * 2**18}] for number in map(str, range(100, 200))]
    table = pa.table({"image": pa.array(rows, nameless)})
    folder = written(tmp_path / "s", table, use_dictionary=False, write_batch_size=1)
    pool = pa.proxy_memory_pool(pa.default_memory_pool())
    before = pa.default_memory_pool()
    pa.set_memory_pool(pool)
    try:
        assert registered(local, folder, batch_size=100).files == 100
    finally:
        pa.set_memory_pool(before)
    assert pool.max_memory() < 30 * 2**20
