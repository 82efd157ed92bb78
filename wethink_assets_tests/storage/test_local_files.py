"""What a killed writer of a user's own file leaves behind is removed by whoever writes the same name next."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from wethink_assets.dataset.exports.export import make_unfinished_folder
from wethink_assets.storage.local_files import beside, remove_abandoned, replace_file
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.images import drawing
from wethink_assets_tests.support.question_tables import COLOUR
from wethink_assets_tests.support.stage_tables import Grower


def _file(path: Path) -> None:
    with beside(path) as unfinished:
        unfinished.write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)


def _folder(path: Path) -> None:
    (make_unfinished_folder(path) / "a").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)


def _killed(write: Callable[[Path], None], path: Path) -> None:
    process = os.fork()
    if not process:
        try:
            write(path)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("write", [_file, _folder])
def test_what_a_killed_writer_left_is_gone_after_the_next(tmp_path: Path, write: Callable[[Path], None]) -> None:
    path = tmp_path / "a [1].jsonl"
    _killed(write, path)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".writing-a [1].jsonl.")
    replace_file(tmp_path / "a [1].json", b"another name")
    assert left.exists()
    replace_file(path, b"whole")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a [1].json", "a [1].jsonl"]
    assert path.read_bytes() == b"whole"


def test_an_unfinished_folder_is_gone_after_the_next(tmp_path: Path) -> None:
    _killed(_folder, tmp_path / "out")
    unfinished = make_unfinished_folder(tmp_path / "out")
    assert list(tmp_path.iterdir()) == [unfinished]


def test_what_is_being_written_stays(tmp_path: Path) -> None:
    with beside(tmp_path / "a") as unfinished:
        unfinished.write_bytes(b"half")
        remove_abandoned(tmp_path / "a")
        assert unfinished.exists()
        replace_file(tmp_path / "a", b"whole")
        assert unfinished.exists()
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_files_of_the_user_with_such_names_stay(tmp_path: Path) -> None:
    names = [".writing-a", ".writing-a.txt", ".writing-a.b.999999-00", ".a.999999", "a.999999-00"]
    for name in names:
        (tmp_path / name).write_bytes(b"own")
    replace_file(tmp_path / "a", b"whole")
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([*names, "a"])


TABLE_EXPORT = """
import os, signal, sys
from pathlib import Path
from wethink_assets.dataset.edits.edits import export_table
from wethink_assets.storage.store import Store
export_table(Store.open(sys.argv[1]), "coco.000001", "questions", Path(sys.argv[2]), lambda *_: os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_a_killed_table_export_leaves_nothing_beside_the_next_one(tmp_path: Path, ending: str) -> None:
    store = Store.open(str(tmp_path / "store"))
    Grower(store, prompt="Ask about {{ description }}.").grow("coco.000001", [(drawing(1), [COLOUR])])
    out = tmp_path / "out" / f"questions.{ending}"
    out.parent.mkdir()
    killed = subprocess.run([sys.executable, "-c", TABLE_EXPORT, store.url, str(out)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not out.exists() and len(list(out.parent.iterdir())) == 1
    program = TABLE_EXPORT.replace("lambda *_: os.kill(os.getpid(), signal.SIGKILL)", "None")
    subprocess.run([sys.executable, "-c", program, store.url, str(out)], check=True)
    assert list(out.parent.iterdir()) == [out]
