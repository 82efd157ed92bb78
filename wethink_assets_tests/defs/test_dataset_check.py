"""The blocking check of `dataset`: the run of a version in which something leaks fails, and the check says what."""

from pathlib import Path

import dagster as dg
import pytest

from wethink_assets.config import Settings
from wethink_assets.config.data import StoreSettings
from wethink_assets.dataset.cuts.cut import Cut
from wethink_assets.dataset.cuts.decision import decide_cut
from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.defs.assets.versions import cuts_spec, dataset_asset
from wethink_assets.defs.graph import dataset_version
from wethink_assets.defs.resources import resources_of
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.alike_pictures import grow_page_and_plot


@pytest.mark.slow
@pytest.mark.parametrize(("split_by", "passes"), [("group", True), ("image", False)])
def test_a_version_whose_splits_share_a_picture_fails_its_run(tmp_path: Path, split_by: str, passes: bool) -> None:
    store = Store.open(str(tmp_path / "store"))
    grow_page_and_plot(store)
    cut = decide_cut(store, CutRecipe.model_validate({"split_by": split_by}))
    assert isinstance(cut, Cut)
    settings = Settings(folder=str(tmp_path), store=StoreSettings(url=str(tmp_path / "store")))
    with dg.DagsterInstance.ephemeral(str(tmp_path)) as instance:
        instance.add_dynamic_partitions(str(dataset_version.name), [cut.version])
        dataset, check = dataset_asset()
        ran = dg.materialize(
            [cuts_spec(), dataset, check],
            partition_key=cut.version,
            resources=dict(resources_of(settings)),
            instance=instance,
            raise_on_error=False,
        )
        (told,) = ran.get_asset_check_evaluations()
    assert ran.success is passes and told.passed is passes and told.blocking
    assert told.metadata["across_splits"].value == (not passes)
    assert ("1 pairs of alike images across splits" in str(told.description)) is not passes
