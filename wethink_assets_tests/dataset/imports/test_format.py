"""Records of others become pairs: formats are recognised by their fields, questions, options, answers and images are found under usual names."""

import base64
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wethink_assets.config import Settings
from wethink_assets.dataset.imports.importer import ImportOptions, import_rows
from wethink_assets.sources.batches import list_batches
from wethink_assets.sources.imported_pairs import pairs_of
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing

ASKED = ("kind", "question", "options", "answer")
BELOW = "Which shape is red?\nA. the disc\nB. the square\nC. the bar"
IMAGE = {"bytes": drawing(0), "path": "0.png"}
THOUGHT = "<think>Seven bars stand there, two of them are dark.</think><answer>5</answer>"
TURNS = [
    {"from": "human", "value": "<image>\nHow many bars are light?"},
    {"from": "gpt", "value": THOUGHT},
    {"from": "human", "value": "Which colour has the frame?"},
    {"from": "gpt", "value": "blue"},
]
RECORDS: dict[str, tuple[str, dict[str, Any], list[tuple[str, str, list[str], str]]]] = {
    "the paper's line": (
        "jsonl",
        {
            "problem": BELOW,
            "answer": "B",
            "image_path": "images/0.png",
            "reward": "rule",
            "abilities": ["Reasoning", "OCR"],
            "refined_cot": "",
        },
        [("MC", "Which shape is red?", ["the disc", "the square", "the bar"], "B")],
    ),
    "a line of EasyR1": (
        "jsonl",
        {"problem": "<image>How many bars are there?", "images": ["images/0.png"], "ground_truth": "7"},
        [("FIB", "How many bars are there?", [], "7")],
    ),
    "a conversation of several turns": (
        "sharegpt",
        {"conversations": TURNS, "images": ["images/0.png"]},
        [("FIB", "How many bars are light?", [], "5"), ("FIB", "Which colour has the frame?", [], "blue")],
    ),
    "messages with parts": (
        "sharegpt",
        {
            "messages": [
                {"role": "system", "content": "You look closely."},
                {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "How many bars are there?"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "7"}]},
            ],
            "image": "images/0.png",
        },
        [("FIB", "How many bars are there?", [], "7")],
    ),
    "LLaVA's image and conversations": (
        "sharegpt",
        {"id": "1", "image": "0.png", "conversations": TURNS[2:]},
        [("FIB", "Which colour has the frame?", [], "blue")],
    ),
    "verl's row of another data set": (
        "verl",
        {
            "data_source": "hiyouga/geometry3k",
            "prompt": [{"role": "user", "content": "<image>Find the length of the side. "}],
            "images": [{"bytes": IMAGE["bytes"]}],
            "ability": "math",
            "reward_model": {"style": "rule", "ground_truth": "12"},
            "extra_info": {"split": "train", "index": 4, "answer": "12"},
        },
        [("FIB", "Find the length of the side.", [], "12")],
    ),
    "an index of choices": (
        "huggingface",
        {
            "image": IMAGE,
            "question": "Which shape is red?",
            "choices": ["the disc", "the square"],
            "answer": 1,
            "hint": "",
            "solution": None,
        },
        [("MC", "Which shape is red?", ["the disc", "the square"], "B")],
    ),
    "options as a text of a list": (
        "huggingface",
        {
            "image_1": IMAGE,
            "id": "v1",
            "question": "Which shape is red? <image_1>",
            "options": "['the disc', 'the square']",
            "answer": "A",
        },
        [("MC", "Which shape is red?", ["the disc", "the square"], "A")],
    ),
    "options in columns": (
        "huggingface",
        {
            "image": IMAGE,
            "question": "Which shape is red?",
            "A": "the disc",
            "B": "the square",
            "C": "",
            "D": None,
            "answer": "the square",
        },
        [("MC", "Which shape is red?", ["the disc", "the square"], "B")],
    ),
    "labelled choices": (
        "huggingface",
        {
            "image": IMAGE,
            "question": "Which shape is red?",
            "choices": {"label": ["A", "B"], "text": ["the disc", "the square"]},
            "answer": "B",
        },
        [("MC", "Which shape is red?", ["the disc", "the square"], "B")],
    ),
    "answers of several people": (
        "huggingface",
        {
            "image": IMAGE,
            "question": "What stands on the sign?",
            "answers": [{"answer": "stop"}, {"answer": "halt"}, {"answer": "stop"}],
        },
        [("FIB", "What stands on the sign?", [], "stop")],
    ),
    "texts of user and assistant": (
        "huggingface",
        {
            "images": [IMAGE],
            "texts": [
                {"user": "How many bars are there?", "assistant": "7", "source": "x"},
                {"user": "Which colour has it?", "assistant": "blue"},
            ],
        },
        [("FIB", "How many bars are there?", [], "7"), ("FIB", "Which colour has it?", [], "blue")],
    ),
    "a query and its label": (
        "huggingface",
        {"image": IMAGE, "query": "What was the value in 2010?", "label": ["34"], "human_or_machine": 0},
        [("FIB", "What was the value in 2010?", [], "34")],
    ),
    "sentences": (
        "huggingface",
        {
            "image": IMAGE,
            "question": "What happens here?",
            "answer": "A dog in a red coat jumps over a fence while two children look on.",
        },
        [("DES", "What happens here?", [], "A dog in a red coat jumps over a fence while two children look on.")],
    ),
}


def written(folder: Path, record: dict[str, Any]) -> Path:
    """A data file of one record: parquet where it holds bytes, else JSON lines beside their image."""
    (folder / "images").mkdir(parents=True)
    for name in ("images/0.png", "0.png"):
        (folder / name).write_bytes(drawing(0))
    if "bytes" in str(record):
        target = folder / "rows.parquet"
        pq.write_table(pa.Table.from_pylist([record]), target)
    else:
        target = folder / "rows.jsonl"
        target.write_text(json.dumps(record) + "\n")
    return target


def pairs(store: Store, path: Path, **options: Any) -> pl.DataFrame:
    """The pairs of a file, none of whose rows is rejected."""
    done = import_rows(store, Settings(), path, "others", ImportOptions(**options))
    assert not done.rejected
    frames = [pairs_of(store, batch) for batch in list_batches(store, "others")]
    return pl.concat([frame for frame in frames if frame is not None])


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_becomes_its_pairs(local: Store, tmp_path: Path, name: str) -> None:
    form, record, expected = RECORDS[name]
    found = pairs(local, written(tmp_path / "data", record))
    assert sorted(found.select(ASKED).rows()) == sorted(expected)
    assert found["format"].unique().to_list() == [form]


@pytest.mark.parametrize("name", RECORDS)
def test_no_field_of_a_record_is_lost(local: Store, tmp_path: Path, name: str) -> None:
    _, record, _ = RECORDS[name]
    path = written(tmp_path / "data", record)
    given = json.loads(pairs(local, path)["given"][0])
    if path.suffix == ".jsonl":
        assert given == record
    else:
        read = pq.read_table(path).to_pylist()[0]
        assert given.keys() == read.keys() and "sha256" in json.dumps(given)
        assert all(given[name] == value for name, value in read.items() if isinstance(value, (str, int)))


def test_the_commonest_answer_counts_and_the_others_are_accepted(local: Store, tmp_path: Path) -> None:
    _, record, _ = RECORDS["answers of several people"]
    assert pairs(local, written(tmp_path / "data", record))["accepted_answers"].to_list() == [["halt"]]


def test_columns_of_other_names_are_named(local: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "data", {"bild": "images/0.png", "frage": "How many bars are there?", "antwort": "7"})
    found = pairs(local, path, columns={"image": "bild", "question": "frage", "answer": "antwort"})
    assert found.select(ASKED).rows() == [("FIB", "How many bars are there?", [], "7")]


def test_an_array_of_records_is_read_element_by_element(local: Store, tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(drawing(0))
    records = [
        {"image": "0.png", "question": f"How many bars are {number} high?", "answer": "7"} for number in range(50)
    ]
    (tmp_path / "rows.json").write_text(json.dumps(records))
    assert pairs(local, tmp_path / "rows.json").height == 50


def test_a_file_that_was_cut_off_gives_what_it_has(local: Store, tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(drawing(0))
    records = [
        {"image": "0.png", "question": f"How many bars are {number} high?", "answer": "7"} for number in range(5)
    ]
    (tmp_path / "rows.json").write_text(json.dumps(records)[:-20])
    done = import_rows(local, Settings(), tmp_path / "rows.json", "others", ImportOptions())
    assert (done.imported, done.rejected) == (4, {"malformed_row": 1})


def test_shards_are_read_without_unpacking(local: Store, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "train-000000.tar", "w") as archive:
        for number in range(3):
            about = json.dumps({"question": f"How many bars are {number} high?", "answer": "7"}).encode()
            for name, data in ((f"../{number}.png", drawing(number)), (f"../{number}.json", about)):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    assert pairs(local, tmp_path / "train-000000.tar").height == 3
    assert not list(tmp_path.parent.glob("*.png"))


def test_an_image_folder_with_a_table_is_read(local: Store, tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(drawing(0))
    (tmp_path / "metadata.csv").write_text('file_name,question,answer\n0.png,"How many bars, in all?",7\n')
    assert pairs(local, tmp_path).select(ASKED).rows() == [("FIB", "How many bars, in all?", [], "7")]


def test_images_in_base64_are_read(local: Store, tmp_path: Path) -> None:
    encoded = base64.b64encode(drawing(0)).decode()
    rows = [("image", "question", "A", "B", "answer"), (encoded, "Which is red?", "the disc", "the bar", "B")]
    rows.append((f"data:image/png;base64,{encoded}", "Which is blue?", "the disc", "the bar", "A"))
    (tmp_path / "rows.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    found = pairs(local, tmp_path / "rows.tsv")
    assert sorted(found["answer"]) == ["A", "B"] and found["image_id"].n_unique() == 1
    assert encoded not in found["given"][0]


def test_rows_that_datasets_saved_are_read(local: Store, tmp_path: Path) -> None:
    table = pa.Table.from_pylist([{"image": IMAGE, "question": "How many bars are there?", "answer": "7"}])
    with (
        pa.OSFile(str(tmp_path / "data-00000-of-00001.arrow"), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    (tmp_path / "dataset_info.json").write_text("{}")
    assert pairs(local, tmp_path)["answer"].to_list() == ["7"]
