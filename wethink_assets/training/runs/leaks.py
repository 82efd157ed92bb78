"""No policy is trained on a version that leaks: a row that a benchmark has, alike images across its splits, a duplicate."""

from typing import Literal

from wethink_assets.dataset.versions.leaks import find_leaks
from wethink_assets.errors import StoreError, TrainingError, VersionError
from wethink_assets.storage.store import Store

__all__ = ["require_no_leaks"]


def require_no_leaks(store: Store, version: str, leaks: Literal["refuse", "allow"]) -> None:
    """Raises `TrainingError` for a version that leaks, or that cannot be searched for it. leaks: `training.leaks`, of which `allow` looks at nothing.

    What takes its time is that of finding the version's duplicates (`dataset.versions.leaks.find_leaks`).
    """
    if leaks == "allow":
        return
    remedy = (
        f"`wethink verify {version} --leaks` names what it finds, `wethink cut` leaves out what a benchmark has, and "
    )
    remedy += '`[training] leaks = "allow"` trains on it all the same'
    try:
        found = find_leaks(store, version)
    except (StoreError, VersionError) as error:
        raise TrainingError(f"{version} cannot be searched for leaks: {error}; {remedy}") from error
    if not found.tight:
        raise TrainingError(f"it leaks: {found}; {remedy}")
