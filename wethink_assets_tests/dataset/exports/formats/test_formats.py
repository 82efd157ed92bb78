"""Data files of each format, read as its reader reads them: columns, one image a row, train and held-out rows apart."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from wethink_assets.config.training import PAPER_SYSTEM
from wethink_assets.dataset.exports.files import json_text
from wethink_assets.stages.schemas import with_latitude
from wethink_assets_tests.dataset.exports.conftest import Exported

SPLITS = ("train", "validation")
PARQUET = ("huggingface", "trl", "verl", "easyr1", "llama-factory", "ms-swift")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def parquet(folder: Path, split: str) -> list[dict[str, Any]]:
    return list(pq.read_table(folder / f"{split}.parquet").to_pylist())


def pixels(image: dict[str, Any]) -> tuple[int, int]:
    return Image.open(io.BytesIO(image["bytes"])).convert("RGB").size


def ids(rows: pl.DataFrame, split: str) -> list[str]:
    return rows.filter(pl.col("split") == split)["row_id"].to_list()


@pytest.mark.parametrize("form", PARQUET)
def test_every_row_of_parquet_has_its_image(exported: Exported, rows: pl.DataFrame, form: str) -> None:
    for split in SPLITS:
        read = parquet(exported(form, "embedded"), split)
        names = [row.get("row_id") or row["extra_info"]["row_id"] for row in read]
        assert names == ids(rows, split)
        for row in read:
            (image,) = row["images"] if "images" in row else [row["image"]]
            assert pixels(image) == (96, 96)


@pytest.mark.parametrize("form", PARQUET)
def test_features_of_parquet_are_those_of_the_card(exported: Exported, form: str) -> None:
    folder = exported(form, "embedded")
    known = json.loads(pq.read_schema(folder / "train.parquet").metadata[b"huggingface"])["info"]["features"]
    front = yaml.safe_load((folder / "README.md").read_text().split("---\n")[1])
    assert [feature["name"] for feature in front["dataset_info"]["features"]] == list(known)
    assert front["configs"][0]["data_files"] == [{"split": s, "path": f"{s}.parquet"} for s in SPLITS]
    image = known["image"] if form == "huggingface" else known["images"]["feature"]
    assert image == {"_type": "Image"}


def test_columns_of_the_hub_folder_are_the_versions(exported: Exported, rows: pl.DataFrame) -> None:
    read = pl.read_parquet(exported("huggingface") / "train.parquet")
    assert set(rows.columns) - set(read.columns) == {"problem", "image_path", "calls"}
    shown = with_latitude(rows.lazy()).filter(pl.col("split") == "train").collect()
    assert read.drop("image").equals(shown.select(read.drop("image").columns))


def test_an_image_folder_names_its_files(exported: Exported, rows: pl.DataFrame) -> None:
    folder = exported("huggingface", "files")
    for split in SPLITS:
        read = lines(folder / split / "metadata.jsonl")
        assert [row["row_id"] for row in read] == ids(rows, split)
        assert all(Image.open(folder / split / row["file_name"]).size == (96, 96) for row in read)
        assert all(row["images"] == [row["file_name"]] for row in read)


def test_conversations_for_trl_have_the_systems_prompt(exported: Exported, rows: pl.DataFrame) -> None:
    row = parquet(exported("trl"), "train")[0]
    known = rows.filter(pl.col("row_id") == row["row_id"]).row(0, named=True)
    assert row["prompt"] == [{"role": "system", "content": PAPER_SYSTEM}, {"role": "user", "content": known["problem"]}]
    assert row["completion"][0]["content"] == f"<think>{known['refined_cot']}</think><answer>{known['answer']}</answer>"
    assert {"answer", "kind", "options", "question", "reward", "accepted_answers", "tolerance", "edit_distance"} <= set(
        row
    )


def test_rows_for_verl_have_one_placeholder_an_image(exported: Exported) -> None:
    for number, row in enumerate(parquet(exported("verl"), "train")):
        assert row["prompt"][-1]["content"].count("<image>") == len(row["images"]) == 1
        assert row["data_source"] == "wethink" and row["reward_model"]["style"] == "rule"
        assert row["reward_model"]["ground_truth"] == row["extra_info"]["answer"]
        assert row["extra_info"]["split"] == "train" and row["extra_info"]["index"] >= number


@pytest.mark.parametrize("mode", ["embedded", "files"])
def test_rows_for_easyr1_have_all_that_grading_needs(exported: Exported, mode: str) -> None:
    folder = exported("easyr1", mode)
    for row in parquet(folder, "validation"):
        assert row["problem"].startswith("<image>") and row["problem"].count("<image>") == 1
        truth = json.loads(row["ground_truth"])
        assert truth["answer"] == row["answer"] and truth["kind"] == row["kind"] and "tolerance" in truth
        if mode == "files":
            assert Image.open(folder / row["images"][0]).size == (96, 96)
    settings = yaml.safe_load((folder / "easyr1.yaml").read_text())
    assert settings["data"]["answer_key"] == "ground_truth"


@pytest.mark.parametrize("form", ["llama-factory", "ms-swift"])
def test_conversations_name_their_images(exported: Exported, rows: pl.DataFrame, form: str) -> None:
    folder = exported(form, "files")
    for split in SPLITS:
        read = lines(folder / f"{split}.jsonl")
        assert [row["row_id"] for row in read] == ids(rows, split)
        for row in read:
            texts = [turn.get("value", turn.get("content")) for turn in row.get("conversations") or row["messages"]]
            assert sum(text.count("<image>") for text in texts) == len(row["images"]) == 1
            assert Image.open(folder / row["images"][0]).size == (96, 96)


def test_conversations_name_their_image_for_readers_that_look_for_one(exported: Exported) -> None:
    for split in SPLITS:
        for row in lines(exported("llama-factory", "files") / f"{split}.jsonl"):
            assert [row["image"]] == row["images"], "InternVL and VLM-R1 take a line without `image` for text alone"


def test_llama_factory_finds_its_files(exported: Exported) -> None:
    for mode in ("files", "embedded"):
        folder = exported("llama-factory", mode)
        index = json.loads((folder / "dataset_info.json").read_text())
        assert list(index) == ["wethink_train", "wethink_validation"]
        assert all((folder / entry["file_name"]).exists() for entry in index.values())


def test_shards_hold_a_picture_and_its_row(exported: Exported, rows: pl.DataFrame) -> None:
    folder = exported("webdataset")
    for split in SPLITS:
        with tarfile.open(folder / f"{split}-000000.tar") as shard:
            members = {member.name: shard.extractfile(member).read() for member in shard}  # type: ignore[union-attr]
        names = ids(rows, split)
        assert list(members) == [f"{name}.{extension}" for name in names for extension in ("png", "json")]
        for entry in lines(folder / f"{split}-index.jsonl"):
            assert Image.open(io.BytesIO(members[entry["image"]])).size == (96, 96)
            assert json.loads(members[f"{entry['row_id']}.json"])["answer"] == entry["answer"]
            assert not {"problem", "prompt", "question"} & set(entry)


def test_samples_for_fiftyone_have_labels(exported: Exported, rows: pl.DataFrame) -> None:
    folder = exported("fiftyone")
    for split in SPLITS:
        samples = json.loads((folder / split / "samples.json").read_text())["samples"]
        assert [sample["row_id"] for sample in samples] == ids(rows, split)
        for sample in samples:
            assert Image.open(folder / split / sample["filepath"]).size == (96, 96)
            assert sample["kind"]["_cls"] == "Classification" and sample["tags"] == [split]


def test_no_text_breaks_a_line_of_json() -> None:
    text = "one\u2028two\u2029three\x85four\nfive"
    (line,) = json_text({"problem": text}).splitlines()
    assert json.loads(line) == {"problem": text}


def test_lines_of_the_paper_name_their_image(exported: Exported, rows: pl.DataFrame) -> None:
    folder = exported("jsonl")
    paper = ("problem", "answer", "category", "abilities", "refined_cot", "image_path", "reward")
    for split in SPLITS:
        read = lines(folder / f"{split}.jsonl")
        assert [row["row_id"] for row in read] == ids(rows, split)
        for row in read:
            assert tuple(row)[:7] == paper and row["images"] == [row["image_path"]]
            assert row["problem"].startswith("<image>") and Image.open(folder / row["image_path"]).size == (96, 96)
