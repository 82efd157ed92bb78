"""A project with one training run of which nothing is scored."""

import json
from pathlib import Path

import pytest

from wethink_assets_tests.support.trained_policy import store_with_policy

CONFIG = f"""
[store]
url = {{store}}
[scoring]
benchmarks = {json.dumps(["sample_MMStar", "MMStar"])}
sample_questions = 12
"""


@pytest.fixture
def unscored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its folder; commands find it by themselves."""
    store_with_policy(tmp_path)
    (tmp_path / "wethink.toml").write_text(CONFIG.format(store=json.dumps(str(tmp_path / "data"))))
    monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path
