"""Names and sizes that must not be used."""

import io
import posixpath
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wethink_assets.sources.locations import matches
from wethink_assets.sources.readers.entries import (
    ARCHIVES,
    MAX_FILE_BYTES,
    IgnoredEntries,
    ignored_kind,
    printable,
    unsafe_name,
    unsafe_size,
)

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


KINDS = {
    "text": ("a.json", "x/README.md", "labels.TXT"),
    "system_file": (".DS_Store", "__MACOSX/a.jpg", "__MACOSX/._a.jpg", "Thumbs.db"),
    "hidden": ("a/._b.jpg", ".git/HEAD", ".cache/a.png"),
    "archive": ("a.7z", "b.rar"),
    "data": ("labels.npy", "weights.safetensors"),
    "": ("a.jpg", "b.PNG", "no_ending", "c.jpeg_large", "d.xyz", "v1.0/e", "a.jpg.1", "../a.png"),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_no_image_by_its_name(kind: str) -> None:
    assert {ignored_kind(name) for name in KINDS[kind]} == {kind}


def test_archives_in_archives_are_called_so() -> None:
    assert {ignored_kind(f"a.{ending}", nested=True) for ending in ARCHIVES} == {"nested_archive"}


def test_ignored_entries_are_counted_in_memory_that_does_not_grow() -> None:
    ignored, first = IgnoredEntries(), IgnoredEntries()
    first.add("caf\udce9.txt", "text")
    ignored.extend(first)
    tracemalloc.start()
    for number in range(20_000):
        ignored.add(f"folder/{number:0200d}.json", "text")
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 2**20 * 1.5
    assert ignored.counts == {"text": 20_001}
    assert ignored.examples["text"][:2] == ["caf\\udce9.txt", f"folder/{0:0200d}.json"]
    assert {each.name for each in ignored} == {"caf\\udce9.txt", *(f"folder/{n:0200d}.json" for n in range(20_000))}
    target = io.BytesIO()
    ignored.write(target)
    again = IgnoredEntries(ignored.counts, ignored.examples, lambda: io.BytesIO(target.getvalue()))
    assert sorted(again) == sorted(ignored) and len(again) == len(ignored)


def test_a_kind_that_is_not_declared_is_an_error() -> None:
    with pytest.raises(KeyError, match="'odd' is no kind of ignored entries; they are directory"):
        IgnoredEntries().add("a", "odd")


def test_globs() -> None:
    assert matches("coco/**", "coco/train2017/1.jpg") and not matches("coco/**", "vg/coco/1.jpg")
    assert matches("*.jpg", "1.jpg") and not matches("*.jpg", "a/1.jpg")
    assert matches("**/*.jpg", "1.jpg") and matches("**/*.jpg", "a/b/1.jpg")
    assert matches("geoqa+/?.png", "geoqa+/1.png") and not matches("geoqa+/?.png", "geoqaa/1.png")
