"""`wethink push`: only to places that it knows, and only what is an export."""

from pathlib import Path

from wethink_assets.errors import ConfigError, VersionError
from wethink_assets_tests.dataset.conftest import Wethink


def test_a_target_of_another_kind_is_refused(wethink: Wethink, tmp_path: Path) -> None:
    result = wethink("push", str(tmp_path), "--to", "ftp://somewhere/else")
    assert isinstance(result.exception, ConfigError) and "s3://bucket/prefix" in str(result.exception)


def test_a_folder_that_is_no_export_is_refused(wethink: Wethink, tmp_path: Path) -> None:
    result = wethink("push", str(tmp_path), "--to", "s3://bucket/prefix")
    assert isinstance(result.exception, VersionError) and "SHA256SUMS: missing" in str(result.exception)
