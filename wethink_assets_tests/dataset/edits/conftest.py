"""A store of one batch that is edited by hand, grown once for all tests here."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from wethink_assets.dataset.edits.edits import export_table
from wethink_assets.stages.output import StageOutput
from wethink_assets.storage.store import Store
from wethink_assets.storage.tables import Provenance, Tables
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR, STORY
from wethink_assets_tests.support.stage_tables import Grower

BATCH = "coco.000001"
Rows = list[dict[str, Any]]
Edit = Callable[[Rows], None]


@pytest.fixture(scope="session")
def grown_batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of one batch of two images and four questions."""
    folder = tmp_path_factory.mktemp("edits") / "store"
    Grower(Store.open(str(folder))).grow(BATCH, [(drawing(1), [COLOUR, CHOICE]), (drawing(2), [COLOUR, STORY])])
    return folder


@pytest.fixture
def store(grown_batch: Path, tmp_path: Path) -> Store:
    """A copy of it."""
    shutil.copytree(grown_batch, tmp_path / "store")
    return Store.open(str(tmp_path / "store"))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder for files of tables."""
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


def written(path: Path, change: Edit) -> Path:
    """Change the rows of a JSONL file that was exported."""
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    change(rows)
    path.write_text("\n".join([head, *map(json.dumps, rows)]), encoding="utf-8")
    return path


def exported(store: Store, files: Path, stage: str = "questions", ending: str = "jsonl") -> Path:
    """A table as a file."""
    path = files / f"{stage}-{len(list(files.iterdir()))}.{ending}"
    export_table(store, BATCH, stage, path)
    return path


def hostile_thoughts() -> list[str]:
    """Texts that spreadsheets calculate, cut, escape or cannot hold, one for each answer of the batch."""
    return [
        '=HYPERLINK("http://127.0.0.1/?"&A1,"x")',
        "+1-1@SUM(A1)\tx\r\ny\rz",
        "#N/A _x0041_ _x005F_ \x07\x0b\ufffe <b>&amp; \u2028",
        "  -" + "long \U0001f600" * 8_000 + "\n",
    ]


def put_thoughts(store: Store, thoughts: list[str]) -> None:
    """Publish the answers of the batch with other thoughts."""
    made = Tables(store).load("answers", BATCH)
    results = made.results.with_columns(image_thought=pl.Series(thoughts))
    Tables(store).publish("answers", BATCH, StageOutput(results, made.rejections), Provenance(run_id="hostile"))
