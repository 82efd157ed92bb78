"""Tables of benchmarks and their images, as they are and damaged."""

import base64
import hashlib
from pathlib import Path

import pytest

from wethink_assets.errors import SourceError
from wethink_assets.evaluation.benchmarks.tsv import images_of, read_tsv
from wethink_assets_tests.support.benchmark_files import choice_rows, picture, write_tsv


def test_images_are_read_from_their_row(tmp_path: Path) -> None:
    two = str([picture(1), picture(2)])
    rows = [
        {"index": "a", "question": 'line\nbreak, "quotes"\tand tab', "image": picture(7), "answer": "é"},
        {"index": "b", "question": "same picture", "image": "a", "answer": "1"},
        {"index": "c", "question": "two pictures", "image": two, "answer": "2"},
        {"index": "d", "question": "no picture", "image": "", "answer": "3"},
    ]
    path = write_tsv(tmp_path / "x.tsv", rows)
    frame = read_tsv(path)
    assert frame["index"].to_list() == ["a", "b", "c"]  # VLMEvalKit leaves out rows without an image, too
    assert frame["question"][0] == 'line\nbreak, "quotes"\tand tab' and frame["answer"][0] == "é"
    a, b, c = (images_of(path, row) for row in frame.iter_rows(named=True))
    assert a == b and a[0].read() == base64.b64decode(picture(7)) and a[0].media_type == "image/png"
    assert [image.read() for image in c] == [base64.b64decode(picture(1)), base64.b64decode(picture(2))]
    assert a[0].sha256 == hashlib.sha256(a[0].read()).hexdigest()


def test_images_beside_the_table_are_found_by_path(tmp_path: Path) -> None:
    (tmp_path / "images" / "x").mkdir(parents=True)
    (tmp_path / "images" / "x" / "1.png").write_bytes(base64.b64decode(picture(3)))
    path = tmp_path / "x.tsv"
    path.write_text("index\timage_path\tquestion\tanswer\n1\t1.png\t?\tyes\n2\tgone.png\t?\tno\n")
    rows = list(read_tsv(path).iter_rows(named=True))
    assert images_of(path, rows[0])[0].read() == base64.b64decode(picture(3))
    with pytest.raises(SourceError, match=r"gone\.png of row '2'"):
        images_of(path, rows[1])


NO_PICTURE = base64.b64encode(b"<html>not found</html>".ljust(60)).decode()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no column 'index'"),
        ("index\tquestion\n1\ta\n1\tb\n", "there twice"),
        ("index\tquestion\n1\ta\tb\n", "record 2 has 3 fields"),
        ("index\timage\tquestion\n1\t9\ta\n", "takes its image from row '9'"),
        ("index\tindex\tquestion\n1\t1\ta\n", "a column twice"),
        ("index\timage\tquestion\n", "no row"),
        ("index\timage\tquestion\n1\t\ta\n", "no row with an image"),
        (f"index\timage\tquestion\n7\t{'A' * 99}\ta\n", "record 2, index '7', column image: it is neither base64"),
        (f"index\timage\tquestion\n7\t['{NO_PICTURE}' x]\ta\n", "index '7', column image: it is neither base64"),
    ],
)
def test_damaged_tables_are_refused_with_file_and_row(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "x.tsv").write_text(text)
    with pytest.raises(SourceError, match=r"x\.tsv") as error:
        read_tsv(tmp_path / "x.tsv")
    assert fault in str(error.value)


def test_a_byte_that_is_no_text_is_told_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_bytes(b"index\tquestion\n1\t" + "où".encode("latin-1") + b"\n")
    with pytest.raises(SourceError, match=r"x\.tsv: byte 18 is no text in UTF-8"):
        read_tsv(tmp_path / "x.tsv")


def test_a_file_that_changed_is_not_read_as_what_it_was(tmp_path: Path) -> None:
    path = write_tsv(tmp_path / "x.tsv", choice_rows(3))
    row = read_tsv(path).row(2, named=True)
    path.write_text("index\timage\tquestion\n")
    with pytest.raises(SourceError, match="it changed"):
        images_of(path, row)[0].read()
