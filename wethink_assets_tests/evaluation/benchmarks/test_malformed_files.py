"""Files of one's own that would be asked in vain or added up wrong: refused before the first call, with row and column, in every form."""

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from wethink_assets.config.evaluation import BenchmarkSettings
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile, benchmark_files
from wethink_assets_tests.support.benchmark_files import picture, scoring_settings, write_tsv

Rows = Sequence[dict[str, Any]]
PNG = base64.b64decode(picture(1))


def choice(index: str = "1", **fields: Any) -> dict[str, Any]:
    return {"index": index, "question": "What?", "A": "red", "B": "blue", "answer": "A", **fields}


def free(**fields: Any) -> dict[str, Any]:
    return {"index": "1", "question": "What?", "answer": "5", **fields}


def steps(*keys: str, problem: str = "7") -> Rows:
    return [choice(str(number), ID=problem, key=key) for number, key in enumerate(keys)]


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def file_of(folder: Path, form: str, rows: Rows) -> BenchmarkFile:
    write_tsv(folder / "mine.tsv", rows)
    settings = scoring_settings(folder)
    settings = settings.model_copy(update={"benchmarks": {"mine": BenchmarkSettings(path="mine.tsv", form=form)}})
    (file,) = benchmark_files(settings, ["mine"])
    return file


REFUSED: list[tuple[str, Rows, str]] = [
    ("choice", [choice(question="  ")], "row '1', column question: it is empty"),
    ("choice", [choice(), {"index": "2", "question": "?", "answer": "A"}], "row '2', column A: a choice needs two options"),
    ("choice", [choice(B="")], "row '1', column A: a choice needs two options"),
    ("choice", [choice(B="  ")], "row '1', column B: it is blank"),
    ("choice", [choice(B=" red ")], "row '1', column B: it is the right answer too"),
    ("choice", [choice(" 1"), choice("1")], "'1' is empty or there twice"),
    ("choice", [choice("1.0"), choice("1")], "'1' is empty or there twice"),
    ("choice", [choice(image=encoded(PNG[:-20]))], "row '1', column image: its PNG is truncated"),
    ("choice", [choice(image=encoded(PNG[:45] + b"\0\0" + PNG[47:]))], "row '1', column image: its PNG is corrupt"),
    ("choice", [choice(image=f"['{encoded(PNG)}'")], "index '1', column image: .*a list that is not whole"),
    ("choice", [choice(image=f"['{encoded(PNG)}', '']")], "row '1', column image: its bytes are no picture"),
    ("circular", [choice("a1")], "row 'a1', column index: 'a1' is no whole number"),
    ("circular", [choice(g_index="x")], "row '1', column g_index: 'x' is no whole number"),
    ("circular", [choice("1"), choice("1000002")], "row '1000002', column index: the question that it rotates is not there"),
    ("wemath", [choice(ID=" ", key="2steps_1")], "row '1', column ID: it is empty"),
    ("wemath", steps("one"), "row '0', column key: 'one' is no step"),
    ("wemath", steps("5steps_1", "5steps_multi"), "row '0', column key: '5steps_1' is no step"),
    ("wemath", steps("2steps_1", "2steps_2"), "row '0', column key: problem 7 has no row 2steps_multi"),
    ("wemath", steps("2steps_1", "2steps_1", "2steps_multi"), "problem 7 has no row 2steps_2"),
    ("wemath", steps("2steps_1", "2steps_2", "2steps_multi", "2steps_multi"), "problem 7 has 2steps_multi twice"),
    ("yes_no", [free(index="VD_chart_1_0_0_1", answer="Yes"), free(index="2", answer="No")], "row '2', column index: it names no set"),
    ("mmmu", [choice(split="Validation")], "row '1', column split: 'Validation' is none of dev"),
    ("mmmu", [choice(split="dev")], "has no row whose split is validation"),
    ("mmmu", [choice(question="See <image 3>.")], "row '1', column question: it names <image 3>, and the row has 1"),
    ("mmmu", [free(answer="B", A="")], "row '1', column answer: 'B' is a letter, and the row has no options"),
    ("mathvista", [free(question_type="other")], "row '1', column question_type: 'other' is neither"),
    ("mathvista", [free(answer="five", question_type="free_form", answer_type="integer")], "column answer: 'five' is no number"),
    ("mathvista", [free(question_type="multi_choice", choices="['a', 'b']", answer_option="C")], "column answer_option: 'C' is no letter"),
    ("mathvista", [free(question_type="multi_choice", choices="['a',", answer_option="A")], "column choices: .* is no list"),
    ("mathvision", [free(answer="a", choices="['a', 'b']")], "column answer: 'a' is no letter of its options"),
    ("dynamath", [free(qid="")], "column qid: it is empty"),
    ("dynamath", [free(qid="1", answer="five", answer_type="float")], "column answer: 'five' is no number"),
    ("dynamath", [free(qid="1", answer="red", answer_type="multiple choice")], "column answer: 'red' is no letter"),
    ("ocr", [free(answer="['foo'", category="Doc-oriented VQA")], "column answer: .* is a list that cannot be read"),
    ("ocr", [free(answer="[]", category="Doc-oriented VQA")], "column answer: it holds no text"),
    ("logicvista", [free(answer="red")], "column answer: 'red' names no letters"),
    ("logicvista", [free(answer="A, A")], "column answer: 'A, A' names no letters"),
    ("free", [free(tolerance="abc")], "column tolerance: 'abc' is no number from 0 to below 1"),
    ("free", [free(edit_distance="nan")], "column edit_distance: 'nan' is no number"),
    ("mathverse", [free(answer=" ")], "row '1', column answer: it is empty"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "rows", "fault"), REFUSED)
def test_a_row_that_would_be_asked_in_vain_is_refused(tmp_path: Path, form: str, rows: Rows, fault: str) -> None:
    file = file_of(tmp_path, form, rows)
    assert file.faulty and not file.usable
    assert re.search(fault, file.remedy), file.remedy
    assert file.remedy.startswith(str(tmp_path / "mine.tsv"))


ACCEPTED: list[tuple[str, Rows]] = [
    ("choice", [{"index": "1", "question": "?", "A": "x", "C": "y", "answer": "C"}]),
    ("choice", [choice(A="1", B="2", C="2")]),
    ("choice", [choice("1"), choice("2", image="1")]),
    ("choice", [choice(image=f"data:image/png;base64,{encoded(PNG)}")]),
    ("circular", [choice("1", g_index="1.0"), choice("1000001", g_index="1.0", answer="B")]),
    ("wemath", [*steps("2steps_1", "2steps_2", "2steps_multi")]),
    ("mmmu", [free(answer="12", A="", split="validation"), choice("2", split="dev", question="<image 1> What?")]),
    ("mathvista", [free(question_type="free_form", answer_type="list", answer="[1, 2]")]),
    ("dynamath", [free(qid="1", answer="3.14", answer_type="float")]),
    ("ocr", [free(answer="foo", category="a group of one's own")]),
    ("logicvista", [free(answer="a, C")]),
    ("free", [free(answer="0", tolerance="0.05")]),
]


@pytest.mark.parametrize(("form", "rows"), ACCEPTED)
def test_sound_rows_are_taken(tmp_path: Path, form: str, rows: Rows) -> None:
    file = file_of(tmp_path, form, rows)
    assert file.usable and not file.remedy


def test_another_release_that_cannot_be_added_up_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    write_tsv(tmp_path / "LMUData" / "MMBench_DEV_EN_V11.tsv", [choice("a1")])
    (file,) = benchmark_files(scoring_settings(tmp_path), ["MMBench_DEV_EN_V11"])
    assert file.state == "malformed" and "its rows cannot be added up as the benchmark's are" in file.remedy
