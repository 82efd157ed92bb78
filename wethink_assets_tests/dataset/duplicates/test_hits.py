"""Hits of benchmarks: counted by benchmark and source, shown with the benchmark's own picture beside, and what was not compared is said."""

import random
from pathlib import Path

from wethink_assets.config import Settings
from wethink_assets.config.evaluation import ScoringSettings
from wethink_assets.dataset.duplicates.hits import HitCount
from wethink_assets.dataset.duplicates.page import report_page
from wethink_assets.dataset.duplicates.report import duplicate_report
from wethink_assets.errors import SourceError
from wethink_assets.evaluation.benchmarks.contamination import compare_with_benchmarks
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.benchmark_files import benchmark_of
from wethink_assets_tests.support.image_pairs.copies import COPIES, encoded
from wethink_assets_tests.support.image_pairs.scenes import DRAWN
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built


def test_hits_by_benchmark_and_source_with_pictures_of_both(local: Store, tmp_path: Path) -> None:
    page, plot = (DRAWN[kind][0](7300) for kind in ("document", "chart"))
    Grower(local).grow("coco.000001", [(encoded(page, "PNG"), [COLOUR]), (encoded(plot, "PNG"), [CHOICE, COLOUR])])
    Grower(local).grow("geoqa+.000001", [(encoded(DRAWN["photograph"][0](7300), "PNG"), [COLOUR])])
    (tmp_path / "LMUData").mkdir()
    mirrored = COPIES["mirrored"](plot, random.Random(7300))
    benchmark_of(tmp_path, "MMStar", [mirrored])
    compare_with_benchmarks(local, Settings(folder=str(tmp_path), scoring=ScoringSettings(samples=False)))
    report = duplicate_report(local, built(local).version)
    assert report.hit_counts == (HitCount("MMStar", "coco", "copy", 1, 2),)
    assert [(hit.index, hit.rows) for hit in report.hits] == [("0", 2)]
    with_both = report_page(local, report, lambda key, index: [mirrored])
    assert with_both.count('src="data:image/') == 2 and "MMStar row 0" in with_both

    def gone(key: str, index: str) -> list[bytes]:
        raise SourceError(f"{key} is gone")

    assert "MMStar is gone" in report_page(local, report, gone)
    assert "its picture is not at hand" in report_page(local, report)


def test_a_version_that_was_compared_with_nothing_is_not_called_clean(local: Store, grower: Grower) -> None:
    report = duplicate_report(local, built(local).version)
    assert not report.hits and "that is not the same as clean" in report_page(local, report)
