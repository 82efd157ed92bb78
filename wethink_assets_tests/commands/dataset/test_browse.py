"""`wethink browse`: serves what it says until interrupted, or writes a folder."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from wethink_assets.errors import VersionError
from wethink_assets.storage.store import Store
from wethink_assets_tests.commands.dataset.conftest import printed
from wethink_assets_tests.dataset.conftest import Wethink
from wethink_assets_tests.support.stage_tables import Grower
from wethink_assets_tests.support.versions import cut


def test_it_serves_until_interrupted(local: Store, grower: Grower, tmp_path: Path) -> None:
    cut(local)
    (tmp_path / "wethink.toml").write_text(f'[store]\nurl = "{local.url}"\n')
    environment = {**os.environ, "WETHINK_CONFIG": str(tmp_path / "wethink.toml"), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "wethink_assets.cli", "browse", "--json"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        shown = json.loads(process.stdout.readline())
        assert (shown["version"], shown["rows"]) == ("v0001", 8)
        assert shown["url"].startswith("http://127.0.0.1:")
        with urllib.request.urlopen(shown["url"], timeout=30) as response:
            assert b"8 of 8 rows" in response.read()
    finally:
        process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert list(tmp_path.glob("wethink-browse-*")) == []


def test_it_writes_a_folder(wethink: Wethink, local: Store, grower: Grower, tmp_path: Path) -> None:
    cut(local)
    written = json.loads(printed(wethink, "browse", "--static", str(tmp_path / "pages"), "--json"))
    assert (written["version"], written["rows"], written["images"], written["duplicates"]) == ("v0001", 8, 6, 1)
    assert Path(written["index"]).is_file()
    assert isinstance(wethink("browse", "v0001", "--static", str(tmp_path / "pages")).exception, VersionError)


def test_a_store_without_rows_is_an_error(wethink: Wethink) -> None:
    assert isinstance(wethink("browse").exception, VersionError)
    assert isinstance(wethink("browse", "v0007").exception, VersionError)
