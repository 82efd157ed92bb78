"""Imports: a file adds its rows once, goes on where it was killed, and every row that is no pair has a reason."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from wethink_assets.config import Settings
from wethink_assets.dataset.imports.importer import ImportOptions, import_rows, rejections_of
from wethink_assets.dataset.takedown.takedown import Subject, take_down
from wethink_assets.errors import ConfigError, SourceError, UnknownName
from wethink_assets.sources.batches import list_batches, read_membership
from wethink_assets.sources.imported_pairs import pairs_of
from wethink_assets.storage.store import Store
from wethink_assets_tests.dataset.imports.conftest import Exported
from wethink_assets_tests.support.images import drawing

SETTINGS = Settings.model_validate({"pipeline": {"batch_size": 4}})
KILLED = """
import os, signal, sys
from pathlib import Path
from wethink_assets.config import Settings
from wethink_assets.dataset.imports import batches, importer
from wethink_assets.storage.store import Store

create, left = batches.create_batch, [int(sys.argv[3])]

def create_or_die(*arguments):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return create(*arguments)

batches.create_batch = create_or_die
importer.import_rows(
    Store.open(sys.argv[1]), Settings.model_validate({"pipeline": {"batch_size": 4}}), Path(sys.argv[2]), "given", importer.ImportOptions()
)
"""


def lines(folder: Path, count: int, start: int = 0) -> Path:
    """A file of lines of the paper's form, each about an image of its own."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    written = []
    for number in range(start, start + count):
        (folder / "images" / f"{number}.png").write_bytes(drawing(number))
        line = {
            "problem": f"How many lines of length {number} are there?",
            "answer": str(number),
            "image_path": f"images/{number}.png",
        }
        written.append(
            json.dumps(
                {
                    **line,
                    "category": "counting",
                    "abilities": ["Reasoning", "Math"],
                    "refined_cot": "",
                    "reward": "rule",
                }
            )
        )
    target = folder / "lines.jsonl"
    with target.open("a") as stream:
        stream.write("\n".join(written) + "\n")
    return target


def slots(store: Store, source: str = "given") -> list[str]:
    """Slots of all pairs, batch by batch."""
    frames = [pairs_of(store, batch) for batch in list_batches(store, source)]
    return [slot for frame in frames if frame is not None for slot in frame["slot"]]


def test_a_file_that_is_imported_twice_adds_nothing(local: Store, tmp_path: Path) -> None:
    file = lines(tmp_path / "data", 6)
    first = import_rows(local, SETTINGS, file, "given", ImportOptions())
    again = import_rows(local, SETTINGS, file, "given", ImportOptions())
    assert (first.rows, first.imported, first.known, len(first.batches)) == (6, 6, 0, 2)
    assert (again.rows, again.imported, again.known, again.batches) == (6, 0, 6, [])
    assert len(list_batches(local, "given")) == 2


def test_a_file_that_has_grown_adds_its_new_rows(local: Store, tmp_path: Path) -> None:
    file = lines(tmp_path / "data", 3)
    import_rows(local, SETTINGS, file, "given", ImportOptions())
    lines(tmp_path / "data", 2, start=3)
    grown = import_rows(local, SETTINGS, file, "given", ImportOptions())
    assert (grown.rows, grown.imported, grown.known) == (5, 2, 3)
    assert len(set(slots(local))) == 5


@pytest.mark.parametrize("whole", [pytest.param(0, marks=pytest.mark.slow), 1, pytest.param(2, marks=pytest.mark.slow)])
def test_an_import_that_was_killed_is_gone_on_with_in_the_same_batches(tmp_path: Path, whole: int) -> None:
    file = lines(tmp_path / "data", 10)
    uninterrupted, killed = Store.open(str(tmp_path / "whole")), Store.open(str(tmp_path / "killed"))
    import_rows(uninterrupted, SETTINGS, file, "given", ImportOptions())
    script = [sys.executable, "-c", KILLED, killed.url, str(file), str(whole)]
    ran = subprocess.run(script, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False)
    assert ran.returncode == -signal.SIGKILL
    assert len(list_batches(killed, "given")) == whole
    done = import_rows(killed, SETTINGS, file, "given", ImportOptions())
    assert (done.known, done.imported) == (4 * whole, 10 - 4 * whole)
    assert slots(killed) == slots(uninterrupted)
    for batch in list_batches(uninterrupted, "given"):
        assert read_membership(killed, batch).equals(read_membership(uninterrupted, batch))


def test_rows_that_are_no_pairs_are_rejected_with_file_row_and_reason(local: Store, tmp_path: Path) -> None:
    file = lines(tmp_path / "data", 1)
    (tmp_path / "data/images/cut.png").write_bytes(drawing(1)[:200])
    (tmp_path / "data/images/text.png").write_text("no image")
    good = json.loads(file.read_text())
    bad = [
        ("malformed_row", "{"),
        ("malformed_row", "[1]"),
        ("image_missing", {**good, "image_path": "images/none.png"}),
        ("unsafe_path", {**good, "image_path": "../../../etc/hostname"}),
        ("image_missing", {**good, "image_path": "images/" + "long" * 500}),
        ("truncated", {**good, "image_path": "images/cut.png"}),
        ("not_an_image", {**good, "image_path": "images/text.png"}),
        ("no_answer", {**good, "answer": ""}),
        ("no_question", {**good, "problem": " "}),
        ("not_wellformed", {**good, "problem": "How?"}),
        ("no_option", {**good, "problem": "Which is red?\nA. a disc\nB. a square", "answer": "C"}),
        ("no_image", {**good, "image_path": ""}),
        ("several_images", {**good, "image_path": None, "images": ["images/0.png", "images/0.png"]}),
        ("path_misses_answer", {**good, "refined_cot": "There are many. So the answer is 12."}),
        ("leaks_prompt", {**good, "refined_cot": "According to the given description there is none."}),
    ]
    texts = [line if isinstance(line, str) else json.dumps(line) for _, line in bad]
    file.write_text("\n".join([file.read_text().strip(), *texts]) + "\n")
    done = import_rows(local, SETTINGS, file, "given", ImportOptions())
    refused = rejections_of(local, "given")
    assert dict(refused.select("row", "reason").iter_rows()) == {row: reason for row, (reason, _) in enumerate(bad, 2)}
    assert done.rows == done.imported + done.known + sum(done.rejected.values()) == len(bad) + 1
    assert set(refused["file"]) == {"lines.jsonl"} and all(refused["detail"])


WRAPPED = {
    "<image>images/0.png</image>": "wrapped",
    "./images/0.png": "dot",
    "images\\0.png": "backslashes",
    "C:\\data\\images\\0.png": "drive",
    "/mnt/elsewhere/data/images/0.png": "absolute",
    "file://images/0.png": "wrapped",
    "train/images/0.png": "prefixed",
    "images/../images/0.png": "climbs",
    "images/%30.png": "escaped",
}


@pytest.mark.parametrize(("written", "wrapper"), WRAPPED.items())
def test_wrappers_of_names_of_images_are_taken_off_and_counted(
    local: Store, tmp_path: Path, written: str, wrapper: str
) -> None:
    file = lines(tmp_path / "data", 1)
    file.write_text(json.dumps({**json.loads(file.read_text()), "image_path": written}))
    done = import_rows(local, SETTINGS, file, "given", ImportOptions())
    assert done.imported == 1 and wrapper in done.mended


def test_images_that_come_later_are_imported_from_the_same_file(local: Store, tmp_path: Path) -> None:
    file = lines(tmp_path / "data", 3)
    late = (tmp_path / "data/images/1.png").rename(tmp_path / "late.png")
    assert import_rows(local, SETTINGS, file, "given", ImportOptions()).rejected == {"image_missing": 1}
    late.rename(tmp_path / "data/images/1.png")
    done = import_rows(local, SETTINGS, file, "given", ImportOptions())
    assert (done.imported, done.known, done.rejected) == (1, 2, {})
    assert rejections_of(local, "given").is_empty()


def test_a_name_alone_is_not_taken_for_another_images(local: Store, tmp_path: Path) -> None:
    file = lines(tmp_path / "data", 1)
    file.write_text(json.dumps({**json.loads(file.read_text()), "image_path": "coco/0.png"}))
    (tmp_path / "data/0.png").write_bytes(drawing(5))
    done = import_rows(local, SETTINGS, file, "given", ImportOptions())
    assert done.rejected == {"image_missing": 1}


def test_a_link_out_of_the_folder_is_not_followed(local: Store, tmp_path: Path) -> None:
    file = lines(tmp_path / "data", 1)
    (tmp_path / "secret.png").write_bytes(drawing(7))
    (tmp_path / "data/images/link.png").symlink_to(tmp_path / "secret.png")
    file.write_text(json.dumps({**json.loads(file.read_text()), "image_path": "images/link.png"}))
    assert import_rows(local, SETTINGS, file, "given", ImportOptions()).rejected == {"unsafe_path": 1}


def test_what_was_taken_down_is_not_imported(local: Store, exported: Exported, rows: pl.DataFrame) -> None:
    take_down(local, Subject("image", rows["image_id"][0]), "asked")
    take_down(local, Subject("source", "coco"), "asked")
    done = import_rows(local, SETTINGS, exported("jsonl"), "lines", ImportOptions())
    assert done.rejected == {"retracted": 1}
    assert not local.names(f"blobs/{rows['image_id'][0][:2]}") or not any(
        name.startswith(rows["image_id"][0]) for name in local.names(f"blobs/{rows['image_id'][0][:2]}")
    )
    assert import_rows(local, SETTINGS, exported("huggingface"), "rows", ImportOptions()).rejected == {
        "retracted": rows.height
    }


def test_options_that_cannot_be_are_refused(local: Store, tmp_path: Path) -> None:
    file = lines(tmp_path / "data", 1)
    with pytest.raises(UnknownName, match=r"known: .*sharegpt"):
        import_rows(local, SETTINGS, file, "given", ImportOptions(form="csv"))
    with pytest.raises(UnknownName, match=r"known: .*question"):
        import_rows(local, SETTINGS, file, "given", ImportOptions(columns={"frage": "q"}))
    with pytest.raises(ConfigError, match="images of its own"):
        import_rows(local, SETTINGS, file, "coco", ImportOptions())
    with pytest.raises(SourceError, match="does not exist"):
        import_rows(local, SETTINGS, tmp_path / "none", "given", ImportOptions())


def test_a_format_that_is_not_recognised_names_the_columns(local: Store, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"frage": "Wie viele?", "antwort": "3", "bild": "0.png"}\n')
    with pytest.raises(SourceError, match=r"frage, antwort, bild.*--column question=NAME"):
        import_rows(local, SETTINGS, file, "given", ImportOptions())
