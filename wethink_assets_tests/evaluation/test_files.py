"""Benchmark files: what is there, what is missing or wrong, how tables and their images are read, and what is signed."""

import base64
import hashlib
from pathlib import Path

import pytest

from wethink_assets.dedup.row_index import RowIndex
from wethink_assets.errors import ConfigError, SourceError
from wethink_assets.evaluation.benchmarks.catalog import BENCHMARKS, OPENCOMPASS, REFERENCES
from wethink_assets.evaluation.benchmarks.files import benchmark_files, wanted_files
from wethink_assets.evaluation.benchmarks.signatures import sign_file
from wethink_assets.evaluation.benchmarks.tsv import images_of, read_tsv
from wethink_assets.storage.store import Store
from wethink_assets_tests.support.benchmark_files import choice_rows, picture, project, write_tsv


def test_the_fourteen_and_their_published_scores() -> None:
    assert len(OPENCOMPASS) == 14 and len({one.md5 for one in OPENCOMPASS}) == 14 and len(BENCHMARKS) == 28
    for reference in REFERENCES:
        assert set(reference.scores) < {one.key for one in OPENCOMPASS} and reference.source


def test_a_missing_file_says_how_to_get_it_and_nothing_is_fetched(tmp_path: Path) -> None:
    files = {file.benchmark.key: file for file in benchmark_files(project(tmp_path))}
    assert files["MMStar"].state == "missing" and not files["MMStar"].usable
    assert "https://" in files["MMStar"].remedy and str(tmp_path / "LMUData" / "MMStar.tsv") in files["MMStar"].remedy
    assert files["mine"].state == "missing" and "[benchmarks.mine]" in files["mine"].remedy


def test_another_md5_is_told_and_the_file_left_as_it_is(tmp_path: Path) -> None:
    path = write_tsv(tmp_path / "LMUData" / "MMStar.tsv", choice_rows(2))
    before = path.read_bytes()
    (file,) = benchmark_files(project(tmp_path), ["MMStar"])
    assert file.state == "other md5" and file.usable and BENCHMARKS["MMStar"].md5 in file.remedy
    assert file.md5 == hashlib.md5(before).hexdigest() and path.read_bytes() == before


def test_a_file_that_is_no_table_is_told_apart_from_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "mine.tsv").write_text("a\tb\n1\t2\n")
    (file,) = benchmark_files(project(tmp_path), ["mine"])
    assert file.state == "unreadable" and not file.usable and "'index'" in file.remedy


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown benchmark 'MMStarr'"):
        benchmark_files(project(tmp_path), ["MMStarr"])


def test_the_configuration_names_what_is_scored(tmp_path: Path) -> None:
    settings = project(tmp_path, benchmarks=("MMStar", "mine"))
    assert [file.benchmark.key for file in wanted_files(settings)] == ["MMStar", "mine"]
    assert [file.benchmark.key for file in wanted_files(settings, ["mine"])] == ["mine"]


def test_forms_of_own_benchmarks_follow_from_their_columns(tmp_path: Path) -> None:
    write_tsv(tmp_path / "mine.tsv", choice_rows(1))
    write_tsv(tmp_path / "other.tsv", [{"index": 1, "question": "?", "answer": "7"}])
    files = benchmark_files(project(tmp_path, own=("mine", "other")), ["mine", "other"])
    assert [file.benchmark.form for file in files] == ["choice", "free"]


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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no column 'index'"),
        ("index\tquestion\n1\ta\n1\tb\n", "there twice"),
        ("index\tquestion\n1\ta\tb\n", "record 2 has 3 fields"),
        ("index\timage\tquestion\n1\t9\ta\n", "takes its image from row '9'"),
        ("index\tindex\tquestion\n1\t1\ta\n", "a column twice"),
    ],
)
def test_damaged_tables_are_refused_with_file_and_row(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "x.tsv").write_text(text)
    with pytest.raises(SourceError, match=r"x\.tsv") as error:
        read_tsv(tmp_path / "x.tsv")
    assert told in str(error.value)


def test_a_file_that_changed_is_not_read_as_what_it_was(tmp_path: Path) -> None:
    path = write_tsv(tmp_path / "x.tsv", choice_rows(3))
    row = read_tsv(path).row(2, named=True)
    path.write_text("index\timage\tquestion\n")
    with pytest.raises(SourceError, match="it changed"):
        images_of(path, row)[0].read()


def test_signatures_go_into_the_index_that_duplicates_are_found_in(store: Store, tmp_path: Path) -> None:
    rows = [
        *choice_rows(3),
        {"index": 9, "question": "broken", "image": base64.b64encode(b"x" * 100).decode(), "answer": "B"},
    ]
    write_tsv(tmp_path / "mine.tsv", rows)
    (file,) = benchmark_files(project(tmp_path), ["mine"])
    signed = sign_file(store, file)
    assert signed.height == 4 and signed["unreadable"].to_list() == [False, False, False, True]
    assert sign_file(store, file).equals(signed) and store.files("benchmarks") == [
        f"benchmarks/mine/{file.md5}/signatures.parquet"
    ]
    with RowIndex(tmp_path) as index:
        index.add(signed.filter(~signed["unreadable"]))
        index.seal()
        assert len(index) == 3
