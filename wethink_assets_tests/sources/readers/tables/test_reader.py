"""Tables with images of which some cannot be read: each is named, and the others are read."""

import base64
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from wethink_assets.sources.batches import list_batches
from wethink_assets.sources.catalog import Source
from wethink_assets.sources.registration import register_source
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.sources import (
    drawings,
    ingest_all,
    reasons_by_item,
    registered,
    source_at,
    write_files,
)

DATA = list(drawings(12).values())
IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})
FOUR = pa.table({"image": pa.array([{"bytes": data, "path": None} for data in DATA[:4]], IMAGE)})


def registered_at(store: Store, source: Source) -> list[str]:
    """Reasons of the refusals of a registration."""
    return [refusal.reason for refusal in register_source(store, source, 100).refusals]


def refused(store: Store, folder: Path) -> list[tuple[str, str]]:
    return [(refusal.name, refusal.reason) for refusal in registered(store, folder, batch_size=100).refusals]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("t.parquet", b"", "empty"),
        ("t.arrow", b"", "empty"),
        ("t.arrow", b"hello, I am no table", "damaged_archive"),
        ("t.parquet", b"PAR1 and no more", "damaged_archive"),
        ("t.parquet", b"PARE" + bytes(100) + b"PARE", "encrypted"),
        ("t.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "damaged_archive"),
        ("t.feather", b"FEA1" + bytes(100), "compression"),
        ("t.arrow", b"\xff\xff\xff\xff\x10", "damaged_archive"),
        ("t.arrow", b"ARROW1\0\0", "damaged_archive"),
    ],
)
def test_what_is_no_table_is_named(name: str, data: bytes, reason: str, local: Store, tmp_path: Path) -> None:
    write_files(tmp_path / "s", {name: data})
    assert refused(local, tmp_path / "s") == [(name, reason)]


def test_a_table_without_rows_has_nothing_to_name(local: Store, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    pq.write_table(FOUR.slice(0, 0), tmp_path / "s/a.parquet")
    feather.write_feather(FOUR.slice(0, 0), str(tmp_path / "s/b.feather"))
    outcome = registered(local, tmp_path / "s")
    assert (outcome.files, outcome.refusals) == (0, [])


def test_the_content_decides_and_not_the_name(local: Store, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    pq.write_table(FOUR.slice(0, 2), tmp_path / "s/a.arrow")
    feather.write_feather(FOUR.slice(2, 2), str(tmp_path / "s/b.parquet"))
    assert refused(local, tmp_path / "s") == []
    assert ingest_all(local, source_at(tmp_path / "s")).results.height == 4


def test_shards_of_other_schemas_are_read_each_by_its_own(local: Store, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    pq.write_table(FOUR.slice(0, 2), tmp_path / "s/0.parquet")
    pq.write_table(pa.table({"picture": pa.array(DATA[2:4]), "q": ["a", "b"]}), tmp_path / "s/1.parquet")
    pq.write_table(pa.table({"q": ["a"]}), tmp_path / "s/2.parquet")
    assert refused(local, tmp_path / "s") == [("2.parquet", "no_image_column")]
    assert ingest_all(local, source_at(tmp_path / "s")).results.height == 4


@pytest.mark.parametrize("ending", ["arrow", "parquet"])
@pytest.mark.parametrize("others", [0, 1])
def test_a_table_in_which_several_columns_have_one_name_is_refused(
    ending: str, others: int, local: Store, tmp_path: Path
) -> None:
    (tmp_path / "s").mkdir()
    columns = [pa.array(DATA[:2]), pa.array(DATA[2:4]), pa.array(DATA[4:6])][: 2 + others]
    table = pa.table(columns, names=["image", "image", "picture"][: 2 + others])
    with pa.OSFile(str(tmp_path / f"s/t.{ending}"), "wb") as file:
        if ending == "parquet":
            pq.write_table(table, file)
        else:
            with pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
    assert refused(local, tmp_path / "s") == [(f"t.{ending}", "duplicate_column")]


@pytest.mark.parametrize("nested", [False, True])
def test_a_column_in_which_several_fields_have_one_name_is_refused(nested: bool, local: Store, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    values = pa.StructArray.from_arrays([pa.array(DATA[:2]), pa.array(DATA[2:4])], names=["bytes", "bytes"])
    column = pa.StructArray.from_arrays([values], names=["view"]) if nested else values
    pq.write_table(pa.table({"image": column}), tmp_path / "s/t.parquet")
    assert refused(local, tmp_path / "s") == [("t.parquet", "duplicate_column")]


@pytest.mark.parametrize("listed", [False, True])
def test_a_damaged_row_group_costs_its_own_rows(listed: bool, local: Store, tmp_path: Path) -> None:
    path = tmp_path / "s/t.parquet"
    path.parent.mkdir()
    kind = pa.list_(IMAGE) if listed else IMAGE
    rows = [{"bytes": data, "path": "x"} for data in DATA[:6]]
    pq.write_table(
        pa.table({"image": pa.array([[row] for row in rows] if listed else rows, kind)}), path, row_group_size=2
    )
    group = pq.ParquetFile(path).metadata.row_group(1)
    data = bytearray(path.read_bytes())
    for number in range(group.num_columns):
        column = group.column(number)
        start = column.dictionary_page_offset or column.data_page_offset
        data[start : start + 30] = b"\xff" * 30
    path.write_bytes(data)
    refusals = refused(local, tmp_path / "s")
    output = ingest_all(local, source_at(tmp_path / "s"))
    assert output.results.height == 4
    if listed:
        assert refusals == [("t.parquet::00000002/image", "damaged_archive")]
    else:
        assert reasons_by_item(output) == {f"t.parquet::{row:08d}": "corrupt" for row in (2, 3)}


def test_rows_that_name_files_stand_for_the_files_beside(local: Store, tmp_path: Path) -> None:
    """The files are the folder's images already: a row about one is named as known, so nothing is counted twice or lost."""
    names = ["img/0.png", "./img/1.png", "img/9.png", "../x.png", "/etc/passwd", "https://example.org/x.png", None]
    write_files(tmp_path / "s", {"img/0.png": DATA[0], "img/1.png": DATA[1]})
    rows = [name and {"bytes": None, "path": name} for name in names]
    pq.write_table(pa.table({"image": pa.array(rows, IMAGE)}), tmp_path / "s/t.parquet")
    assert refused(local, tmp_path / "s") == []
    output = ingest_all(local, source_at(tmp_path / "s"))
    assert sorted(output.results["item"]) == ["img/0.png", "img/1.png"]
    reasons = reasons_by_item(output)
    assert [reasons[f"t.parquet::{row:08d}"] for row in range(7)] == [
        "already_ingested",
        "already_ingested",
        "missing_file",
        "unsafe_path",
        "unsafe_path",
        "address",
        "empty",
    ]


ROWS: list[tuple[Any, str]] = [
    ({"bytes": DATA[0], "path": "https://example.org/0.png"}, ""),
    ({"bytes": None, "path": "https://example.org/1.png"}, "address"),
    ({"bytes": b"", "path": " HTTP://example.org/1.png"}, "address"),
    ({"bytes": None, "path": "//example.org/1.png"}, "address"),
    ({"bytes": None, "path": "s3://bucket/1.png"}, "address"),
    ({"bytes": None, "path": "hf://datasets/me/mine@0123/img/0.png"}, "address"),
    ({"bytes": None, "path": "img/0.png"}, ""),
    ({"bytes": None, "path": "img\\1.png"}, ""),
    ({"bytes": None, "path": "img/./2.png"}, ""),
    ({"bytes": None, "path": "img/9.png"}, "missing_file"),
    ({"bytes": None, "path": "img"}, "missing_file"),
    ({"bytes": None, "path": "../secret.png"}, "unsafe_path"),
    ({"bytes": None, "path": "img/../../secret.png"}, "unsafe_path"),
    ({"bytes": None, "path": "..\\secret.png"}, "unsafe_path"),
    ({"bytes": None, "path": "/etc/hostname"}, "unsafe_path"),
    ({"bytes": None, "path": "C:\\x.png"}, "unsafe_path"),
    ({"bytes": None, "path": "data:image/png;base64," + base64.b64encode(DATA[3]).decode()}, "base64"),
    ({"bytes": DATA[4], "path": "../secret.png"}, ""),
    ({"bytes": None, "path": None}, "empty"),
    (None, "empty"),
]
"""Values of a column of images, each with the reason of its rejection; empty for one that is an image."""


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize("form", ["column", "list", "struct", "list of structs", "struct of lists", "lists of lists"])
def test_addresses_and_files_beside_are_told_apart_value_by_value(
    form: str, ending: str, local: Store, tmp_path: Path
) -> None:
    """Whatever column, list or struct they are in: of the URL-only rows of a hub data set not one is lost, and none spoils the others."""
    write_files(tmp_path, {"secret.png": DATA[9], "s/t/none.txt": b"x"})
    # Not in the listing, so that the rows alone hold them.
    write_files(tmp_path / "s/t", {f"img/{number}.png": data for number, data in enumerate(DATA[5:8])})
    values = [value for value, _ in ROWS]
    column, names = {
        "column": (pa.array(values, IMAGE), [f"{row:08d}" for row in range(len(ROWS))]),
        "list": (pa.array([values], pa.list_(IMAGE)), [f"00000000/image/{place}" for place in range(len(ROWS))]),
        "struct": (
            pa.array([{"view": value, "q": "?"} for value in values], pa.struct({"view": IMAGE, "q": pa.string()})),
            [f"{row:08d}" for row in range(len(ROWS))],
        ),
        "list of structs": (
            pa.array([[{"view": value} for value in values]], pa.list_(pa.struct({"view": IMAGE}))),
            [f"00000000/image.view/{place}" for place in range(len(ROWS))],
        ),
        "struct of lists": (
            pa.array([{"views": values}], pa.struct({"views": pa.list_(IMAGE)})),
            [f"00000000/image.views/{place}" for place in range(len(ROWS))],
        ),
        "lists of lists": (
            pa.array([[values[:7], [], values[7:]]], pa.list_(pa.list_(IMAGE))),
            [f"00000000/image/{place}" for place in range(len(ROWS))],
        ),
    }[form]
    table = pa.table({"image": column})
    if ending == "parquet":
        pq.write_table(table, tmp_path / "s/t/t.parquet", row_group_size=7)
    else:
        feather.write_feather(table, str(tmp_path / "s/t/t.arrow"), chunksize=7)
    source = source_at(tmp_path / "s", include=f"**/*.{ending}")
    assert registered_at(local, source) == []
    output = ingest_all(local, source)
    items = [f"t/t.{ending}::{name}" for name in names]
    assert reasons_by_item(output) == {item: why for item, (_, why) in zip(items, ROWS, strict=True) if why}
    assert set(output.results["item"]) == {item for item, (_, why) in zip(items, ROWS, strict=True) if not why}
    assert all(len(detail) < 500 for detail in output.rejections["detail"])


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("image", pa.array([{"bytes": None, "path": f"https://e.org/{n}"} for n in range(3)], IMAGE)),
        ("image", pa.array([{"bytes": None, "path": f"https://e.org/{n}"} for n in range(3)])),
        (
            "image",
            pa.array(
                [{"bytes": None, "url": f"https://e.org/{n}"} for n in range(3)],
                pa.struct({"bytes": pa.binary(), "url": pa.string()}),
            ),
        ),
    ],
    ids=["struct", "struct with a null column", "struct with a URL"],
)
def test_rows_of_addresses_alone_are_each_refused_by_name(
    name: str, column: pa.Array, local: Store, tmp_path: Path
) -> None:
    (tmp_path / "s").mkdir()
    pq.write_table(pa.table({name: column, "q": ["?"] * 3}), tmp_path / "s/t.parquet")
    refused(local, tmp_path / "s")
    output = ingest_all(local, source_at(tmp_path / "s"))
    assert reasons_by_item(output) == {f"t.parquet::{row:08d}": "address" for row in range(3)}
    assert "https://e.org/0" in output.rejections["detail"][0] and "fetch" in output.rejections["detail"][0]


@pytest.mark.parametrize(
    ("column", "name"),
    [
        (pa.array(["https://e.org/0.png", None]), "image"),
        (pa.array([["https://e.org/0.png", None], []]), "image"),
        (pa.array([[["https://e.org/0.png"]], []]), "image"),
        (pa.array([[{"src": "https://e.org/0.png", "alt": "a"}], []]), "image.src"),
        (pa.array([{"path": "https://e.org/0.png"}, None]), "image"),
        (pa.array([[{"path": "https://e.org/0.png"}], []]), "image"),
    ],
    ids=["text", "list", "lists of lists", "list of structs", "struct of a path", "list of paths"],
)
def test_a_column_that_can_hold_nothing_but_addresses_is_refused_once(
    column: pa.Array, name: str, local: Store, tmp_path: Path
) -> None:
    (tmp_path / "s").mkdir()
    pq.write_table(pa.table({"image": column, "q": ["?", "!"]}), tmp_path / "s/t.parquet")
    assert refused(local, tmp_path / "s") == [(f"t.parquet::{name}", "address")]


def test_a_row_is_read_once_the_file_that_it_names_is_there(local: Store, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    pq.write_table(pa.table({"image": pa.array([{"bytes": None, "path": "0.png"}], IMAGE)}), tmp_path / "s/t.parquet")
    source = source_at(tmp_path / "s", reader="parquet")
    for _ in range(2):
        registered_at(local, source)
    [key] = list_batches(local)
    output = ingest_all(local, source)
    Tables(local).publish("images", key, output, Provenance())
    assert reasons_by_item(output) == {"t.parquet::00000000": "missing_file"}
    registered_at(local, source)
    assert list_batches(local) == [key]
    write_files(tmp_path / "s", {"0.png": DATA[0]})
    registered_at(local, source)
    assert ingest_all(local, source, list_batches(local)[1:]).results.height == 1


def test_files_beside_are_read_where_only_tables_are(tmp_path: Path) -> None:
    write_files(tmp_path / "s", {"img/0.png": DATA[0]})
    rows = pa.array([{"bytes": None, "path": "img/0.png"}], IMAGE)
    pq.write_table(pa.table({"image": rows}), tmp_path / "s/t.parquet")
    store = Store.open(str(tmp_path / "store"))
    source = source_at(tmp_path / "s", reader="parquet")
    register_source(store, source, 10)
    assert ingest_all(store, source).results["item"].to_list() == ["t.parquet::00000000"]


def described(table: pa.Table, features: dict[str, Any]) -> pa.Table:
    return table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def test_texts_that_the_features_call_images_name_files(local: Store, tmp_path: Path) -> None:
    write_files(tmp_path / "s", {"0.png": DATA[0]})
    table = pa.table({"picture": ["0.png", "1.png"], "q": ["a", "b"]})
    pq.write_table(described(table, {"picture": {"_type": "Image"}}), tmp_path / "s/t.parquet")
    assert refused(local, tmp_path / "s") == []
    assert set(reasons_by_item(ingest_all(local, source_at(tmp_path / "s"))).values()) == {
        "already_ingested",
        "missing_file",
    }


@pytest.mark.parametrize(
    ("column", "feature", "reason"),
    [
        (pa.array([[[[1, 2, 3]] * 2] * 2], pa.list_(pa.list_(pa.list_(pa.uint8())))), "Array3D", "pixel_arrays"),
        (pa.array([[[0.5] * 2] * 2], pa.list_(pa.list_(pa.float32()))), "Array2D", "pixel_arrays"),
        (pa.array([[1, 2, 3]], pa.list_(pa.uint8())), "", "pixel_arrays"),
        (pa.array([[("a", DATA[0])]], pa.map_(pa.string(), pa.binary())), "", "map_of_images"),
        (pa.array(["data:image/png;base64," + base64.b64encode(DATA[1]).decode()]), "", "base64"),
    ],
    ids=["Array3D", "Array2D", "bytes as numbers", "map", "base64"],
)
def test_images_in_a_form_that_is_not_read_are_named(
    column: pa.Array, feature: str, reason: str, local: Store, tmp_path: Path
) -> None:
    (tmp_path / "s").mkdir()
    table = pa.table({"image": column, "other": FOUR["image"].slice(0, 1)})
    features = {"image": {"_type": feature}, "other": {"_type": "Image"}}
    pq.write_table(described(table, features) if feature else table, tmp_path / "s/t.parquet")
    assert refused(local, tmp_path / "s") == [("t.parquet::image", reason)]
    assert ingest_all(local, source_at(tmp_path / "s")).results["item"].to_list() == ["t.parquet::00000000"]


def test_a_column_that_begins_with_rows_of_nothing_and_of_rubbish_is_seen(local: Store, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    masks = [None] * 9 + [b"rubbish", DATA[5]]
    images = pa.array([{"bytes": DATA[0], "path": None}] * 11, IMAGE)
    pq.write_table(pa.table({"md5": [bytes(16)] * 11, "mask": masks, "image": images}), tmp_path / "s/t.parquet")
    assert refused(local, tmp_path / "s") == []
    output = ingest_all(local, source_at(tmp_path / "s"))
    assert "t.parquet::00000010/mask" in output.results["item"].to_list()
    assert reasons_by_item(output)["t.parquet::00000009/mask"] == "not_an_image"


def test_encrypted_columns_are_named(local: Store, tmp_path: Path) -> None:
    import pyarrow.parquet.encryption as encryption

    class Keys(encryption.KmsClient):
        def __init__(self, _: object) -> None:
            super().__init__()

        def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
            return base64.b64encode(key_bytes)

        def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
            return base64.b64decode(wrapped_key)

    (tmp_path / "s").mkdir()
    factory = encryption.CryptoFactory(Keys)
    for plain in (False, True):
        settings = encryption.EncryptionConfiguration(
            footer_key="f", column_keys={"c": ["image.bytes"]}, plaintext_footer=plain
        )
        properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), settings)
        pq.write_table(FOUR, tmp_path / f"s/{plain}.parquet", encryption_properties=properties)
    assert refused(local, tmp_path / "s") == [("False.parquet", "encrypted")]
    reasons = reasons_by_item(ingest_all(local, source_at(tmp_path / "s")))
    assert reasons == {f"True.parquet::{row:08d}": "encrypted" for row in range(4)}
