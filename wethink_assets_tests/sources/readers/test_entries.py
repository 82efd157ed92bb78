"""Names and sizes that must not be used."""

import posixpath

from hypothesis import example, given
from hypothesis import strategies as st

from wethink_assets.sources.locations import matches
from wethink_assets.sources.readers.entries import MAX_FILE_BYTES, is_passed_over, printable, unsafe_name, unsafe_size
from wethink_assets.sources.readers.part_names import is_complete, whole_name

part = st.sampled_from(["..", ".", "", "a", "b.jpg", "C:", "\\", "..\\x", "~", " ", "é"])


@given(st.lists(part, min_size=1, max_size=6).map("/".join))
@example("/etc/passwd")
@example("..\\..\\windows\\a.jpg")
@example("C:\\a.jpg")
@example("a/../../b.jpg")
@example("a\0.jpg")
@example("\udce9.jpg")
@example("")
def test_a_name_that_is_let_through_stays_in_its_folder(name: str) -> None:
    if unsafe_name(name) is None:
        for path in (name, name.replace("\\", "/")):
            resolved = posixpath.normpath(posixpath.join("/folder", path))
            assert resolved == "/folder" or resolved.startswith("/folder/")
        assert "\0" not in name and name.encode()


@given(st.text(max_size=50))
def test_a_refused_name_can_be_told(name: str) -> None:
    printable(name).encode()
    assert unsafe_name(name) is None or isinstance(unsafe_name(name), str)


def test_ordinary_names_are_safe() -> None:
    for name in ("coco/train2017/000000000009.jpg", "geoqa+/images/1.png", "a b/ü.webp", "..hidden/x", "a..b.jpg"):
        assert unsafe_name(name) is None


def test_bombs_are_told_by_size_and_ratio() -> None:
    assert unsafe_size(None, MAX_FILE_BYTES) is None
    assert unsafe_size(MAX_FILE_BYTES, MAX_FILE_BYTES + 1)
    assert unsafe_size(1000, 10 * 2**20)
    assert unsafe_size(1, 100_000) is None  # a small flat drawing packs very well
    assert unsafe_size(2**20, 10 * 2**20) is None


def test_what_is_no_image_by_its_name() -> None:
    for name in ("a.json", "x/README.md", "labels.TXT", ".DS_Store", "__MACOSX/a.jpg", "a/._b.jpg", "Thumbs.db"):
        assert is_passed_over(name)
    for name in ("a.jpg", "b.PNG", "no_ending", "c.jpeg_large", "d.xyz", "v1.0/e", "a.jpg.1"):
        assert not is_passed_over(name)


def test_globs() -> None:
    assert matches("coco/**", "coco/train2017/1.jpg") and not matches("coco/**", "vg/coco/1.jpg")
    assert matches("*.jpg", "1.jpg") and not matches("*.jpg", "a/1.jpg")
    assert matches("**/*.jpg", "1.jpg") and matches("**/*.jpg", "a/b/1.jpg")
    assert matches("geoqa+/?.png", "geoqa+/1.png") and not matches("geoqa+/?.png", "geoqaa/1.png")


def test_parts_of_an_archive() -> None:
    assert whole_name("d/image.zip.part-ab") == "d/image.zip"
    assert whole_name("image.zip.001") == whole_name("image.zip.partaa") == "image.zip"
    assert whole_name("x.tar.gz") == "x.tar.gz"
    assert whole_name("photo.zip.jpg") == "photo.zip.jpg"
    assert is_complete(["i.zip.part-aa", "i.zip.part-ab", "i.zip.part-ac"]) and is_complete(["i.zip.001", "i.zip.002"])
    assert not is_complete(["i.zip.part-aa", "i.zip.part-ac"]) and not is_complete(["i.zip.part-ab"])
    assert is_complete(["i.zip"])
