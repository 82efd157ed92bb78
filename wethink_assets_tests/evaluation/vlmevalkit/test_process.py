"""VLMEvalKit's process, where there is none."""

from pathlib import Path

import pytest

from wethink_assets.config import Settings
from wethink_assets.errors import ModelError
from wethink_assets.evaluation.vlmevalkit.environment import kit_python, kit_version
from wethink_assets.evaluation.vlmevalkit.process import Kit


def test_a_python_without_vlmevalkit_is_named(tmp_path: Path) -> None:
    assert kit_version().count(".") == 2
    table = {"scoring": {"vlmevalkit_python": "bin/nothing"}, "folder": str(tmp_path)}
    settings = Settings.model_validate(table)
    assert kit_python(settings) == str(tmp_path / "bin" / "nothing")
    with Kit(settings) as kit, pytest.raises(ModelError, match="bin/nothing"):
        kit.ask(do="prompts", key="MMStar", md5="", out="")
    ended = settings.model_copy(
        update={"scoring": settings.scoring.model_copy(update={"vlmevalkit_python": "/bin/false"})}
    )
    with Kit(ended) as kit:
        folder = kit.folder
        with pytest.raises(ModelError, match="ended with 1 while it was asked for prompts of MMStar"):
            kit.ask(do="prompts", key="MMStar", md5="", out="")
    assert not folder.exists()
