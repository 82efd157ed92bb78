"""A version is held against benchmarks by their pictures: copies are left out, altered ones told apart, and what is not checked is said."""

import json
import random
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.config.evaluation import BenchmarkSettings, ScoringSettings
from wethink_assets.dataset.cuts.cut import Cut, read_cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dedup.contamination import SignedBenchmark
from wethink_assets.errors import StoreError
from wethink_assets.evaluation.benchmarks.contamination import compare_with_benchmarks
from wethink_assets.sources.images.view import VIEW
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.benchmark_files import benchmark_of
from wethink_assets_tests.support.image_pairs.copies import COPIES, as_jpeg, encoded
from wethink_assets_tests.support.image_pairs.scenes import DRAWN
from wethink_assets_tests.support.question_tables import CHOICE, COLOUR
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built, rows_of

SEED = 7300
RNG = random.Random(SEED)
PAGE, PLOT, SCENE = (DRAWN[kind][0](SEED) for kind in ("document", "chart", "photograph"))


@pytest.fixture
def settings(local: Store, tmp_path: Path) -> Settings:
    """A store with two pictures in one batch, and the configuration of a project beside it."""
    Grower(local).grow("coco.000001", [(encoded(PAGE, "PNG"), [COLOUR]), (encoded(PLOT, "PNG"), [CHOICE])])
    (tmp_path / "LMUData").mkdir()
    return Settings(folder=str(tmp_path), scoring=ScoringSettings(samples=False))


def statistics(store: Store, version: str) -> dict:
    return json.loads(store.read(f"versions/{version}/statistics.json"))["benchmarks"]


def test_copies_are_left_out_and_altered_pictures_told_apart_by_the_recipe(
    local: Store, settings: Settings, tmp_path: Path
) -> None:
    altered = as_jpeg(DRAWN["chart"][0](SEED, "year"), RNG)
    benchmark_of(
        tmp_path, "MMStar", [COPIES["mirrored"](PAGE, RNG), altered, as_jpeg(DRAWN["chart"][0](SEED + 1), RNG)]
    )
    assert not compare_with_benchmarks(local, settings)
    assert built(local).excluded == {"benchmark_image": 1}
    assert rows_of(local, "v0001", "excluded")["detail"].to_list() == [
        "a benchmark shows the image, or nearly so: MMStar 0"
    ]
    (file,) = statistics(local, "v0001")["files"]
    assert (file["images"], file["unreadable"], file["copies"], file["altered"]) == (3, 0, 1, 1)
    assert statistics(local, "v0001")["rows"] == {"MMStar": {"altered": 1, "copy": 1}}
    card = local.read("versions/v0001/README.md").decode()
    assert f"| MMStar | `{file['md5'][:8]}` | 3 | 3 | 0 | 1 | 1 | 1 | 1 |" in card and "Not checked" not in card
    # A chart with another year is the same picture but for a digit: whoever wants it out says so. Here nothing would be left then.
    Grower(local).grow("coco.000002", [(encoded(SCENE, "PNG"), [COLOUR])])
    compare_with_benchmarks(local, settings)
    strict = built(local, CutRecipe(altered_benchmark_images="drop"))
    assert strict.excluded == {"benchmark_image": 1, "benchmark_altered": 1} and strict.rows == 1
    assert "were left out too" in local.read("versions/v0002/README.md").decode()


def test_growth_compares_new_pairs_only_and_a_file_that_is_gone_keeps_its_verdicts(
    local: Store, settings: Settings, tmp_path: Path
) -> None:
    benchmark_of(tmp_path, "MMStar", [COPIES["turned"](PAGE, RNG)])
    compare_with_benchmarks(local, settings)
    assert built(local).excluded == {"benchmark_image": 1}
    (first,) = local.files("contamination")
    before = local.read(first)
    (tmp_path / "LMUData" / "MMStar.tsv").unlink()
    benchmark_of(tmp_path, "RealWorldQA", [COPIES["cropped 10%"](SCENE, RNG)])
    turned = COPIES["turned"](PAGE, RNG)  # of another file than the benchmark's, which hashes do not find
    Grower(local).grow("coco.000002", [(encoded(SCENE, "PNG"), [COLOUR]), (turned, [CHOICE])])
    compare_with_benchmarks(local, settings)
    assert local.read(first) == before and len(local.files("contamination")) == 3
    after = built(local)
    assert after.excluded["benchmark_image"] >= 2, "the page by the verdict of then, the photograph by that of now"
    gone = {file["benchmark"]: file["gone"] for file in statistics(local, "v0002")["files"]}
    assert gone == {"MMStar": 1, "RealWorldQA": 0}
    assert (
        "**Not checked:** the file of MMStar was gone when 1 batches came"
        in local.read("versions/v0002/README.md").decode()
    )
    assert build_version(local, "v0001").excluded == {"benchmark_image": 1}


def test_verdicts_of_another_version_of_the_method_are_not_taken_over(
    local: Store, settings: Settings, tmp_path: Path
) -> None:
    benchmark_of(tmp_path, "MMStar", [COPIES["turned"](PAGE, RNG)])
    compare_with_benchmarks(local, settings)
    (path,) = local.files("contamination")
    earlier = local.read_parquet(path)
    assert set(earlier["method"]) == {f"copies-1-view{VIEW}"}
    wrong = earlier.filter(pl.col("index").is_null()).with_columns(method=pl.lit("copies-0-view1"))
    local.write_parquet(path.replace(path[-40:-8], "0" * 32), wrong)
    local.delete(path)
    compare_with_benchmarks(local, settings)
    assert local.read_parquet(path).equals(earlier)


def test_without_verdicts_nothing_is_built_and_the_command_makes_them(
    wethink: Wethink, local: Store, settings: Settings, tmp_path: Path
) -> None:
    benchmark_of(tmp_path, "MMStar", [COPIES["grey"](PAGE, RNG)])
    compare_with_benchmarks(local, settings)
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut) and cut.benchmarks[0].method
    for path in local.files("contamination"):
        local.delete(path)
    with pytest.raises(StoreError, match=r"coco.000001 were not compared with MMStar.*`wethink cut` compares them"):
        build_version(local, "v0001")
    done = wethink("cut")
    assert done.exit_code == 0 and "1 left out: benchmark_image" in done.stdout, done.output


def test_what_cannot_be_read_is_told_as_not_checked_and_stops_nothing(
    wethink: Wethink, local: Store, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "LMUData" / "MMVet.tsv").write_text("index\tquestion\n1\n")
    benchmark_of(tmp_path, "MMStar", [COPIES["webp"](PAGE, RNG), COPIES["webp"](SCENE, RNG)[:300]])
    rows = ["index\timage_path\tquestion\tanswer", "1\tgone.png\tWhat?\tA", "2\there.png\tWhat?\tA"]
    (tmp_path / "mine.tsv").write_text("\n".join(rows))
    (tmp_path / "here.png").write_bytes(COPIES["mirrored"](PLOT, RNG))
    Grower(local).grow("coco.000002", [(encoded(SCENE, "PNG"), [COLOUR])])
    own = settings.model_copy(update={"benchmarks": {"mine": BenchmarkSettings(path=str(tmp_path / "mine.tsv"))}})
    (unread,) = compare_with_benchmarks(local, own)
    assert unread.key == "MMVet" and "MMVet.tsv" in unread.reason
    done = wethink("cut")
    assert done.exit_code == 0 and "not compared with MMVet" in done.stderr, done.output
    assert "2 left out: benchmark_image" in done.stdout
    assert [one.key for one in read_cut(local, "v0001").unread] == ["MMVet"]
    card = local.read("versions/v0001/README.md").decode()
    assert "> **Not checked:** nothing was compared with MMVet" in card
    assert "> **Not checked:** 1 of the 2 images of MMStar cannot be decoded or are missing." in card
    assert "> **Not checked:** 1 of the 2 images of mine cannot be decoded or are missing." in card


def test_among_many_that_look_alike_the_nearest_are_compared_and_the_others_told(
    local: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wethink_assets.dedup.picture_comparison.NEAREST", 2)
    alike = [as_jpeg(DRAWN["chart"][0](SEED, "year"), random.Random(number)) for number in range(4)]
    benchmark_of(tmp_path, "MMStar", alike)
    compare_with_benchmarks(local, settings)
    (path,) = local.files("contamination")
    verdicts = local.read_parquet(path)
    of_plot = verdicts.filter(pl.col("verdict").is_in(["altered", "partly"])).sort("verdict")
    assert of_plot["verdict"].to_list() == ["altered", "altered", "partly"] and of_plot["image_id"].n_unique() == 1
    built(local)
    assert statistics(local, "v0001")["files"][0]["partly"] == 1
    assert (
        "> **Not checked:** 1 images of this version's batches look like many pictures"
        in local.read("versions/v0001/README.md").decode()
    )
    monkeypatch.undo()
    benchmark_of(tmp_path, "RealWorldQA", [COPIES["turned"](PLOT, RNG)])
    compare_with_benchmarks(local, settings)
    further = [local.read_parquet(name) for name in local.files("contamination") if name != path]
    assert [one.filter(benchmark="MMStar", verdict="partly").height for one in further] == [1], (
        "what was known is taken over"
    )


def test_a_file_that_an_earlier_release_signed_is_held_against_rows_by_its_hashes(
    local: Store, settings: Settings, tmp_path: Path
) -> None:
    benchmark_of(tmp_path, "MMStar", [COPIES["jpeg"](PLOT, RNG)])
    compare_with_benchmarks(local, settings)
    asked, path = local.files("benchmarks")
    local.write_parquet(path.replace("-copies-1", ""), local.read_parquet(path).drop("picture"))
    local.delete(path)
    local.delete(asked)
    cut = decide_cut(local, CutRecipe())
    assert isinstance(cut, Cut)
    assert cut.benchmarks == (SignedBenchmark(key="MMStar", md5=cut.benchmarks[0].md5, view=VIEW),)
    assert [one.method for one in cut.questions] == [""]
    assert build_version(local, "v0001").excluded == {"benchmark_image": 1}
    assert not statistics(local, "v0001")["files"]
    card = local.read("versions/v0001/README.md").decode()
    assert "> **Not checked:** none of the 1 questions of MMStar" in card and "compared by their hashes" in card
