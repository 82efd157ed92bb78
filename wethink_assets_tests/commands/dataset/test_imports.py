"""`wethink import` and `wethink imports`: counts of what was imported and of what became of it."""

import json
from pathlib import Path

import pytest

from wethink_assets.errors import SourceError
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.images import drawing


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A file of three lines, of which one names no image that is there."""
    (tmp_path / "data").mkdir()
    for number in range(2):
        (tmp_path / "data" / f"{number}.png").write_bytes(drawing(number))
    lines = [
        {"problem": f"How many bars of length {number} are there?", "answer": "7", "image_path": f"./{number}.png"}
        for number in range(3)
    ]
    (tmp_path / "data" / "lines.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path / "data"


def test_an_import_and_its_report_count_every_row(wethink: Wethink, data: Path) -> None:
    done = wethink("import", str(data), "--source", "bars", "--licence", "CC0-1.0", "--json")
    assert done.exit_code == 0, done.output
    counts = json.loads(done.stdout)
    assert (counts["rows"], counts["imported"], counts["known"]) == (3, 2, 0)
    assert (counts["rejected"], counts["mended"]) == ({"image_missing": 1}, {"dot": 2})
    assert counts["images"] == 2 and counts["bytes"] > 0
    (report,) = json.loads(wethink("imports", "--rejected", "--json").stdout)["sources"]
    assert (report["pairs"], report["waiting"], report["refused"]) == (2, 2, {"image_missing": 1})
    assert [(row["file"], row["row"], row["reason"]) for row in report["rows"]] == [("lines.jsonl", 3, "image_missing")]


def test_people_see_counts_and_reasons(wethink: Wethink, data: Path) -> None:
    shown = wethink("import", str(data), "--source", "bars").output
    assert "2 of 3 rows imported into bars, over 2 images" in shown and "image_missing" in shown
    again = wethink("import", str(data), "--source", "bars").output
    assert "0 of 3 rows imported" in again and "2 were there already" in again
    listed = wethink("imports", "bars", "--rejected").output
    assert "lines.jsonl" in listed and "image_missing" in listed


def test_formats_are_listed(wethink: Wethink) -> None:
    assert "sharegpt: conversations" in wethink("import", "--formats").output


def test_a_source_that_was_never_imported_is_an_error_that_names_the_known_ones(wethink: Wethink, data: Path) -> None:
    wethink("import", str(data), "--source", "bars")
    with pytest.raises(SourceError, match="imported sources are bars"):
        raise wethink("imports", "lines").exception or AssertionError
