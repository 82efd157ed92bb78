"""`wethink compare` of models that it cannot compare; its page is tested in `evaluation/test_evaluation.py`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.errors import VersionError


@pytest.mark.parametrize(
    ("models", "message"),
    [
        (("base", "v0001"), "has no score on sample_MMStar: `wethink score` makes it"),
        (("v0001", "v0002"), r"v0002 names 0 training runs; there are: v0001\.grpo"),
        (("base", "v0002"), "`base` names 0 base models"),
    ],
)
def test_what_is_missing_is_named(unscored: Path, models: tuple[str, str], message: str) -> None:
    with pytest.raises(VersionError, match=message):
        CliRunner().invoke(app, ["compare", *models, "--benchmark", "sample_MMStar"], catch_exceptions=False)
    assert not list(unscored.glob("*.html"))
