"""What a version is made of is decided once: whole batches only, one number each, nothing twice."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from wethink_assets.config import Settings
from wethink_assets.dataset.cuts.cut import Cut, list_cuts, read_cut
from wethink_assets.dataset.cuts.decision import NothingNew, decide_cut, require_sources
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.dataset.lineage.row import explain_row
from wethink_assets.dataset.versions.build import build_version
from wethink_assets.dataset.versions.catalog import list_versions, unbuilt_versions
from wethink_assets.dataset.versions.verification import verify_versions
from wethink_assets.errors import ConfigError, StoreError, VersionError
from wethink_assets.stages.order import stage_names
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR
from wethink_assets_tests.support.stage_tables import Asked, Grower

ALL = CutRecipe()


def decided(store: Store, recipe: CutRecipe = ALL) -> Cut:
    cut = decide_cut(store, recipe)
    assert isinstance(cut, Cut)
    return cut


def test_a_cut_names_every_table_of_every_whole_batch(local: Store, grower: Grower) -> None:
    cut = decided(local)
    assert cut.version == "v0001"
    assert cut.batches == ("coco.000001", "geoqa+.000001", "coco.000002")
    assert {(entry.asset, entry.batch) for entry in cut.inputs} == {(a, b) for a in stage_names() for b in cut.batches}
    assert read_cut(local, "v0001") == cut


def test_nothing_to_cut_is_said(local: Store) -> None:
    with pytest.raises(VersionError, match="nothing to cut"):
        decide_cut(local, ALL)
    Grower(local).grow("coco.000001", [(drawing(1), [COLOUR])], stages=("images", "descriptions"))
    with pytest.raises(VersionError, match=r"coco\.000001: questions not materialized yet"):
        decide_cut(local, ALL)


def test_a_misspelt_source_is_named_with_what_is_near_it(local: Store, grower: Grower) -> None:
    settings = Settings()
    require_sources(local, settings, CutRecipe(sources=("coco", "geoqa+", "CLEVR_v1.0")))
    with pytest.raises(ConfigError, match=r"there is no source 'cocco': did you mean coco\?"):
        require_sources(local, settings, CutRecipe(sources=("geoqa+", "cocco")))
    with pytest.raises(ConfigError, match=r"there is no source 'clevr': did you mean CLEVR_v1\.0\?"):
        require_sources(local, settings, CutRecipe(sources=("clevr",)))
    with pytest.raises(ConfigError, match=r"there is no source 'zzz': there are .*coco"):
        require_sources(local, settings, CutRecipe(sources=("zzz",)))


def test_the_same_recipe_with_nothing_new_makes_no_version(local: Store, grower: Grower) -> None:
    build_version(local, decided(local).version)
    again = decide_cut(local, CutRecipe())
    assert again == NothingNew("v0001", 3, ())
    other = decided(local, CutRecipe(kinds=("MC",)))
    assert other.version == "v0002"
    build_version(local, "v0002")
    assert decide_cut(local, ALL) == NothingNew("v0001", 3, ())
    grower.grow("ai2d.000001", [(drawing(9), [COLOUR])])
    assert decided(local).version == "v0003"
    assert list_cuts(local) == ["v0001", "v0002", "v0003"]


def test_a_new_batch_of_another_source_is_nothing_new_to_a_recipe_of_one_source(local: Store, grower: Grower) -> None:
    recipe = CutRecipe(sources=("coco",))
    cut = decided(local, recipe)
    assert cut.batches == ("coco.000001", "coco.000002")
    build_version(local, cut.version)
    grower.grow("ai2d.000001", [(drawing(9), [COLOUR])])
    assert isinstance(decide_cut(local, recipe), NothingNew)


def test_a_cut_that_was_never_built_is_taken_up_again(local: Store, grower: Grower) -> None:
    assert decided(local) == decided(local)
    assert unbuilt_versions(local) == ["v0001"]
    build_version(local, "v0001")
    assert unbuilt_versions(local) == []


def test_the_name_of_a_version_whose_cut_is_lost_is_not_given_again(local: Store, grower: Grower) -> None:
    build_version(local, decided(local).version)
    local.delete("cuts/v0001.json")
    assert decided(local, CutRecipe(sources=("coco",))).version == "v0002"


@pytest.mark.parametrize("harm", ["half", "edited"])
def test_a_commit_that_cannot_be_trusted_ends_the_cut(local: Store, grower: Grower, harm: str) -> None:
    path = "tables/answers/coco.000002/commits/000001.json"
    data = local.read(path)
    local.publish(path, data[: len(data) // 2] if harm == "half" else data.replace(b"thinker-1", b"thinker-2"))
    with pytest.raises(StoreError, match=r"answers/coco\.000002/commits/000001\.json (is damaged|was altered)"):
        decide_cut(local, CutRecipe())
    assert list_cuts(local) == []


def test_a_batch_between_two_states_is_left_out_and_said_so(local: Store, grower: Grower) -> None:
    grower.grow(
        "coco.000002", [(drawing(4), [Asked("What else?", "none")])], stages=("images", "descriptions", "questions")
    )
    grower.grow("sam.000001", [(drawing(11), [COLOUR])], stages=("images", "descriptions"))
    cut = decided(local)
    assert cut.batches == ("coco.000001", "geoqa+.000001")
    assert {entry.batch: entry.reason for entry in cut.left_out} == {
        "coco.000002": "answers is older than its questions: materialize it again",
        "sam.000001": "questions not materialized yet",
    }
    grower.grow("coco.000002", [(drawing(4), [Asked("What else?", "none")])])
    assert "coco.000002" in decided(local).batches


def test_batches_keep_their_place_as_others_come(local: Store, grower: Grower) -> None:
    build_version(local, decided(local).version)
    grower.grow("ai2d.000001", [(drawing(9), [COLOUR])])
    build_version(local, decided(local, CutRecipe(sources=("ai2d",))).version)
    grower.grow("aardvark.000001", [(drawing(10), [COLOUR])])
    assert decided(local).batches == ("coco.000001", "geoqa+.000001", "coco.000002", "ai2d.000001", "aardvark.000001")


def test_cuts_at_once_do_not_share_a_number(local: Store, grower: Grower) -> None:
    def cut(seed: int) -> str:
        return decide_cut(Store.open(local.url), CutRecipe(seed=seed)).version

    with ThreadPoolExecutor(8) as pool:
        different = list(pool.map(cut, range(16)))
        same = list(pool.map(cut, [99] * 16))
    assert sorted(different) == [f"v{number:04d}" for number in range(1, 17)]
    assert set(same) == {"v0017"}


@pytest.mark.parametrize("seed", [0, 7])
def test_a_cut_that_another_caller_makes_between_any_two_listings_is_found(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    made: list[str] = []

    class Interrupted(Store):
        def names(self, relative: str) -> list[str]:
            if next(listings) == moment:
                made.append(decided(Store.open(self.url), CutRecipe(seed=seed)).version)
            return super().names(relative)

    for moment in count():
        plain = Store.open(str(tmp_path_factory.mktemp("store")))
        Grower(plain).grow("coco.000001", [(drawing(1), [COLOUR])])
        listings = count()
        cut = decided(Interrupted(url=plain.url, fs=plain.fs, root=plain.root), ALL)
        if len(made) == moment:
            break
        assert cut.version == ("v0002" if seed else "v0001")
        assert list_cuts(plain) == ["v0001", "v0002"][: 2 if seed else 1]
    assert moment > len(stage_names())
    assert set(made) == {"v0001"}


def test_on_s3_too(store: Store) -> None:
    Grower(store).grow("coco.000001", [(drawing(1), [COLOUR])])
    build_version(store, decided(store).version)
    assert isinstance(decide_cut(store, ALL), NothingNew)
    assert [summary.rows for summary in list_versions(store)] == [1]
    assert verify_versions(store).sound
    rows = store.read_parquet("versions/v0001/rows.parquet")
    assert explain_row(store, rows["row_id"][0])["answers"]["answer"] == "red"
    store.delete(rows["image_path"][0])
    assert [fault.path for fault in verify_versions(store).faults] == rows["image_path"].to_list()
