"""Texts and images that readers of data sets stumbled over: each format keeps every row, one image a row, and nothing that opens another."""

import io
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from PIL import Image

from wethink_assets.dataset.exports.export import export_formats, export_version
from wethink_assets.dataset.exports.pictures import ImageOptions
from wethink_assets.dataset.exports.verification import verify_export
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.hostile_rows import hostile_version

MODES = [(name, mode) for name, form in export_formats().items() for mode in form.images]
PLACED = ("verl", "easyr1", "llama-factory", "ms-swift", "jsonl")
"""Formats whose texts are searched for placeholders by their readers."""
PROMPTS = ("problem", "prompt", "messages", "conversations", "completion", "system")
SPECIAL = re.compile(r"<\||</?(?:video|audio)>|</image>", re.IGNORECASE)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, pl.DataFrame]:
    store = Store.open(str(tmp_path_factory.mktemp("hostile") / "store"))
    return store, hostile_version(store)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Rows of both splits, as bare parquet or lines."""
    read: list[dict[str, Any]] = []
    for split in ("train", "validation"):
        for path in sorted(folder.glob(f"{split}*")):
            if path.suffix == ".parquet":
                read += pq.read_table(path).to_pylist()
            elif path.suffix == ".jsonl":
                read += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            elif path.is_dir() and (path / "metadata.jsonl").exists():
                read += [
                    json.loads(line) for line in (path / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
                ]
            elif path.is_dir():
                read += json.loads((path / "samples.json").read_text(encoding="utf-8"))["samples"]
    return read


def texts_of(row: dict[str, Any]) -> list[str]:
    """What a model is shown of a row."""
    turns = [row[name] for name in PROMPTS if name in row]
    return [
        text if isinstance(text, str) else text.get("content", text.get("value"))
        for turn in turns
        for text in ([turn] if isinstance(turn, str) else turn)
    ]


@pytest.mark.parametrize(("form", "mode"), MODES)
def test_every_row_stays_whole(hostile: tuple[Store, pl.DataFrame], tmp_path: Path, form: str, mode: str) -> None:
    store, rows = hostile
    folder = tmp_path / "Ann's export, two"
    done = export_version(store, "v0001", folder, form, ImageOptions(mode))  # type: ignore[arg-type]
    assert done.rows == rows.height and verify_export(folder).faults == []
    read = rows_of(folder)
    answers = [row.get("answer", row.get("reward_model", {}).get("ground_truth")) for row in read]
    assert sorted(answers) == sorted(rows["answer"])
    for row in read:
        shown = texts_of(row)
        if form in PLACED:
            assert sum(text.count("<image>") for text in shown) == 1
        if form in (*PLACED, "trl"):
            assert not any(SPECIAL.search(text) for text in shown)
        for image in row.get("images", [row["image"]] if isinstance(row.get("image"), dict) else []):
            if isinstance(image, dict):
                opened = Image.open(io.BytesIO(image["bytes"]))
                assert opened.mode in ("RGB", "L") and getattr(opened, "n_frames", 1) == 1
                assert image["path"] and "/" not in image["path"]
