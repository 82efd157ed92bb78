"""What Dagster says of the partitions of a project: fresh, stale and why, or missing."""

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from wethink_assets_tests.support.opened_project import Opened

OLD = ("coco.000001", "geoqa+.000001")
"""The first batches of the scripted project."""


def statuses(it: Opened, partitions: dict[str, tuple[str, ...]]) -> dict[tuple[str, str], tuple[str, list[str]]]:
    """Status and causes of partitions, by asset and key, as the UI shows them."""
    resolver = CachingStaleStatusResolver(
        it.instance, it.definitions.resolve_asset_graph(), LoadingContextForTest(it.instance)
    )
    return {
        (asset, key): (
            resolver.get_status(dg.AssetKey(asset), key).value,
            [cause.reason for cause in resolver.get_stale_causes(dg.AssetKey(asset), key)],
        )
        for asset, keys in partitions.items()
        for key in keys
    }
