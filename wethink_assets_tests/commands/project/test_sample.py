"""`wethink sample` as people call it."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from wethink_assets.cli import app


def drawn(folder: Path, *options: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The counts that the command prints, and the digests of the images by path."""
    done = CliRunner().invoke(app, ["sample", str(folder), "--json", *options])
    assert done.exit_code == 0, done.output
    files = (path for path in (folder / "images").rglob("*") if path.is_file())
    digests = {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}
    return {name: count for name, count in json.loads(done.stdout).items() if name != "directory"}, digests


def test_a_seed_gives_the_same_bytes_and_more_images_leave_the_earlier_ones(tmp_path: Path) -> None:
    counts, digests = drawn(tmp_path / "one", "--images", "20", "--seed", "3")
    assert counts["images"] == 20 == sum(counts["by_source"].values()) and len(counts["by_source"]) == 18
    assert drawn(tmp_path / "two", "--images", "20", "--seed", "3") == (counts, digests)
    _, more = drawn(tmp_path / "one", "--images", "40", "--seed", "3")
    assert digests.items() <= more.items() and len(more) > len(digests)


def test_no_image_is_hard_on_request_and_people_get_a_table(tmp_path: Path) -> None:
    counts, _ = drawn(tmp_path, "--images", "18", "--hard", "0")
    assert counts["hard"] == 0
    shown = CliRunner().invoke(app, ["sample", str(tmp_path), "--images", "18"]).stdout
    assert "scene graphs: " in shown and "coco" in shown
