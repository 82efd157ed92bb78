"""`wethink run` draws its sample images whole: a drawing that was cut short is done again."""

from pathlib import Path

from wethink_assets.commands.progress import Display
from wethink_assets.commands.synthesis.run import draw_missing_samples
from wethink_assets.config import SampleSettings, Settings


def drawn(folder: Path) -> dict[str, bytes]:
    with Display() as display:
        draw_missing_samples(Settings(sample=SampleSettings(location=str(folder), images=36)), display)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_drawing_that_was_cut_short_is_done_again(tmp_path: Path) -> None:
    whole = drawn(tmp_path / "whole")
    assert sum(name.startswith("images/") for name in whole) == 36
    cut_short = tmp_path / "cut"
    first = cut_short / next(name for name in sorted(whole) if name.startswith("images/"))
    first.parent.mkdir(parents=True)
    first.write_bytes(b"half")
    (cut_short / ".drawing").touch()
    assert drawn(cut_short) == whole


def test_images_that_are_there_are_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "images" / "coco" / "mine.png"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    assert drawn(tmp_path) == {"images/coco/mine.png": b"mine"}
