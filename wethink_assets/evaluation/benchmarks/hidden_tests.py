"""Hidden test sets: questions whose answers only their evaluation server has, and the form in which each server takes a model's answers.

Of the fourteen benchmarks three have such a set:

- MMMU (test, 10,500 questions): one JSON object of answers by id, for a question with options strictly its letter, else any text
  (github.com/MMMU-Benchmark/MMMU, `mmmu/README.md`, "Evaluation Only", commit aa9b70d); server: EvalAI challenge 2179.
- MMBench (test): a sheet with the file's columns but for pictures, and `prediction`, as VLMEvalKit writes it; server:
  mmbench.opencompass.org.cn/mmbench-submission (VLMEvalKit, `run.py` and `dataset/image_mcq.py`, ms-vlmeval 0.0.20).
- MathVista (test, 5,141 questions): one JSON object of responses by pid (github.com/lupantech/MathVista, commit fdc7d5e,
  `results/leaderboad_submission_template/output_test_template_for_leaderboard_submission_response_only.json`); it is sent to the authors.

The other eleven are scored on answers that are public.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wethink_assets.config import Settings
from wethink_assets.errors import ConfigError, SourceError
from wethink_assets.evaluation.benchmarks.catalog import ADDRESS, Benchmark
from wethink_assets.evaluation.benchmarks.files import BenchmarkFile, how_to_get, path_of, rows_of
from wethink_assets.evaluation.benchmarks.tsv import RESERVED, md5_of
from wethink_assets.evaluation.grading.rules import option_of
from wethink_assets.kinds import LETTERS

Answers = Mapping[str, str]
"""Answers by a row's index, without their thought; empty where there is none."""
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class HiddenTest:
    """A hidden test set.

    written: the bytes of the file that its server takes, of rows and answers; suffix: of that file's name; server: where it is to be sent; id:
    column that names a question there.
    """

    benchmark: Benchmark
    id: str
    suffix: str
    server: str
    written: Callable[["HiddenTest", Rows, Answers], bytes]

    def file_of(self, settings: Settings) -> BenchmarkFile:
        """The file of its questions. Raises `SourceError` where it is missing, or is no such file."""
        path = path_of(settings, self.benchmark.key)
        if not path.is_file():
            raise SourceError(f"{path} is missing: {how_to_get(self.benchmark, path)}")
        rows = rows_of(path)
        for column in dict.fromkeys((self.id, "question")):
            if column not in rows.columns:
                raise SourceError(
                    f"{path} has no column {column!r}, which answers to {self.benchmark.title} are sent by"
                )
            if rows[column].is_null().any() or (column == self.id and rows[column].is_duplicated().any()):
                raise SourceError(f"{path}: column {column} is empty in a row, or names two of them")
        md5 = md5_of(path)
        state = "other md5" if self.benchmark.md5 and md5 != self.benchmark.md5 else "present"
        return BenchmarkFile(self.benchmark, path, state, md5, rows.height)  # type: ignore[arg-type]


def letter_of(row: Mapping[str, Any], answer: str) -> str:
    """Letter of the option that an answer chooses, by the rule that scores go by; the answer itself of a question without options.

    >>> letter_of({"A": "red", "B": "blue"}, "It is (B)."), letter_of({"A": "red", "B": "blue"}, "green"), letter_of({"A": None}, "30")
    ('B', '', '30')
    """
    options = {letter: str(row[letter]) for letter in LETTERS if row.get(letter) is not None}
    if not options or not answer:
        return answer
    letter = option_of(answer, options)
    return letter if letter in options else ""


def _letters_by_id(test: HiddenTest, rows: Rows, answers: Answers) -> bytes:
    return _json({str(row[test.id]): letter_of(row, answers[row["index"]]) for row in rows})


def _texts_by_id(test: HiddenTest, rows: Rows, answers: Answers) -> bytes:
    return _json({str(row[test.id]): answers[row["index"]] for row in rows})


def _json(by_id: Mapping[str, str]) -> bytes:
    return json.dumps(by_id, indent=1, ensure_ascii=False).encode("utf-8")


def _sheet(test: HiddenTest, rows: Rows, answers: Answers) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    names = [name for name in rows[0] if name not in (*RESERVED, "image_path")]
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    sheet.append([*names, "prediction"])
    for row in rows:
        cells = []
        for value in (*(row[name] for name in names), answers[row["index"]]):
            cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value or ""))
            cell.data_type = "s"  # what begins with = is a text, no formula
            cells.append(cell)
        cells[names.index("index")] = WriteOnlyCell(sheet, int(row["index"]))
        sheet.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _benchmark(key: str, title: str, form: str, md5: str, folder: str) -> Benchmark:
    address = f"{ADDRESS}{folder}/{key}.tsv" if folder else ""
    return Benchmark(key, title, form, "own", "answers are hidden", address, md5)


MMBENCH = "https://mmbench.opencompass.org.cn/mmbench-submission"
HIDDEN_TESTS: Mapping[str, HiddenTest] = {
    test.benchmark.key: test
    for test in (
        HiddenTest(
            _benchmark("MMMU_TEST", "MMMU (test)", "mmmu", "c19875d11a2d348d07e5eb4bdf33166d", "VLMEval"),
            "id", "json", "https://eval.ai/web/challenges/challenge-page/2179", _letters_by_id,
        ),
        HiddenTest(
            _benchmark("MMBench_TEST_EN_V11", "MMBench v1.1 (test, English)", "choice", "26f0f15381a21720255091d3e0316ce6", "benchmarks/MMBench"),
            "index", "xlsx", MMBENCH, _sheet,
        ),
        HiddenTest(_benchmark("MathVista_TEST", "MathVista (test)", "mathvista", "", ""), "index", "json",
                   "the authors, see github.com/lupantech/MathVista", _texts_by_id),
    )
}  # fmt: skip


def hidden_test(key: str) -> HiddenTest:
    """The hidden test set of a key. Raises `ConfigError`, with those that there are, for any other."""
    if key not in HIDDEN_TESTS:
        raise ConfigError(
            f"{key} has no hidden test set that answers can be sent in for; there are {', '.join(HIDDEN_TESTS)}; the answers of others are public"
        )
    return HIDDEN_TESTS[key]
