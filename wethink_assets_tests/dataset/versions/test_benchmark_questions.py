"""A version is held against the questions of benchmarks: by their text, beside an image, and by the rule that its recipe has."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.config.evaluation import ScoringSettings
from wethink_assets.dataset.cuts.cut import read_cut
from wethink_assets.dataset.cuts.decision import NothingNew, decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.duplicates.page import report_page
from wethink_assets.dataset.duplicates.report import duplicate_report
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.leaks import find_leaks
from wethink_assets.errors import StoreError
from wethink_assets.evaluation.benchmarks.contamination import compare_with_benchmarks
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.benchmark_files import write_tsv
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.stage_tables import Asked, Grower
from wethink_assets_tests.support.versions import built, rows_of

LONG = (
    "Four friends bake cookies of one thickness; those of Art are trapezoids, and each friend uses the same amount of dough. Art makes a dozen, "
    "which sell for sixty cents each. How much should a cookie of Roger cost for the same earnings?"
)
TITLE = "What is the title of the chart?"


@pytest.fixture
def settings(local: Store, tmp_path: Path) -> Settings:
    rows = [Asked(LONG, "40 cents"), Asked(TITLE, "Sales"), Asked("How many bars are blue?", "2")]
    Grower(local).grow("coco.000001", [(drawing(1), rows)])
    (tmp_path / "LMUData").mkdir()
    return Settings(folder=str(tmp_path), scoring=ScoringSettings(samples=False))


def benchmark(folder: Path, key: str, rows: Sequence[Mapping[str, object]]) -> None:
    filled = [{"index": index, "A": "yes", "B": "no", "answer": "A", **row} for index, row in enumerate(rows)]
    write_tsv(folder / "LMUData" / f"{key}.tsv", filled)


def test_a_row_with_a_benchmarks_question_is_left_out_and_told_with_its_words(
    local: Store, settings: Settings, tmp_path: Path
) -> None:
    before = built(local)
    benchmark(tmp_path, "MMStar", [{"question": TITLE}, {"question": LONG.upper()}])
    compare_with_benchmarks(local, settings)
    leaks = find_leaks(local, before.version)
    assert (
        leaks.counts["contaminated"] == 1
        and 'MMStar 1 asks its question: "four friends bake' in leaks.examples[0].detail
    )
    after = built(local)
    assert after.excluded == {"benchmark_text": 1} and after.rows == 2
    assert find_leaks(local, after.version).tight and isinstance(decide_cut(local, CutRecipe()), NothingNew)
    assert build_version(local, before.version).digest == before.digest
    (detail,) = rows_of(local, "v0002", "excluded")["detail"]
    assert detail.startswith("a benchmark asks the question: four friends bake cookies") and detail.endswith(
        ": MMStar 1"
    )
    told = json.loads(local.read("versions/v0002/statistics.json"))["benchmarks"]["questions"]
    assert [(one["questions"], one["compared"], one["by_text"], one["asked"]) for one in told] == [(2, 2, 1, 1)]
    report = duplicate_report(local, "v0002")
    (hit,) = report.hits
    assert (hit.benchmark, hit.index, hit.verdict, hit.source) == (
        "MMStar",
        "1",
        "text",
        "coco",
    ) and "four friends" in hit.text
    assert "four friends bake cookies" in report_page(local, report) and "2 of 2" in report_page(local, report)


@pytest.mark.parametrize(
    ("by", "excluded"),
    [
        ("either", {"benchmark_image": 3}),
        ("image", {"benchmark_image": 3}),
        ("text", {"benchmark_text": 1}),
        ("both", {"benchmark_both": 2}),
    ],
)
def test_the_recipe_says_what_a_row_is_left_out_for(
    local: Store, settings: Settings, tmp_path: Path, by: str, excluded: dict[str, int]
) -> None:
    Grower(local).grow("coco.000002", [(drawing(2), [Asked("What colour is the roof?", "red")])])
    shown = base64.b64encode(drawing(1)).decode()
    benchmark(tmp_path, "MMStar", [{"question": TITLE, "image": shown}, {"question": LONG}])
    compare_with_benchmarks(local, settings)
    cut = built(local, CutRecipe(benchmark_rows=by))
    assert cut.excluded == excluded
    leaks = find_leaks(local, cut.version)
    assert leaks.tight
    card = local.read("versions/v0001/README.md").decode()
    assert "| MMStar |" in card and "Not checked" not in card and "Questions were not compared" not in card


def test_questions_are_signed_anew_where_they_are_missing_and_not_checked_where_the_file_is_gone(
    wethink: Wethink, local: Store, settings: Settings, tmp_path: Path
) -> None:
    benchmark(tmp_path, "MMStar", [{"question": LONG}])
    compare_with_benchmarks(local, settings)
    (path,) = [path for path in local.files("benchmarks") if "/questions-words-1" in path]
    signed = local.read(path)
    local.delete(path)
    compare_with_benchmarks(local, settings)
    assert local.read(path) == signed
    first = built(local)
    local.delete(path)
    with pytest.raises(StoreError, match="questions-words-1"):
        build_version(local, first.version)
    (tmp_path / "LMUData" / "MMStar.tsv").unlink()
    done = wethink("cut")
    assert done.exit_code == 0, done.output
    assert [one.method for one in read_cut(local, "v0002").questions] == [""]
    assert "> **Not checked:** none of the 1 questions of MMStar" in local.read("versions/v0002/README.md").decode()
