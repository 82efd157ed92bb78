"""Sample images: same seed same bytes, all 18 sources, scene graphs kept apart."""

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from wethink_assets.sources.sample import draw_samples, read_scene_graphs
from wethink_assets.sources.sample.layout import SAMPLE_SOURCES, draw_image

MAGIC = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".gif": "GIF", ".tif": "TIFF"}


def files_below(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_same_seed_same_bytes_and_growth_keeps_what_was_there(tmp_path: Path) -> None:
    draw_samples(tmp_path / "one", 40, seed=5)
    draw_samples(tmp_path / "two", 40, seed=5)
    first = files_below(tmp_path / "one")
    assert first == files_below(tmp_path / "two")
    draw_samples(tmp_path / "one", 90, seed=5)
    grown = files_below(tmp_path / "one" / "images")
    before = {name.removeprefix("images/"): data for name, data in first.items() if name.startswith("images/")}
    assert len(grown) == 90
    assert before.items() <= grown.items()
    draw_samples(tmp_path / "other", 40, seed=6)
    assert not set(files_below(tmp_path / "other" / "images").values()) & set(before.values())


def test_all_sources_lie_in_their_own_folders_in_formats_true_to_their_names(tmp_path: Path) -> None:
    report = draw_samples(tmp_path, 180, seed=0)
    assert list(report.by_source) == [source.name for source in SAMPLE_SOURCES]
    assert set(report.by_source.values()) == {10}
    assert {path.name for path in (tmp_path / "images").iterdir()} == {source.name for source in SAMPLE_SOURCES}
    assert set(report.by_kind) == {"shapes", "chart", "figure", "text"}
    for path in (file for file in (tmp_path / "images").rglob("*") if file.is_file()):
        with Image.open(path) as image:
            image.load()
            assert image.format == MAGIC[path.suffix]
            assert image.width == image.height >= 96
    assert set(report.by_format) == {"jpg", "png", "webp", "gif", "tif"}


def test_scene_graphs_are_apart_and_name_images_by_digest(tmp_path: Path) -> None:
    draw_samples(tmp_path, 36, seed=1)
    graphs = read_scene_graphs(tmp_path)
    digests = {hashlib.sha256(data).hexdigest() for data in files_below(tmp_path / "images").values()}
    assert set(graphs) == digests
    assert not list((tmp_path / "images").rglob("*.json*"))
    assert [path.name for path in tmp_path.iterdir() if path.name != "images"] == ["truth"]


def test_the_stated_share_is_hard(tmp_path: Path) -> None:
    assert draw_samples(tmp_path / "none", 60, seed=2, hard_share=0).hard == 0
    assert draw_samples(tmp_path / "all", 60, seed=2, hard_share=1).hard == 60
    some = draw_samples(tmp_path / "some", 360, seed=2).hard
    assert 0.17 < some / 360 < 0.33


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="hard_share"):
        draw_samples(tmp_path, 3, seed=0, hard_share=1.5)
    with pytest.raises(ValueError, match="negative"):
        draw_samples(tmp_path, -1, seed=0)


def test_an_image_depends_on_seed_source_and_number_alone() -> None:
    source = SAMPLE_SOURCES[3]
    assert draw_image(1, source, 7).data == draw_image(1, source, 7).data
    assert draw_image(1, source, 7).data != draw_image(1, source, 8).data
    assert Image.open(io.BytesIO(draw_image(1, source, 7).data)).size[0] in range(96, 241)
