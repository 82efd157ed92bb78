"""How many verified rows wait for the next version."""

from collections.abc import Mapping

from wethink_assets.dataset.cut import Cut, CutInput
from wethink_assets.dataset.deciding import latest_cut, whole_inputs
from wethink_assets.dataset.recipe import CutRecipe
from wethink_assets.storage.store import Store

VERIFIED = "reasoning_paths"


def new_verified_rows(store: Store, recipe: CutRecipe) -> int:
    """Rows with a checked reasoning path in batches that the newest cut of the recipe lacks, or has in another state.

    Only commits are read. What of these rows are duplicates shows when the version is built; a batch that was synthesized again counts
    with all its rows.
    """
    newest = latest_cut(store, recipe)
    inputs = whole_inputs(store, recipe)
    return sum(entry.results for batch, entry in inputs.items() if _version(newest, batch) != entry.data_version)


def _version(cut: Cut | None, batch: str) -> str:
    tables: Mapping[str, CutInput] = cut.tables.get(batch, {}) if cut else {}
    return tables[VERIFIED].data_version if VERIFIED in tables else ""
