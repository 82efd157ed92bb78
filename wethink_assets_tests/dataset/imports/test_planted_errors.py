"""Errors planted in imported rows about drawn images: wrong answers, broken images, benchmark images and wrappers are found, true rows stay."""

import base64
import csv
import json
import random
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from wethink_assets.config import Settings
from wethink_assets.config.evaluation import ScoringSettings
from wethink_assets.dataset.imports.importer import Imported, ImportOptions, import_rows, rejections_of
from wethink_assets.dataset.imports.report import ImportReport, import_report
from wethink_assets.evaluation.benchmarks.contamination import compare_with_benchmarks
from wethink_assets.kinds import LETTERS
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.drawn_version import drawn_row
from wethink_assets_tests.support.imported_source import EMBEDDED, run_batches
from wethink_assets_tests.support.versions import built, rows_of

pytestmark = pytest.mark.slow

TRUE, WRONG, BROKEN, LEAKED, WRAPPED = 12, 20, 6, 5, 6
WRAPPERS = ("./{}", "<image>{}</image>", "C:\\data\\{}", "/mnt/old/data/{}", "file://{}", "data\\..\\{}")


def other_answer(row: dict[str, Any], pool: list[str], rng: random.Random) -> str:
    """An answer to a question that is of the right form and not right."""
    if row["options"]:
        return rng.choice([letter for letter in LETTERS[: len(row["options"])] if letter != row["answer"]])
    if re.fullmatch(r"-?\d+", row["answer"]):
        return str(int(row["answer"]) + rng.choice([1, 2, 3]))
    same = [answer for answer in pool if answer != row["answer"] and not answer.isdigit()]
    return rng.choice(same)


@dataclass
class Planted:
    """A file of lines, the import of it, and the lines by what was planted in them, by row number."""

    store: Store
    done: Imported
    report: ImportReport
    rows: dict[str, list[int]] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    left_out: dict[int, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """A version cut from rows of which many have an error."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "LMUData").mkdir()
    drawings, rng = Store.open(str(folder / "drawings")), random.Random(5)
    plan = ["true"] * TRUE + ["wrong"] * WRONG + ["broken"] * BROKEN + ["leaked"] * LEAKED + ["wrapped"] * WRAPPED
    drawn: list[dict[str, Any]] = []
    while len(drawn) < len(plan):
        row = drawn_row(drawings, f"planted/{len(drawn)}/{rng.random()}", "train", hard_share=0.0)
        if row["kind"] != "DES":
            drawn.append(row)
    pool = sorted({row["answer"] for row in drawn if not row["options"]})
    lines, by_plant, leaked = [], dict[str, list[int]](), []
    for number, (what, row) in enumerate(zip(plan, drawn, strict=True), 1):
        by_plant.setdefault(what, []).append(number)
        name = f"images/{number}.png"
        data = drawings.read(row["image_path"])
        if what == "broken":
            data = data[: len(data) // 2] if number % 2 else b"<html>gone</html>"
        if what == "leaked":
            leaked.append(data)
        (folder / "data" / "images").mkdir(parents=True, exist_ok=True)
        (folder / "data" / name).write_bytes(data)
        if what == "wrapped":
            name = WRAPPERS[len(by_plant[what]) - 1].format(
                name.replace("/", "\\") if "\\" in WRAPPERS[len(by_plant[what]) - 1] else name
            )
        answer = other_answer(row, pool, rng) if what == "wrong" else row["answer"]
        lines.append(
            {
                "problem": row["problem"],
                "answer": answer,
                "image_path": name,
                "category": row["category"],
                "reward": "rule",
            }
        )
    (folder / "data" / "lines.jsonl").write_text("\n".join(map(json.dumps, lines)))
    with (folder / "LMUData" / "MMStar.tsv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["index", "image", "question", "A", "B", "answer"])
        for index, data in enumerate(leaked):
            writer.writerow([index, base64.b64encode(data).decode(), "Something else?", "yes", "no", "A"])
    store = Store.open(str(folder / "store"))
    done = import_rows(store, EMBEDDED, folder / "data", "planted", ImportOptions())
    run_batches(store, "planted")
    compare_with_benchmarks(store, Settings(folder=str(folder), scoring=ScoringSettings(samples=False)))
    version = built(store).version
    numbers = {
        pair["row_id"]: pair["row"]
        for batch in done.batches
        for pair in store.read_parquet(f"imports/planted/pairs/{batch.rpartition('.')[2]}.parquet").iter_rows(
            named=True
        )
    }
    kept = {numbers[row] for row in rows_of(store, version)["row_id"]}
    left_out = {
        numbers[row]: reason
        for row, reason in rows_of(store, version, "excluded").select("row_id", "reason").iter_rows()
    }
    planted = Planted(store, done, import_report(store, "planted"), by_plant, kept, left_out)
    for what, rows in by_plant.items():
        print(f"{what}: {len(rows)} rows, {len(planted.kept & set(rows))} kept")
    print(done.rejected, done.mended, planted.report)
    return planted


def found(planted: Planted, what: str) -> float:
    """Share of the rows with a planted error that are in no version."""
    rows = set(planted.rows[what])
    return 1 - len(rows & planted.kept) / len(rows)


def test_wrong_answers_are_found(planted: Planted) -> None:
    assert found(planted, "wrong") >= 0.9
    assert planted.report.rejected["answers"]["given_answer_refuted"] >= 0.8 * WRONG


def test_broken_images_are_found_at_import(planted: Planted) -> None:
    refused = dict(rejections_of(planted.store, "planted").select("row", "reason").iter_rows())
    assert {refused.get(row) for row in planted.rows["broken"]} == {"truncated", "not_an_image"}


def test_images_of_benchmarks_are_left_out_of_versions(planted: Planted) -> None:
    reached = set(planted.rows["leaked"]) & planted.left_out.keys()
    assert found(planted, "leaked") == 1 and {planted.left_out[row] for row in reached} == {"benchmark_image"}


def test_wrappers_are_taken_off_and_counted(planted: Planted) -> None:
    assert sum(planted.done.mended.values()) >= WRAPPED
    refused = set(rejections_of(planted.store, "planted")["row"])
    assert not refused & {*planted.rows["wrapped"], *planted.rows["true"]}


def test_true_rows_stay(planted: Planted) -> None:
    assert found(planted, "true") <= 0.25 and found(planted, "wrapped") <= 0.5


def test_every_row_stands_somewhere_once(planted: Planted) -> None:
    report, done = planted.report, planted.done
    assert done.rows == report.pairs + sum(report.refused.values()) == TRUE + WRONG + BROKEN + LEAKED + WRAPPED
    assert report.pairs == report.verified + report.waiting + sum(
        sum(counts.values()) for counts in report.rejected.values()
    )
    assert report.verified == len(planted.kept) + len(planted.left_out)
