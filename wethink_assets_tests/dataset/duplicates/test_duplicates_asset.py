"""The asset `duplicates`: the newest version's report as metadata that fits into one event."""

from wethink_assets.dataset.duplicates.report import duplicate_report
from wethink_assets.defs.assets.duplicates import duplicates_metadata
from wethink_assets.defs.stages.publication import METADATA_BYTES, fitting, weight
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import built


def test_metadata_has_the_curves_and_fits(local: Store, grower: Grower) -> None:
    version = built(local).version
    told = fitting(duplicates_metadata(duplicate_report(local, version)))
    assert weight(told) <= METADATA_BYTES
    assert told["version"] == version and told["left out: duplicate_near"] == 1
    assert told["curves"].value.startswith("![rows left out by threshold](data:image/png;base64,")
