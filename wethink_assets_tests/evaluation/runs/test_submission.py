"""Files for hidden test sets: what their servers take, through a real endpoint, and no call twice."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from wethink_assets.cli import app
from wethink_assets.errors import ConfigError, SourceError
from wethink_assets_tests.support.benchmark_files import write_tsv
from wethink_assets_tests.support.scripted_endpoint import scripted_endpoint

REPLIES = {
    "first": "<think>B or A</think><answer>(B)</answer>",
    "second": "<answer>=0.5</answer>",
    "third": "no idea, to be honest, whatever else is asked about this picture or another one",
}
QUESTION = {"first": "What is first?", "second": "What is second?", "third": "What is third?"}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    told: list[str] = []

    def reply(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        text = str(body["messages"])
        told.append(text)
        said = next(said for name, said in REPLIES.items() if QUESTION[name] in text)
        choice = {"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        return 200, {"model": "m", "choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}

    with scripted_endpoint() as served:
        served.reply = reply  # type: ignore[method-assign]
        table = f'[scoring.models.direct]\nprovider = "endpoint"\nurl = "{served.url}"\nmodel = "m"\n'
        (tmp_path / "wethink.toml").write_text(f'[store]\nurl = "{tmp_path}/data"\n[scoring]\nsamples = false\n{table}')
        monkeypatch.setenv("WETHINK_CONFIG", str(tmp_path / "wethink.toml"))
        monkeypatch.chdir(tmp_path)
        yield told


def submit(key: str, *options: str) -> Any:
    command = ["score", "direct", "--benchmark", key, "--submission", "sent", *options]
    return CliRunner().invoke(app, command, catch_exceptions=False)


def questions(**columns: Any) -> list[dict[str, Any]]:
    """Three questions, of which the second has no options."""
    options = [{"A": "red", "B": "blue"}, {}, {"A": "red", "B": "blue"}]
    return [
        {"index": n + 1, "question": QUESTION[name], **option, **{key: value[n] for key, value in columns.items()}}
        for n, (name, option) in enumerate(zip(REPLIES, options, strict=True))
    ]


def test_mmmu_takes_a_letter_or_a_text_by_id(asked: list[str], tmp_path: Path) -> None:
    ids = [f"test_Art_{n}" for n in (1, 2, 3)]
    write_tsv(tmp_path / "LMUData" / "MMMU_TEST.tsv", questions(id=ids, split=["test"] * 3))
    done = submit("MMMU_TEST")
    assert json.loads((tmp_path / "sent" / "direct_MMMU_TEST.json").read_text()) == dict(
        zip(ids, ("B", "=0.5", ""), strict=True)
    )
    assert (
        "3 questions, 1 without an answer, 0 of them since the call failed" in done.output and "eval.ai" in done.output
    )
    assert "another release of the questions" in done.output and len(asked) == 3
    (record,) = json.loads(submit("MMMU_TEST", "--json").stdout)
    assert record["questions"] == 3 and record["empty"] == 1 and len(asked) == 3, "no call is made again"


def test_mmbench_takes_a_sheet_with_its_columns_and_the_predictions(asked: list[str], tmp_path: Path) -> None:
    write_tsv(tmp_path / "LMUData" / "MMBench_TEST_EN_V11.tsv", questions(category=["x", "y", "z"]))
    submit("MMBench_TEST_EN_V11")
    sheet = load_workbook(tmp_path / "sent" / "direct_MMBench_TEST_EN_V11.xlsx").active
    assert sheet is not None
    head, *rows = (list(row) for row in sheet.iter_rows(values_only=True))
    assert head == ["index", "question", "A", "B", "category", "prediction"]
    assert [row[0] for row in rows] == [1, 2, 3] and [row[-1] for row in rows] == ["(B)", "=0.5", REPLIES["third"]]


def test_mathvista_takes_responses_by_pid(asked: list[str], tmp_path: Path) -> None:
    write_tsv(tmp_path / "LMUData" / "MathVista_TEST.tsv", questions())
    submit("MathVista_TEST")
    sent = json.loads((tmp_path / "sent" / "direct_MathVista_TEST.json").read_text())
    assert sent == {"1": "(B)", "2": "=0.5", "3": REPLIES["third"]}


def test_what_cannot_be_sent_is_refused(asked: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"MMStar has no hidden test set .* there are MMMU_TEST, "):
        submit("MMStar")
    with pytest.raises(SourceError, match=r"MMMU_TEST\.tsv is missing: download https://"):
        submit("MMMU_TEST")
    write_tsv(tmp_path / "LMUData" / "MMMU_TEST.tsv", questions())
    with pytest.raises(SourceError, match="has no column 'id', which answers to MMMU"):
        submit("MMMU_TEST")
    write_tsv(tmp_path / "LMUData" / "MMMU_TEST.tsv", questions(id=["a", "b", "a"]))
    with pytest.raises(SourceError, match="column id is empty in a row, or names two of them"):
        submit("MMMU_TEST")
    with pytest.raises(ConfigError, match="--submission needs --benchmark: one of MMMU_TEST"):
        CliRunner().invoke(app, ["score", "direct", "--submission", "sent"], catch_exceptions=False)
    assert not asked
