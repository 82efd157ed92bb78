"""A training run that is scored beside its base."""

from pathlib import Path

import pytest

from wethink_assets_tests.support.scored_training_run import ScoredRun, scored_training_run


@pytest.fixture
def scored(tmp_path: Path) -> ScoredRun:
    """A base that gets the even images right, and a policy that gets all but two."""
    return scored_training_run(tmp_path)
