"""No picture of a benchmark is trained on: a real benchmark file with altered copies of a source's images, signed, then a cut."""

from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.config.evaluation import ScoringSettings
from wethink_assets.dataset.cuts.cut import Cut, read_cut
from wethink_assets.dataset.cuts.decision import NothingNew, decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.manifest import read_manifest
from wethink_assets.errors import StoreError
from wethink_assets.evaluation.benchmarks.contamination import compare_with_benchmarks
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.benchmark_files import benchmark_of
from wethink_assets_tests.support.images import altered_copies, drawing, encoded, photograph
from wethink_assets_tests.support.question_tables import CHOICE
from wethink_assets_tests.support.stage_tables import Asked, Grower
from wethink_assets_tests.support.versions import built, rows_of


def settings_of(folder: Path) -> Settings:
    (folder / "LMUData").mkdir(exist_ok=True)
    return Settings(folder=str(folder), scoring=ScoringSettings(samples=False))


def test_rows_about_a_benchmarks_image_are_left_out(local: Store, grower: Grower, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    compare_with_benchmarks(local, settings)
    before = built(local)
    assert before.excluded == {"duplicate_near": 1} and not read_cut(local, "v0001").benchmarks
    copies = altered_copies(photograph("chelsea.png"))
    benchmark_of(tmp_path, "MMStar", [encoded(photograph("coffee.png")), copies["half size"]])
    benchmark_of(tmp_path, "MMVet", [drawing(2)])
    compare_with_benchmarks(local, settings)
    after = built(local)
    # Both photographs of the cat, one of them a duplicate of the other before, and both rows about the drawing.
    assert after.excluded == {"benchmark_image": 4} and after.rows == before.rows - 3
    assert after.considered == after.rows + sum(after.excluded.values())
    left_out = rows_of(local, "v0002", "excluded")
    assert sorted(left_out["detail"]) == [
        *["a benchmark shows the image, or nearly so: MMStar 1"] * 2,
        *["a benchmark shows the image, or nearly so: MMVet 0"] * 2,
    ]
    assert left_out["survivor"].null_count() == left_out.height
    assert [one.key for one in read_manifest(local, "v0002").benchmarks] == ["MMStar", "MMVet"]
    card = local.read("versions/v0002/README.md").decode()
    assert "compared were MMStar, MMVet" in card and "benchmark_image" in card
    assert "were not compared with evaluation benchmarks" in local.read("versions/v0001/README.md").decode()


def test_a_version_goes_on_to_follow_from_its_cut(local: Store, grower: Grower, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    benchmark_of(tmp_path, "MMStar", [encoded(photograph("chelsea.png"), quality=30)])
    compare_with_benchmarks(local, settings)
    first = built(local)
    assert first.excluded == {"benchmark_image": 2}
    assert isinstance(decide_cut(local, CutRecipe()), NothingNew)
    benchmark_of(tmp_path, "RealWorldQA", [drawing(2)])
    compare_with_benchmarks(local, settings)
    assert build_version(local, "v0001").excluded == first.excluded, "built again it is held against what it was before"
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut) and [one.key for one in cut.benchmarks] == ["MMStar", "RealWorldQA"]
    local.delete(cut.benchmarks[0].path(cut.recipe.comparison))
    with pytest.raises(StoreError, match="MMStar"):
        build_version(local, cut.version)


def test_unlike_pictures_and_stand_ins_leave_all_rows(local: Store, grower: Grower, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    benchmark_of(tmp_path, "MMStar", [encoded(photograph(name)) for name in ("coffee.png", "coins.png", "moon.png")])
    benchmark_of(tmp_path, "AI2D_TEST", [b"no picture"])
    (tmp_path / "store" / "benchmarks" / "sample_MMStar" / ("0" * 32)).mkdir(parents=True)
    compare_with_benchmarks(local, settings)
    assert built(local).excluded == {"duplicate_near": 1}


def test_the_command_signs_what_is_there_and_tells_the_count(
    wethink: Wethink, local: Store, grower: Grower, tmp_path: Path
) -> None:
    grower.grow("coco.000003", [(encoded(photograph("rocket.jpg")), [Asked("What flies?", "a rocket"), CHOICE])])
    settings_of(tmp_path)
    benchmark_of(tmp_path, "OCRBench", [encoded(photograph("rocket.jpg"), "WEBP", quality=60)])
    done = wethink("cut")
    assert done.exit_code == 0 and "2 left out: benchmark_image" in done.stdout, done.output
