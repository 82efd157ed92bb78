"""A version that leaks is refused before a policy is trained on it, unless the configuration allows it."""

from pathlib import Path

import pytest

from wethink_assets.dataset.cuts.recipe import CutRecipe
from wethink_assets.errors import TrainingError
from wethink_assets.storage.store import Store
from wethink_assets.training.runs.leaks import require_no_leaks
from wethink_assets_tests.support.alike_pictures import grow_page_and_plot
from wethink_assets_tests.support.versions import built


def test_a_version_that_leaks_is_refused_unless_allowed(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store"))
    grow_page_and_plot(store)
    require_no_leaks(store, built(store).version, "refuse")
    leaking = built(store, CutRecipe(split_by="image")).version
    with pytest.raises(
        TrainingError, match=r"1 pairs of alike images across splits.*`wethink verify v0002 --leaks`.*leaks = \"allow\""
    ):
        require_no_leaks(store, leaking, "refuse")
    require_no_leaks(store, leaking, "allow")
    with pytest.raises(TrainingError, match="v0009 cannot be searched for leaks: there is no version v0009"):
        require_no_leaks(store, "v0009", "refuse")
