"""What is published is synced before it is named, and many small files all together; shown by the calls that the system sees."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store

WRITER = """
import sys
from pathlib import Path
from wethink_assets.storage.blobs import Blobs
from wethink_assets.storage.store import Store
store = Store.open(sys.argv[1])
store.create("a/record.json", b"record")
store.publish("a/b/table", b"table")
built = Path(sys.argv[1]) / "built"
built.write_bytes(b"built")
store.publish_file("c/file", built)
blobs = [Blobs(store).put(bytes([n]), "png") for n in range(5)]
store.sync()
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_file_is_synced_before_its_name_and_its_folders_after_it(tmp_path: Path) -> None:
    root, log = tmp_path / "store", tmp_path / "calls"
    traced = ["strace", "-f", "-y", "-qq", "-e", "trace=fsync,link,rename,syncfs", "-o", str(log)]
    done = subprocess.run(
        [*traced, sys.executable, "-c", WRITER, str(root)],
        env={**os.environ, "WETHINK_SYNC": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if "PTRACE" in done.stderr or "ptrace" in done.stderr:
        pytest.skip("processes may not be traced here")
    assert done.returncode == 0, done.stderr
    calls = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines() if str(root) in line]
    for call, name in (("link", "a/record.json"), ("rename", "a/b/table"), ("rename", "c/file")):
        named = next(n for n, line in enumerate(calls) if line.startswith(call) and f'{root}/{name}"' in line)
        folder, _, file = name.rpartition("/")
        assert calls[named - 1].startswith("fsync") and f".writing-{file}" in calls[named - 1]
        after = [line for line in calls[named + 1 :] if line.startswith("fsync")]
        assert f"{root}/{folder}>" in after[0]
        assert any(f"{root}>" in line for line in calls[named + 1 :] if line.startswith("fsync")) or folder == "a/b"
    blobs = [n for n, line in enumerate(calls) if line.startswith("link") and "/blobs/" in line]
    assert len(blobs) == 5 and not any("fsync" in line for line in calls[blobs[0] :])
    assert calls[-1].startswith("syncfs")


def test_a_blob_whose_bytes_a_power_cut_took_is_written_again(tmp_path: Path) -> None:
    blobs = Blobs(Store.open(str(tmp_path)))
    path = blobs.put(b"picture", "png")
    for torn in (b"", b"pic", bytes(7)):
        (tmp_path / path).write_bytes(torn)
        assert blobs.put(b"picture", "png") == path
        assert blobs.read(path) == b"picture"
