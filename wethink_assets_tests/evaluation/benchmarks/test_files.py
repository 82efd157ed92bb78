"""Benchmark files: what is there, what is missing or wrong, and what to do about it."""

import base64
import hashlib
from pathlib import Path

import pytest

from wethink_assets.errors import ConfigError
from wethink_assets.evaluation.benchmarks.catalog import BENCHMARKS
from wethink_assets.evaluation.benchmarks.files import benchmark_files, wanted_files
from wethink_assets_tests.support.benchmark_files import choice_rows, scoring_settings, write_tsv


def test_a_missing_file_says_how_to_get_it_and_nothing_is_fetched(tmp_path: Path) -> None:
    files = {file.benchmark.key: file for file in benchmark_files(scoring_settings(tmp_path))}
    assert files["MMStar"].state == "missing" and not files["MMStar"].usable
    assert "https://" in files["MMStar"].remedy and str(tmp_path / "LMUData" / "MMStar.tsv") in files["MMStar"].remedy
    assert files["mine"].state == "missing" and "[benchmarks.mine]" in files["mine"].remedy


def test_another_md5_is_told_and_the_file_left_as_it_is(tmp_path: Path) -> None:
    path = write_tsv(tmp_path / "LMUData" / "MMStar.tsv", choice_rows(2))
    before = path.read_bytes()
    (file,) = benchmark_files(scoring_settings(tmp_path), ["MMStar"])
    assert file.state == "other md5" and file.usable and BENCHMARKS["MMStar"].md5 in file.remedy
    assert file.md5 == hashlib.md5(before).hexdigest() and path.read_bytes() == before


def test_a_file_that_is_no_table_is_told_apart_from_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "mine.tsv").write_text("a\tb\n1\t2\n")
    (file,) = benchmark_files(scoring_settings(tmp_path), ["mine"])
    assert file.state == "unreadable" and not file.usable and "'index'" in file.remedy


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown benchmark 'MMStarr'"):
        benchmark_files(scoring_settings(tmp_path), ["MMStarr"])


def test_the_configuration_names_what_is_scored(tmp_path: Path) -> None:
    settings = scoring_settings(tmp_path, benchmarks=("MMStar", "mine"))
    assert [file.benchmark.key for file in wanted_files(settings)] == ["MMStar", "mine"]
    assert [file.benchmark.key for file in wanted_files(settings, ["mine"])] == ["mine"]


def test_forms_of_own_benchmarks_follow_from_their_columns(tmp_path: Path) -> None:
    write_tsv(tmp_path / "mine.tsv", choice_rows(1))
    write_tsv(tmp_path / "other.tsv", [{"index": 1, "question": "?", "answer": "7"}])
    files = benchmark_files(scoring_settings(tmp_path, own=("mine", "other")), ["mine", "other"])
    assert [file.benchmark.form for file in files] == ["choice", "free"]


@pytest.mark.parametrize("answer", ["b", "2", "D", "a blue dot", ""])
def test_a_choice_whose_answer_is_no_letter_is_refused_with_row_and_column(tmp_path: Path, answer: str) -> None:
    rows = choice_rows(4)
    rows[2]["answer"] = answer
    write_tsv(tmp_path / "mine.tsv", rows)
    (file,) = benchmark_files(scoring_settings(tmp_path), ["mine"])
    assert file.state == "malformed" and "row '2', column answer" in file.remedy


NO_PICTURE = base64.b64encode(b"<html>not found</html>".ljust(60)).decode()


@pytest.mark.parametrize(
    ("form", "column", "value", "fault"),
    [
        ("free", "question", "", "row '1', column question: it is empty"),
        ("free", "answer", "", "row '1', column answer: it is empty"),
        ("yes_no", "answer", "yes", "row '1', column answer: 'yes' is neither Yes nor No"),
        ("yes_no", "answer", "1", "row '1', column answer: '1' is neither Yes nor No"),
        ("mathvista", "answer", "", "row '1', column answer: it is empty"),
        ("free", "image", NO_PICTURE, "row '1', column image: its bytes are no picture"),
        ("free", "image", f"['{NO_PICTURE}']", "row '1', column image: its bytes are no picture"),
    ],
)
def test_a_row_that_would_be_asked_in_vain_is_refused(
    tmp_path: Path, form: str, column: str, value: str, fault: str
) -> None:
    rows = [{"index": i, "question": "Is it?", "answer": "Yes", "category": "a"} for i in range(3)]
    settings = scoring_settings(tmp_path)
    settings.benchmarks["mine"] = settings.benchmarks["mine"].model_copy(update={"form": form})
    write_tsv(tmp_path / "mine.tsv", rows)
    (file,) = benchmark_files(settings, ["mine"])
    assert file.usable, file.remedy
    rows[1][column] = value
    write_tsv(tmp_path / "mine.tsv", rows)
    (file,) = benchmark_files(settings, ["mine"])
    assert file.state == "malformed" and not file.usable and file.readable and fault in file.remedy
