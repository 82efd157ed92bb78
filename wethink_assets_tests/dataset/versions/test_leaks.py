"""The check for leaks is quiet about a version that is as it should be, and names what leaks in versions that were made otherwise."""

import random
from pathlib import Path

import polars as pl

from wethink_assets.config import Settings
from wethink_assets.config.evaluation import ScoringSettings
from wethink_assets.dataset.cuts.alike_images import compare_images
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.leaks import find_leaks
from wethink_assets.evaluation.benchmarks.contamination import compare_with_benchmarks
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.alike_pictures import SEED, grow_page_and_plot
from wethink_assets_tests.support.benchmark_files import benchmark_of
from wethink_assets_tests.support.image_pairs.copies import COPIES, encoded
from wethink_assets_tests.support.image_pairs.scenes import DRAWN
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built, name_file, rows_of

RNG = random.Random(SEED)
PAGE, PLOT = (DRAWN[kind][0](SEED) for kind in ("document", "chart"))


def test_a_version_that_is_as_it_should_be_leaks_nothing(local: Store) -> None:
    grow_page_and_plot(local)
    leaks = find_leaks(local, built(local).version)
    assert leaks.tight and not leaks.examples and not leaks.unchecked and leaks.rows == 3


def test_a_version_split_by_single_images_has_pairs_across(local: Store, wethink: Wethink) -> None:
    grow_page_and_plot(local)
    leaks = find_leaks(local, built(local, CutRecipe(split_by="image")).version)
    assert leaks.counts == {"contaminated": 0, "across_splits": 1, "duplicate": 0}
    assert "its copy, in" in leaks.examples[0].detail
    told = wethink("verify", "v0001", "--leaks")
    assert told.exit_code == 1 and "1 pairs of alike images across splits" in told.stdout, told.output
    assert wethink("verify", "v0001").exit_code == 0, "its files are as they were"


def test_rows_that_a_benchmark_shows_are_named_also_where_it_was_signed_later(local: Store, tmp_path: Path) -> None:
    grow_page_and_plot(local)
    version = built(local).version
    (tmp_path / "LMUData").mkdir()
    benchmark_of(tmp_path, "MMStar", [COPIES["turned"](PLOT, RNG)])
    compare_with_benchmarks(local, Settings(folder=str(tmp_path), scoring=ScoringSettings(samples=False)))
    leaks = find_leaks(local, version)
    assert leaks.counts["contaminated"] == 1 and "MMStar 0 shows its image" in str(leaks.examples)
    assert find_leaks(local, built(local).version).tight, "the next cut leaves the row out"


def test_a_duplicate_that_came_back_is_named(local: Store) -> None:
    Grower(local).grow("coco.000001", [(encoded(PAGE, "PNG"), [COLOUR]), (encoded(PLOT, "PNG"), [CHOICE])])
    Grower(local).grow("coco.000002", [(encoded(PAGE, "JPEG", quality=95), [COLOUR])])
    compare_images(local, CutRecipe())
    assert built(local).excluded == {"duplicate_near": 1} and find_leaks(local, "v0001").tight
    left_out, rows = rows_of(local, "v0001", "excluded"), rows_of(local, "v0001")
    back = rows.filter(pl.col("row_id") == left_out["survivor"][0]).with_columns(
        **{name: pl.lit(left_out[name][0]) for name in ("row_id", "slot", "image_id", "batch")}
    )
    local.write_parquet("versions/v0001/rows.parquet", pl.concat([rows, back]).sort("row_id"))
    name_file(local, "v0001", "rows.parquet")
    leaks = find_leaks(local, "v0001")
    assert leaks.counts["duplicate"] == 1 and leaks.examples[-1].detail.startswith("duplicate_near of")
