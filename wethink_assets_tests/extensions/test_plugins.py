"""Plugins: modules of one's own, found beside wethink.toml and imported before a setting that needs them is checked."""

import subprocess
import sys
from pathlib import Path

import pytest

from wethink_assets.config import load_settings
from wethink_assets.errors import ConfigError

READER = """
from wethink_assets.extensions.builtin import READERS

class Nothing:
    name = "nothing"

READERS.register("nothing", Nothing())
"""


def test_a_setting_may_name_what_a_plugin_registers(tmp_path: Path) -> None:
    (tmp_path / "my_reader.py").write_text(READER)
    config = tmp_path / "wethink.toml"
    config.write_text("plugins = ['my_reader']\n[sources.coco]\nreader = 'nothing'\n")
    code = "import sys; from pathlib import Path; from wethink_assets.config import load_settings\n"
    code += "print(load_settings(Path(sys.argv[1]), {}).sources['coco'].reader)"
    done = subprocess.run([sys.executable, "-c", code, str(config)], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "nothing"), done.stderr
    config.write_text("[sources.coco]\nreader = 'nothing'\n")
    refused = subprocess.run([sys.executable, "-c", code, str(config)], capture_output=True, text=True)
    assert refused.returncode and "unknown reader 'nothing'; known: auto, folder, zip" in refused.stderr


def test_a_plugin_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    (tmp_path / "wethink.toml").write_text("plugins = ['no_such_plugin']\n")
    with pytest.raises(ConfigError, match=r"'no_such_plugin' cannot be imported .* in the folder of wethink.toml"):
        load_settings(tmp_path / "wethink.toml", {})
