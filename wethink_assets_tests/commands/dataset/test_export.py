"""`wethink export`: a folder that cannot be made is refused."""

from pathlib import Path

import pytest

from wethink_assets.errors import VersionError
from wethink_assets_tests.dataset.conftest import Wethink


def test_an_export_that_cannot_be_made_is_an_error(trained: Wethink, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here already")
    for target, fault in ((tmp_path / "file", "is a file"), (tmp_path / "file" / "below", "cannot be made")):
        with pytest.raises(VersionError, match=fault):
            raise trained("export", "v0001", str(target)).exception or AssertionError
